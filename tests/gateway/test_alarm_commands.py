"""`pishi alarms` as an operator types it."""

from __future__ import annotations

import json

import pytest

from approval_core.clock import utc_now
from approval_core.notices import alarms
from approval_core.store import Store
from gateway.cli import run


def test_an_operator_sees_what_is_open_and_takes_it_over(
    database_url: str, store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PISHI_DATABASE", "PISHI_CONFIG", "PISHI_SECRET"):
        monkeypatch.delenv(name, raising=False)
    facts = {"leader": "李局长"}
    number = store.write(alarms.raise_alarm, "prompt_not_delivered", "prompt:5", facts=facts, now=utc_now())

    def types(*words: str) -> tuple[int, str]:
        code = run(["alarms", *words, "--database", database_url])
        return code, capsys.readouterr().out

    code, said = types("list", "--json")
    [shown] = json.loads(said)
    assert (code, shown["id"], shown["thing"], shown["facts"]) == (0, number, "prompt:5", facts)
    assert types("ack", str(number), "--by", "hy00007", "--note", "已电话告知") == (0, "")
    assert store.read(alarms.alarm, number).note == "已电话告知"
    assert types("list", "--unseen") == (0, "")
    code, said = types("list", "--kind", "prompt_not_delivered")
    assert "seen by hy00007" in said
    assert types("ack", str(number))[0] == 1
    assert types("ack", "99")[0] == 1
