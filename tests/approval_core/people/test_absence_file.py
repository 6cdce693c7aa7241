"""Absences from a file of the personnel or travel system, and the list of who is away."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from approval_core.errors import Invalid
from approval_core.people import queries, service
from approval_core.people.absences import AbsenceReport, import_absences
from approval_core.people.models import absences
from approval_core.people.rules.absence_rows import read
from tests.approval_core.people.conftest import CLERK, NOW, Office


def take(office: Office, *lines: str, heading: str = "account,kind,from,to", encoding: str = "utf-8") -> Any:
    data = "\n".join([heading, *lines]).encode(encoding)
    return office.store.write(import_absences, data, actor=CLERK, now=NOW)


def faults(report: AbsenceReport) -> list[tuple[int, str, str]]:
    return [(bad.line, bad.column, bad.code) for bad in report.bad]


def stored(office: Office) -> int:
    return int(office.ask(lambda tx: tx.execute(select(func.count()).select_from(absences)).scalar_one()))


def test_a_day_without_a_time_is_away_to_its_end_by_the_offices_clock(office: Office) -> None:
    one = office.hire("one")
    assert take(office, "one,leave,2026-05-07,2026-05-08").created == 1
    [away] = office.ask(queries.absences_of, one, now=NOW)
    assert away["valid_from"] == datetime(2026, 5, 6, 16, 0, tzinfo=UTC)
    assert away["valid_to"] == datetime(2026, 5, 8, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_chinese_sheet_in_any_encoding_is_read(office: Office, encoding: str) -> None:
    one = office.hire("one")
    report = take(
        office,
        "2026年5月7日 14:00,one,出差,2026/5/8 9:30,随意",
        heading="开始,账号,类别,结束,备注",
        encoding=encoding,
    )
    assert (report.created, report.bad) == (1, [])
    [away] = office.ask(queries.absences_of, one, now=NOW)
    assert (away["kind"], away["valid_to"]) == ("travel", datetime(2026, 5, 8, 1, 30, tzinfo=UTC))


def test_bad_lines_are_named_and_the_good_ones_land(office: Office) -> None:
    for account in ("one", "two", "gone"):
        office.hire(account)
    office.do(service.leave, office.people["gone"])
    report = take(
        office,
        "one,leave,2026-05-07,2026-05-08",
        "nobody,leave,2026-05-07,2026-05-08",
        "two,holiday,2026-02-30,2026-05-08",
        "two,sick,2026-05-09,2026-05-08",
        "gone,leave,2026-05-07,2026-05-08",
        "one,travel,2026-05-08,2026-05-09",
        "two,leave,2026-05-07 24:00,2026-05-09",
        "two,leave,2026-05-07,2026-05-09,extra",
        ",leave,2026-05-07,2026-05-09",
        "two,leave,2026-05-10",
        '"two,leave,2026-05-20',
    )
    assert faults(report) == [
        (3, "account", "no_person"),
        (4, "kind", "bad_absence"),
        (4, "from", "bad_date"),
        (5, "to", "bad_period"),
        (6, "account", "has_left"),
        (7, "from", "overlap"),
        (8, "from", "bad_date"),
        (9, "", "too_many_cells"),
        (10, "account", "empty"),
        (11, "to", "empty"),
        (12, "", "bad_csv"),
    ]
    assert all(bad.zh and bad.en for bad in report.bad)
    assert (report.created, stored(office)) == (1, 1)


def test_the_same_file_again_changes_nothing(office: Office) -> None:
    office.hire("one")
    lines = ("one,leave,2026-05-07,2026-05-08", "one,leave,2026-05-07,2026-05-08")
    assert (take(office, *lines).created, stored(office)) == (1, 1)
    again = take(office, *lines)
    assert (again.created, again.unchanged, again.bad, stored(office)) == (0, 2, [], 1)


def test_a_file_without_its_columns_stores_nothing(office: Office) -> None:
    office.hire("one")
    for heading in ("account,kind,from", "account,kind,from,to,to", "", "\ufeff"):
        with pytest.raises(Invalid) as refused:
            take(office, "one,leave,2026-05-07,2026-05-08", heading=heading)
        assert refused.value.code == "bad_heading"
    with pytest.raises(Invalid) as refused:
        read(b"\xff\xff\xff")
    assert refused.value.code == "bad_encoding"
    assert stored(office) == 0


def test_f37_the_import_says_which_approver_is_away_without_a_proxy_and_whom_to_name(office: Office) -> None:
    for account, rank in (("head", "R3"), ("deputy", "R4"), ("covered", "R5"), ("staff", "R7")):
        office.hire(account, rank=rank)
    office.seat("head", office.post("D-H", is_head=True))
    office.seat("deputy", office.post("D-D", is_deputy=True))
    start, end = queries.office_day(date(2026, 5, 7))
    office.do(
        service.delegate, office.people["covered"], office.people["staff"], valid_from=start, valid_to=end
    )
    lines = [f"{account},leave,2026-05-07,2026-05-07" for account in ("head", "covered", "staff")]
    report = take(office, *lines)
    assert report.created == 3
    [open_end] = report.unproxied
    assert (open_end.account, open_end.proposal.account) == ("head", "deputy")
    office.do(service.activate_proxy, open_end.absence_id)
    listed = office.ask(queries.absences_in, start, end)
    assert [(one["account"], one["proxies"]) for one in listed] == [
        ("covered", ["staff"]),
        ("head", ["deputy"]),
        ("staff", []),
    ]
    assert office.ask(queries.absences_in, end) == []
