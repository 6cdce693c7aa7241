from __future__ import annotations

import csv
import io
from datetime import datetime

import pytest
from sqlalchemy import func, select

from approval_core.errors import Invalid
from approval_core.people import queries, service
from approval_core.people.models import assignments, persons, phones
from approval_core.people.roster import ImportReport, import_roster
from approval_core.people.rules.roster_rows import COLUMNS, Normalise, read
from tests.approval_core.people.conftest import CLERK, DAY, NOW, Office

GOOD = {
    "account": "wangwei",
    "emp_no": "99000001",
    "name": "王伟",
    "unit_code": "D",
    "post": "副处长",
    "rank": "R4",
    "established": "是",
    "phone": "+8612900000001",
    "email": "wangwei@haiyu.test",
    "birthday": "1980-02-29",
    "entered_on": "2004年2月29日",
}


def sheet(*rows: dict[str, str], columns: list[str] | None = None) -> bytes:
    paper = io.StringIO()
    writer = csv.DictWriter(paper, columns or list(COLUMNS), extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return paper.getvalue().encode()


def take(
    office: Office, data: bytes, *, now: datetime = NOW, normalise: Normalise | None = None
) -> ImportReport:
    return office.store.write(import_roster, data, normalise=normalise, actor=CLERK, now=now)


def counted(report: ImportReport) -> tuple[int, int, int]:
    return report.created, report.changed, report.unchanged


def faults(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(bad.line, bad.column, bad.code) for bad in report.bad]


def other(**cells: str) -> dict[str, str]:
    return GOOD | {"account": "lina", "emp_no": "99000002", "name": "李娜", "phone": "+8612900000002"} | cells


def test_a_good_row_becomes_a_person_with_a_post_and_a_number(office: Office) -> None:
    assert counted(take(office, sheet(GOOD))) == (1, 0, 0)
    told = office.ask(queries.profile, "wangwei", NOW)
    assert told["posts"] == [{"unit": "D", "unit_code": "D", "title": "副处长", "kind": "main", "rank": "R4"}]
    assert (told["phone"], told["name"], told["emp_no"]) == ("+8612900000001", "王伟", "99000001")
    born = office.ask(lambda tx: tx.execute(select(persons.c.birthday)).scalar())
    assert born.isoformat() == "1980-02-29"


def test_the_same_file_again_changes_nothing(office: Office) -> None:
    data = sheet(GOOD, other(), other(account="bad", rank="R9"))
    first = take(office, data)
    tables = (persons, assignments, phones)
    before = [office.ask(lambda tx, one=one: tx.execute(select(one)).all()) for one in tables]
    again = take(office, data, now=NOW + DAY)
    assert (counted(first), counted(again)) == ((2, 0, 0), (0, 0, 2))
    assert again.bad == first.bad
    assert [office.ask(lambda tx, one=one: tx.execute(select(one)).all()) for one in tables] == before


def test_older_spreadsheets_and_chinese_headings_are_read(office: Office) -> None:
    text = "账号,工号,姓名,单位代码,职级,备注\r\nwangwei,1,王𠮷,D,r5,新来的\r\n\r\nlina,2,吴堃,D,R7,\r\n"
    assert counted(take(office, text.encode("gb18030"))) == (2, 0, 0)
    assert counted(take(office, text.encode("utf-8-sig"))) == (0, 0, 2)
    assert counted(take(office, text.encode())) == (0, 0, 2)
    assert office.ask(queries.person_by_account, "wangwei", now=NOW).posts == ["D科员"]


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"account": "Li Na"}, "account", "bad_account"),
        ({"account": ""}, "account", "empty"),
        ({"name": "李\u202e娜"}, "name", "control"),
        ({"name": "李\x07娜"}, "name", "control"),
        ({"name": '=HYPERLINK("x")'}, "name", "formula"),
        ({"post": "@SUM(A1)"}, "post", "formula"),
        ({"rank": "R9"}, "rank", "bad_rank"),
        ({"unit_code": ""}, "unit_code", "empty"),
        ({"phone": "12900000002"}, "phone", "bad_number"),
        ({"phone": "+8612900000001"}, "phone", "twice"),
        ({"emp_no": "99000001"}, "emp_no", "twice"),
        ({"account": "wangwei"}, "account", "twice"),
        ({"email": "lina"}, "email", "bad_email"),
        ({"birthday": "1981年2月30日"}, "birthday", "bad_date"),
        ({"entered_on": "2月30日"}, "entered_on", "bad_date"),
        ({"entered_on": "1970-01-01"}, "entered_on", "before_birth"),
        ({"established": "也许"}, "established", "bad_flag"),
    ],
)
def test_a_bad_row_is_named_by_line_and_column_in_two_languages(
    cells: dict[str, str], column: str, code: str
) -> None:
    third = other(account="third", emp_no="99000003", phone="")
    good, bad = read(sheet(GOOD, other(**cells), third))
    assert [(one.line, one.column, one.code) for one in bad] == [(3, column, code)]
    assert [row.line for row in good] == [2, 4]
    assert not bad[0].zh.isascii()
    assert bad[0].en.isascii()


def test_the_neighbours_of_bad_rows_land_and_nothing_of_the_bad_ones_does(office: Office) -> None:
    rows = [other(unit_code="NOWHERE"), GOOD, other(email="x"), other(account="third", emp_no="3", phone="")]
    report = take(office, sheet(*rows))
    assert faults(report) == [(2, "unit_code", "no_unit"), (4, "email", "bad_email")]
    assert counted(report) == (2, 0, 0)
    assert office.ask(queries.person_by_account, "lina") is None
    assert office.ask(queries.person_by_phone, "+8612900000002", now=NOW) is None


def test_every_fault_of_a_row_is_named_at_once(office: Office) -> None:
    report = take(office, sheet(other(rank="R0", phone="1", email="x")))
    assert faults(report) == [(2, "rank", "bad_rank"), (2, "phone", "bad_number"), (2, "email", "bad_email")]


def test_a_cell_with_a_line_break_does_not_shift_the_lines_that_follow(office: Office) -> None:
    report = take(office, sheet(other(name="李\n娜"), GOOD | {"rank": "R9"}))
    assert faults(report) == [(2, "name", "control"), (4, "rank", "bad_rank")]


def test_numbers_and_posts_held_by_others_are_refused_and_named_by_account(office: Office) -> None:
    office.do(service.bind_phone, office.hire("holder"), number="+8612900000002")
    office.seat("holder", office.post("D-H", name="处长", is_head=True))
    report = take(office, sheet(GOOD, other(post="处长", emp_no="HOLDER")))
    assert faults(report) == [
        (3, "emp_no", "emp_no_taken"),
        (3, "phone", "number_taken"),
        (3, "post", "head_taken"),
    ]
    assert "holder" in report.bad[1].zh
    assert "129" not in report.bad[1].zh + report.bad[1].en


def test_two_rows_for_one_headship_leave_it_with_the_first(office: Office) -> None:
    office.post("D-H", name="处长", is_head=True)
    report = take(office, sheet(GOOD | {"post": "处长"}, other(post="处长")))
    assert faults(report) == [(3, "post", "head_taken")]


def test_a_person_who_has_left_does_not_come_back_by_a_file(office: Office) -> None:
    office.do(service.leave, office.hire("wangwei", emp_no="99000001"))
    assert faults(take(office, sheet(GOOD))) == [(2, "account", "has_left")]


def test_a_changed_row_moves_the_person_and_lets_the_new_number_rest(office: Office) -> None:
    take(office, sheet(GOOD))
    office.unit("E", kind="internal", parent="B")
    news = GOOD | {"unit_code": "E", "post": "处长", "rank": "R3", "phone": "+8612900000009"}
    assert counted(take(office, sheet(news), now=NOW + DAY)) == (0, 1, 0)
    later = NOW + 2 * DAY
    told = office.ask(queries.profile, "wangwei", later)
    assert [(post["unit_code"], post["title"]) for post in told["posts"]] == [("E", "处长")]
    assert (told["rank"], told["phone"], told["phone_state"]) == ("R3", None, "suspended")
    assert office.ask(queries.profile, "wangwei", NOW + 4 * DAY)["phone"] == "+8612900000009"
    assert office.ask(queries.person_by_phone, "+8612900000001", now=later) is None


def test_an_empty_cell_leaves_what_is_there(office: Office) -> None:
    take(office, sheet(GOOD))
    bare = {key: GOOD[key] for key in ("account", "emp_no", "name", "unit_code", "rank")}
    assert counted(take(office, sheet(bare))) == (0, 0, 1)
    assert counted(take(office, sheet(bare, columns=list(bare)))) == (0, 0, 1)


def test_a_number_and_an_employee_number_given_up_in_the_file_can_be_taken_in_it(office: Office) -> None:
    take(office, sheet(GOOD))
    heir = other(phone=GOOD["phone"], emp_no=GOOD["emp_no"])
    data = sheet(heir, GOOD | {"phone": "+8612900000009", "emp_no": "99000009"})
    assert counted(take(office, data)) == (1, 1, 0)
    assert office.ask(queries.person_by_account, "lina").phone == GOOD["phone"]
    assert counted(take(office, data)) == (0, 0, 2)


def test_other_writings_of_a_number_are_read_by_the_rule_the_caller_brings(office: Office) -> None:
    report = take(
        office,
        sheet(GOOD | {"phone": "129 0000 0001"}, other(phone="0")),
        normalise=lambda text: "+86" + text.replace(" ", "") if len(text) > 1 else None,
    )
    assert faults(report) == [(3, "phone", "bad_number")]
    assert office.ask(queries.person_by_account, "wangwei").phone == "+8612900000001"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfea\x00", "bad_encoding"),
        (b"", "bad_heading"),
        (b"account,name\nx,y\n", "bad_heading"),
        (b"account,account,emp_no,name,unit_code,rank\n", "bad_heading"),
        (b"a" * 20_000_001, "file_too_large"),
    ],
)
def test_a_file_that_is_no_roster_is_refused_whole(office: Office, data: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        take(office, data)
    assert refusal.value.code == code
    assert refusal.value.data["zh"]


def test_a_broken_quote_ends_the_reading_and_is_named(office: Office) -> None:
    data = sheet(GOOD) + b'lina,2,"' + "李娜".encode() + b"\n"
    report = take(office, data)
    assert (counted(report), faults(report)) == ((1, 0, 0), [(3, "", "bad_csv")])
    wide = sheet(GOOD | {"account": "wide", "emp_no": "9", "phone": ""}).rstrip() + b",x,y\r\n"
    assert faults(take(office, wide)) == [(2, "", "too_many_cells")]


def test_three_thousand_rows_land_in_one_piece_of_work(office: Office) -> None:
    rows = [
        GOOD
        | {
            "account": f"p{place:04d}",
            "emp_no": str(place),
            "phone": f"+8612900{place:06d}",
            "post": f"岗位{place % 7}",
        }
        for place in range(3000)
    ]
    assert counted(take(office, sheet(*rows))) == (3000, 0, 0)
    for row in rows[:100]:
        row["rank"] = "R5"
    assert counted(take(office, sheet(*rows))) == (0, 100, 2900)
    ranks = office.ask(lambda tx: tx.execute(select(func.count()).where(persons.c.rank == "R5")).scalar())
    assert ranks == 100
