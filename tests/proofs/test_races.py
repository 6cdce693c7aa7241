"""SMS against app, withdrawal and change of content, in two processes on one database: one winner, every loser told."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from approval_core.approvals.models import Decision
from approval_core.columns import table_of
from approval_core.inbox.models import ToDo
from approval_core.store import Row, Store, Tx
from sms_modem.models import inbound_outcomes, inbound_sms, prompts
from sms_modem.rules.wording import RESULTS, office_time
from tests.proofs.racing.course import KINDS, Course, Ran, contenders, figures

decisions, todos = table_of(Decision), table_of(ToDo)
BATCH = 50
#: Of a kind that ran so often, each side wins some.
ENOUGH = 20


def test_of_two_processes_at_one_task_one_wins_and_the_other_is_told(
    store: Store, database_url: str, tmp_path: Path, scale: str, seed: int
) -> None:
    rounds, leaders = (300, 60) if scale == "small" else (10_000, 400)
    course = Course(store, seed, leaders)
    ran: list[Ran] = []
    with contenders(database_url, tmp_path, course.register()) as (sms, office):
        while len(ran) < rounds:
            for race in course.prepare(min(BATCH, rounds - len(ran))):
                ran.append(course.run(len(ran) + 1, race, sms, office))
        course.settle()
    print(f"seed {seed}, {database_url.partition(':')[0]}: {figures(ran)}")
    wrong = [fault for one in ran for fault in faults(store, one)]
    assert not wrong, "\n".join(wrong[:20])
    assert all(faults(store, one) for one in doctored(ran[0])), "the judge saw nothing"
    assert both_sides_won(ran) == []
    assert sum(one.collided for one in ran) > rounds // 2
    assert store.read(counted) == (rounds, rounds)
    assert verified(database_url, tmp_path) == 0


def faults(store: Store, ran: Ran) -> list[str]:
    """Everything that is wrong with one round."""
    rows, open_todos, fresh = store.read(aftermath, ran.race.request)
    undone = ran.taken_back
    live = [row for row in rows if row.state in (("undone",) if undone else ("held", "effective"))]
    found = []
    if len(rows) != len(live) or len(live) > 1:
        found.append(f"{len(rows)} decisions, {len(live)} of them as they should be")
    if ran.sms_won == ran.office["won"]:
        found.append("two winners" if ran.sms_won else "no winner")
    elif ran.sms_won:
        found += _sms_won(ran, live)
    else:
        found += _office_won(ran, live, fresh)
    expected_open = 1 if undone or (ran.race.kind == "revise" and ran.office["won"]) else 0
    if open_todos != expected_open:
        found.append(f"{open_todos} open to-dos, {expected_open} expected")
    return [f"{ran.race.ref} ({ran.race.kind}): {one}; {ran.sms} {ran.office}" for one in found]


def doctored(ran: Ran) -> list[Ran]:
    """The same round told falsely, in every way the judge must see."""
    return [
        replace(ran, office={**ran.office, "won": not ran.office["won"]}),
        replace(ran, sms={**ran.sms, "outcomes": ["UNCLEAR"]}),
        replace(ran, sms={**ran.sms, "answers": []}),
        replace(ran, race=replace(ran.race, request=ran.race.request + 1, code="0000")),
    ]


def _sms_won(ran: Ran, live: Sequence[Row]) -> list[str]:
    if len(live) != 1:
        return ["the reply won and there is no decision"]
    [decision] = live
    race, office = ran.race, ran.office
    found = _is(decision, race.replier.person, race.reply, "sms", f"sms_inbound:{ran.sms['inbound']}")
    receipt = "已记录:同意" if race.reply == "approve" else "已记录:不同意"
    if [receipt in text and race.code in text for text in ran.sms["answers"]] != [True]:
        found.append("the winner has no receipt")
    if race.kind in ("withdraw", "revise"):
        expected = "held" if decision.state == "held" else "closed"
        if (office["status"], office["code"]) != (409, expected):
            found.append(f"the loser was not told that it is {expected}")
        return found
    told = office["data"]
    if office["code"] != "already_decided":
        return [*found, "the loser was not told that it is decided"]
    if datetime.fromisoformat(told["at"]) != decision.decided_at:
        found.append("the loser was told another time")
    winner = (
        race.replier.name,
        race.replier.account,
        "sms",
        race.reply,
        decision.id,
        race.reply == race.press,
    )
    if tuple(told[name] for name in ("by", "account", "channel", "verdict", "decision_id", "same")) != winner:
        found.append("the loser was told another winner")
    return found


def _office_won(ran: Ran, live: Sequence[Row], fresh: Sequence[str]) -> list[str]:
    race = ran.race
    [text] = ran.sms["answers"] or [""]
    if ran.taken_back:
        new = len(fresh) == 1 and fresh[0] != race.code and fresh[0] in text
        return [] if new else ["his no took back his own yes, and no new code was told"]
    found = [] if race.code in text and ("本次回复" in text) else ["the loser got no answer with the code"]
    if race.kind in ("withdraw", "revise"):
        word = "撤回" if race.kind == "withdraw" else "变更"
        if ran.sms["outcomes"] != ["CHANGED"] or word not in text:
            found.append(f"the loser was not told 已{word}")
        if live:
            found.append("decided and changed")
        if race.kind == "revise" and (len(fresh) != 1 or fresh[0] == race.code):
            found.append("nobody was asked anew with a new code")
        return found
    if len(live) != 1:
        return [*found, "the button won and there is no decision"]
    [decision] = live
    found += _is(decision, race.presser.person, race.press, "app", "app:race")
    expected = "ALREADY_SAME" if race.press == race.reply else "ALREADY_OTHER"
    if ran.sms["outcomes"] != [expected]:
        found.append(f"the outcome is not {expected}")
    who = "您" if race.presser == race.replier else race.presser.name
    if not all(part in text for part in (who, office_time(decision.decided_at), RESULTS[race.press])):
        found.append("the loser was not told who, when and what")
    return found


def _is(decision: Row, person: int, verdict: str, channel: str, evidence: str) -> list[str]:
    kept = (decision.person_id, decision.verdict, decision.channel, decision.evidence)
    return [] if kept == (person, verdict, channel, evidence) else [f"the decision on record is {kept}"]


def aftermath(tx: Tx, request: int) -> tuple[list[Any], int, list[str]]:
    """Its decisions, how many to-dos are open, and the codes that are live."""
    made = tx.execute(select(decisions).where(decisions.c.request_id == request)).all()
    left = tx.execute(
        select(func.count()).where(todos.c.request_id == request, todos.c.state == "open")
    ).scalar_one()
    codes = tx.execute(
        select(prompts.c.code).where(prompts.c.request_id == request, prompts.c.state == "live")
    )
    return list(made), int(left), [row.code for row in codes]


def counted(tx: Tx) -> tuple[int, int]:
    """(replies on record, replies with exactly one outcome)."""
    endings = Counter(row.inbound_id for row in tx.execute(select(inbound_outcomes.c.inbound_id)))
    ids = [row.id for row in tx.execute(select(inbound_sms.c.id))]
    return len(ids), sum(endings[one] == 1 for one in ids)


def both_sides_won(ran: Sequence[Ran]) -> list[str]:
    """The kinds in which one side always won: then nothing was proven."""
    won: dict[str, list[bool]] = defaultdict(list)
    for one in ran:
        won[one.race.kind].append(one.sms_won)
    return [kind for kind, _ in KINDS if len(won[kind]) >= ENOUGH and len(set(won[kind])) < 2]


def verified(database: str, folder: Path) -> int:
    """`pishi audit verify` itself."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "audit", "verify", "--database", database],
        env={"PATH": "", "PISHI_SECRET_FILE": str(folder / "pishi.secret"), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
    )
    print(done.stdout[-2000:], done.stderr[-2000:])
    return done.returncode
