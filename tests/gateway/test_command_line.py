"""The `pishi` command as an operator types it."""

from __future__ import annotations

import io
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from approval_core.approvals.models import Decision
from approval_core.clients.queries import authenticate
from approval_core.clock import utc_now
from approval_core.columns import table_of
from approval_core.errors import Forbidden
from approval_core.store import Store
from gateway.cli import run
from gateway.intake.models import OutboundCallback
from sms_modem import sending
from sms_modem.models import outbound_sms
from sms_modem.sending import Wording
from sms_modem.settings import SmsSettings
from tests.factories import BY_APP, ask, hire, insert_person, step


@pytest.fixture(autouse=True)
def no_settings_of_this_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PISHI_DATABASE", "PISHI_CONFIG", "PISHI_SECRET"):
        monkeypatch.delenv(name, raising=False)


class Desk:
    """Types a command on one database and reads what it says."""

    def __init__(self, database: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.database, self._capsys = database, capsys

    def types(self, *words: str, code: int = 0) -> str:
        self._capsys.readouterr()
        found = run([*words, "--database", self.database])
        said = self._capsys.readouterr()
        self.error = said.err
        assert found == code, (words, found, said)
        return said.out

    def reads(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.types(*words, "--json", code=code))


@pytest.fixture
def desk(database_url: str, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(database_url, capsys)


def test_a_new_clients_key_is_all_that_is_printed(desk: Desk, store: Store) -> None:
    key = desk.types("clients", "add", "erp", "--scope", "approvals", "--callback", "http://10.0.0.5/hook")
    assert key.count("\n") == 1
    assert store.read(authenticate, key.strip(), now=utc_now()).name == "erp"
    [found] = desk.reads("clients", "list")
    assert (found["name"], found["scopes"], found["callback_prefixes"]) == (
        "erp",
        ["approvals"],
        ["http://10.0.0.5/hook"],
    )


def test_a_rotated_key_and_a_revoked_one(desk: Desk, store: Store) -> None:
    old = desk.types("clients", "add", "erp", "--scope", "approvals").strip()
    new = desk.types("clients", "rotate", "erp", "--overlap", "24h").strip()
    assert {store.read(authenticate, key, now=utc_now()).name for key in (old, new)} == {"erp"}
    with pytest.raises(Forbidden):
        store.read(authenticate, old, now=utc_now() + timedelta(hours=25))
    desk.types("clients", "revoke", "erp")
    with pytest.raises(Forbidden):
        store.read(authenticate, new, now=utc_now())


def test_a_signing_secret_is_shown_and_rotated(desk: Desk) -> None:
    desk.types("clients", "add", "erp", "--scope", "approvals")
    first = desk.types("clients", "secret", "erp").strip()
    second = desk.types("clients", "rotate-secret", "erp", "--overlap", "1h").strip()
    assert first.startswith("whsec_")
    assert desk.types("clients", "secret", "erp").strip() == second != first


def test_people_are_shown_bound_and_listed(desk: Desk, store: Store) -> None:
    store.write(insert_person, "hy00001", name="王伟")
    assert desk.reads("people", "show", "hy00001")["phone"] is None
    desk.types("people", "bind-phone", "hy00001", "129 0000 0001")
    desk.types("people", "bind-phone", "hy00001", "+8612900000002")
    shown = desk.reads("people", "show", "hy00001")
    assert (shown["account"], shown["name"], shown["posts"], shown["phone"]) == (
        "hy00001",
        "王伟",
        [],
        "+8612900000002",
    )
    assert [one["account"] for one in desk.reads("people", "list")] == ["hy00001"]


def test_a_roster_with_bad_rows_lands_the_good_ones_and_names_the_rest(
    desk: Desk, store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "roster.csv"
    file.write_text("account,emp_no,name,unit_code,rank\nzz1,1,甲,none,R9\n", encoding="utf-8")
    report = desk.reads("people", "import", str(file), code=1)
    assert report["created"] == 0
    assert report["bad"][0]["line"] == 2


def test_errors_are_one_line_and_tell_usage_from_the_rest(desk: Desk) -> None:
    desk.types("people", "show", "nobody", code=1)
    assert desk.error == "pishi: There is no account nobody.\n"
    desk.types("clients", "rotate", "erp", "--overlap", "soon", code=2)
    assert desk.error.count("\n") == 1
    desk.types("clients", "add", "erp", "--scope", "everything", code=1)
    desk.types("clients", "shout", code=2)


def test_an_unmigrated_database_is_said_so(
    empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(empty_database_url, capsys)
    desk.types("clients", "list", code=2)
    assert "pishi migrate" in desk.error
    desk.types("migrate")
    desk.types("migrate")
    assert "up to date" in desk.error
    assert desk.reads("clients", "list") == []


def test_a_database_that_cannot_be_opened_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    desk = Desk("sqlite:////proc/nowhere/x.db", capsys)
    desk.types("status", code=2)
    assert desk.error.startswith("pishi: PISHI_DATABASE: ")
    assert desk.error.count("\n") == 1


def test_an_approval_is_shown_with_its_trail(desk: Desk, store: Store) -> None:
    hire(store, "hy1")
    submitted = ask(store, step("hy1"), ref="京税/1")
    for name in ("京税/1", str(submitted.request_id)):
        shown = desk.reads("approvals", "show", name)
        assert (shown["source"], shown["ref"], shown["trail"][0]["verb"]) == ("ctais", "京税/1", "submitted")
    assert [one["ref"] for one in desk.reads("approvals", "list", "--state", "pending")] == ["京税/1"]
    desk.types("approvals", "show", "none", code=1)


def test_a_changed_decision_is_found_and_named(desk: Desk, store: Store) -> None:
    from approval_core.approvals.service import decide
    from tests.gateway.story import tasks

    actor = hire(store, "hy1")
    ask(store, step("hy1"), hold_seconds=0, sms=False)
    task_id = store.read(lambda tx: tx.execute(tasks.select()).first().id)  # type: ignore[union-attr]  # it was just made
    store.write(
        decide, task_id, actor=actor, evidence=BY_APP, verdict="reject", task_revision=1, now=utc_now()
    )
    assert desk.reads("audit", "verify")["ok"] is True
    decisions = table_of(Decision)
    store.write(lambda tx: tx.execute(update(decisions).values(verdict="approve")))
    report = desk.reads("audit", "verify", code=1)
    assert (report["ok"], report["problems"][0]["table"]) == (False, "decision")
    assert "verdict" in desk.types("audit", "verify", code=1)


def test_a_dead_letter_is_listed_and_sent_again(desk: Desk, store: Store) -> None:
    from gateway.intake import queries, service

    hire(store, "hy1")
    desk.types("clients", "add", "ctais", "--scope", "approvals", "--callback", "http://10.0.0.5/")
    submitted = ask(store, step("hy1"), callback_url="http://10.0.0.5/hook")
    view = store.read(queries.approval_by_id, submitted.request_id)
    facts: dict[str, Any] = {
        "client_id": 1,
        "view": view,
        "type": "approval.effective",
        "message_id": "evt_9",
        "max_attempts": 1,
    }
    store.write(service.call_back, **facts, now=utc_now())
    rows = table_of(OutboundCallback)
    store.write(lambda tx: tx.execute(update(rows).values(state="dead", attempts=1, error="answered 500")))
    [dead] = desk.reads("callbacks", "list", "--dead")
    assert (dead["to"], dead["error"]) == ("http://10.0.0.5/hook", "answered 500")
    before = desk.reads("audit", "verify")["entries"]
    desk.types("callbacks", "resend", str(dead["id"]))
    assert desk.reads("audit", "verify")["entries"] == before + 1
    assert desk.reads("callbacks", "list", "--dead") == []
    assert [one["state"] for one in desk.reads("callbacks", "list")] == ["queued"]
    desk.types("callbacks", "resend", str(dead["id"]), code=1)


def test_status_and_check_read_the_whole_office(
    desk: Desk, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PISHI_SECRET_FILE", str(tmp_path / "pishi.secret"))
    hire(store, "hy1")
    ask(store, step("hy1"))
    assert desk.reads("status")["approvals"] == {"pending": 1}
    levels = {one["what"]: one["level"] for one in desk.reads("check")}
    assert (levels["database"], levels["people"], levels["modem"]) == ("ok", "ok", "warn")
    monkeypatch.setenv("PISHI_SECRET", "replace-me-with-openssl-rand-hex-32")
    found = desk.reads("check", code=1)
    assert found[0]["level"] == "error"
    assert "PISHI_SECRET" in found[0]["said"]


def test_an_unknown_phone_has_nothing_to_explain(desk: Desk) -> None:
    desk.types("why", "12900000001", code=1)
    assert "no SMS from +8612900000001 is known" in desk.error
    desk.types("why", "12900000001", "25:99", code=2)
    desk.types("why", "12900000001", "25:99", "--json", code=2)


def test_a_script_that_asks_about_an_unknown_phone_gets_json_and_no_error(desk: Desk) -> None:
    found = desk.reads("why", "12900000001")
    assert (found["inbound_id"], found["phone"], found["ends"]) == (None, "+8612900000001", [])
    assert (found["chinese"], found["english"]) == (
        "没有收到过该号码的短信",
        "no SMS from +8612900000001 is known",
    )
    assert desk.error == ""


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    source = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(source, encoding="ascii"))
    return source


def test_a_reply_is_parsed_without_any_database(
    typed: io.BytesIO, capsys: pytest.CaptureFixture[str]
) -> None:
    typed.write("Ｙ\nY不同意\n收到\\n\n".encode())
    typed.seek(0)
    assert run(["sms", "parse"]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["verdict"] for line in said] == ["APPROVE", "CONFLICT", "ACK"]
    assert all(line.keys() == {"verdict", "codes", "comment"} for line in said)


def test_every_command_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        [],
        ["serve"],
        ["clients"],
        ["people"],
        ["approvals"],
        ["callbacks"],
        ["sms"],
        ["audit"],
        ["why"],
    ):
        assert run([*words, "--help"]) == 0
    assert "--allow-demo-numbers" in capsys.readouterr().out


def test_an_sms_that_was_given_up_is_listed_and_sent_again_on_demand(desk: Desk, store: Store) -> None:
    hire(store, "hy00001", number="+8612900000001")
    words = Wording("T06", "【政务OA】已记录", "receipt")
    now = utc_now()
    sms_id = store.write(sending.say, "+8612900000001", words, settings=SmsSettings(), now=now)
    store.write(lambda tx: tx.execute(update(outbound_sms).values(state="dead", error="no network")) and None)

    [listed] = desk.reads("sms", "list", "--dead")
    assert (listed["id"], listed["state"], listed["error"]) == (sms_id, "dead", "no network")
    desk.types("sms", "resend", str(sms_id))

    assert store.read(lambda tx: tx.execute(select(outbound_sms.c.state)).scalar_one()) == "queued"
    assert desk.reads("sms", "list", "--dead") == []
    desk.types("sms", "resend", str(sms_id), code=1)
    assert desk.error.count("\n") == 1
