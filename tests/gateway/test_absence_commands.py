"""`pishi people absences` and `pishi forecast` as an operator types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from approval_core.people import service
from approval_core.people.actor import SYSTEM
from approval_core.store import Store
from gateway.cli import run
from tests import factories
from tests.factories import NOW, hire, step


def test_an_operator_enters_absences_sees_what_will_stall_and_names_the_proxy(
    database_url: str,
    store: Store,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PISHI_DATABASE", "PISHI_CONFIG", "PISHI_SECRET"):
        monkeypatch.delenv(name, raising=False)
    hire(store, "li")
    proxy = hire(store, "proxy")
    factories.ask(store, step("li"))
    sheet = tmp_path / "away.csv"
    sheet.write_text(
        "账号,类别,开始,结束\nli,出差,2199-05-07,2199-05-08\nnobody,出差,2199-05-07,2199-05-08\n", "utf-8"
    )

    def types(*words: str) -> tuple[int, str]:
        code = run([*words, "--database", database_url])
        return code, capsys.readouterr().out

    code, said = types("people", "absences", "import", str(sheet))
    assert code == 1
    assert "1 new, 0 as they were, 1 bad" in said
    assert "line 3 account: there is no such account / 没有这个账号" in said
    [away] = json.loads(types("people", "absences", "list", "--json")[1])
    assert (away["account"], away["proxies"]) == ("li", [])
    assert types("people", "absences", "list", "--day", "2199-05-09") == (0, "")
    code, said = types("forecast", "--day", "2199-05-08")
    assert (code, "2199-05-08: 1 will stall" in said, "承办人不在岗且未委托" in said) == (0, True, True)
    assert types("people", "absences", "proxy", str(away["id"]))[0] == 1
    assert types("people", "absences", "proxy", str(away["id"]), "--to", "proxy") == (0, "")
    told = json.loads(types("forecast", "--day", "2199-05-08", "--json")[1])
    assert told == {"day": "2199-05-08", "stalls": []}
    assert types("forecast", "--day", "8 May")[0] == 2
    assert "proxy" in types("people", "absences", "list")[1]
    assert proxy.person_id is not None
    store.write(service.leave, proxy.person_id, actor=SYSTEM, now=NOW)
    assert (
        json.loads(types("forecast", "--day", "2199-05-08", "--json")[1])["stalls"][0]["code"] == "no_proxy"
    )


def test_without_a_day_the_next_working_day_is_foretold(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["forecast", "--database", database_url]) == 0
    assert "0 will stall" in capsys.readouterr().out
