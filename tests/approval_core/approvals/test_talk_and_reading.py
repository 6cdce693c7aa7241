"""F27, F28 and F31: questions beside the flow, comments that stay as written, and who has looked at what."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from approval_core import audit
from approval_core.approvals import queries, reading, service, talking
from approval_core.approvals.proof import record_problems
from approval_core.errors import Conflict, Forbidden, Invalid, NotFound
from approval_core.inbox.queries import Item, done_items, open_items
from approval_core.store import Store, Tx
from tests.approval_core.approvals.routes import Bureau, step_block
from tests.approval_core.approvals.types import House, step


@pytest.fixture
def bureau(store: Store) -> Bureau:
    found = Bureau(store)
    found.person("sun")
    found.start(step_block("li"), step_block("wang"))
    return found


def on_list(bureau: Bureau, account: str) -> list[str]:
    """The kinds of what waits for somebody."""
    return [one.kind for one in items(bureau, account)]


def number(bureau: Bureau, account: str) -> int:
    person_id = bureau.person(account).person_id
    assert person_id is not None
    return person_id


def items(bureau: Bureau, account: str) -> list[Item]:
    return list(bureau.store.read(open_items, number(bureau, account)).items)


def ask(bureau: Bureau, asker: str, asked: str, words: str = "预算够吗?") -> int:
    to_id = number(bureau, asked)
    return bureau.store.write(
        service.ask_question, bureau.request_id, to_id=to_id, text=words, actor=bureau.person(asker), now=bureau.now()
    )  # fmt: skip


def answer(bureau: Bureau, talk_id: int, account: str, words: str = "够") -> None:
    bureau.store.write(
        service.answer_question, talk_id, text=words, actor=bureau.person(account), now=bureau.now()
    )


def say(bureau: Bureau, account: str, words: str, **facts: Any) -> int:
    return bureau.store.write(
        service.remark, bureau.request_id, actor=bureau.person(account), text=words, now=bureau.now(), **facts
    )


def read(bureau: Bureau, account: str, channel: str = "app") -> bool:
    return bureau.store.write(
        service.mark_read, bureau.request_id, actor=bureau.person(account), channel=channel, now=bureau.now()
    )


def test_f27_a_question_moves_nothing_and_its_answer_lands_on_the_request(bureau: Bureau) -> None:
    bureau.say("li")
    talk_id = ask(bureau, "wang", "li")
    assert bureau.asked() == {"wang"}
    assert on_list(bureau, "li") == ["talk"]
    answer(bureau, talk_id, "li")
    (talk,) = bureau.store.read(talking.talks_of, bureau.request_id)
    assert (talk.asker, talk.asked, talk.question, talk.answer) == ("wang", "li", "预算够吗?", "够")
    assert on_list(bureau, "li") == []
    assert on_list(bureau, "wang") == ["task", "told"]
    assert [one.kind for one in bureau.store.read(done_items, number(bureau, "li")).items] == [
        "talk",
        "task",
    ]
    assert bureau.say("wang").state == "approved"
    assert bureau.store.read(lambda tx: audit.verify(tx, facts=record_problems)).problems == []


def test_f27_only_people_of_the_matter_ask_and_are_asked(bureau: Bureau) -> None:
    with pytest.raises(Forbidden):
        ask(bureau, "sun", "li")
    for asked, code in (("sun", "not_a_participant"), ("li", "yourself")):
        with pytest.raises(Invalid) as refused:
            ask(bureau, "li", asked)
        assert refused.value.code == code


def test_f27_one_question_at_a_time_and_one_answer(bureau: Bureau) -> None:
    bureau.say("li")
    talk_id = ask(bureau, "wang", "li")
    with pytest.raises(Conflict) as refused:
        ask(bureau, "wang", "li")
    assert refused.value.code == "asked_already"
    with pytest.raises(Forbidden):
        answer(bureau, talk_id, "wang")
    with pytest.raises(Invalid):
        answer(bureau, talk_id, "li", "  ")
    answer(bureau, talk_id, "li")
    with pytest.raises(Conflict) as again:
        answer(bureau, talk_id, "li", "不够")
    assert again.value.code == "answered"


def test_f27_the_end_of_the_request_ends_its_questions(bureau: Bureau) -> None:
    bureau.say("li")
    talk_id = ask(bureau, "wang", "li")
    bureau.say("wang")
    assert on_list(bureau, "li") == []
    assert bureau.store.read(talking.talks_of, bureau.request_id)[0].state == "over"
    for late in (lambda: answer(bureau, talk_id, "li"), lambda: ask(bureau, "wang", "li")):
        with pytest.raises(Conflict) as refused:
            late()
        assert refused.value.code == "closed"


def test_f28_an_edit_is_a_new_version_and_the_old_one_stays(bureau: Bureau) -> None:
    first = say(bureau, "li", "请附预算")
    second = say(bureau, "li", "请附预算和合同", replaces_id=first)
    shown = [(one.id, one.text, one.replaces) for one in bureau.view().remarks]
    assert shown == [(first, "请附预算", None), (second, "请附预算和合同", first)]
    with pytest.raises(Conflict) as refused:
        say(bureau, "li", "不用了", replaces_id=first)
    assert refused.value.code == "replaced"
    with pytest.raises(Forbidden):
        say(bureau, "wang", "不用了", replaces_id=second)
    with pytest.raises(NotFound):
        say(bureau, "li", "不用了", replaces_id=99)
    assert len(bureau.view().remarks) == 2
    say(bureau, "li", "请附预算、合同和报价", replaces_id=second)


def test_f28_whoever_is_named_is_told_once_and_a_stranger_gets_a_copy(bureau: Bureau) -> None:
    bureau.say("li")
    say(bureau, "li", "@wang 和@sun请看,再看@sun;信箱 a@li.cn,@nobody")
    assert bureau.view().remarks[0].mentions == ("wang", "sun")
    assert on_list(bureau, "sun") == ["copy"]
    assert on_list(bureau, "wang") == ["task", "mention"]
    assert [one.account for one in bureau.store.read(queries.copies_of, bureau.request_id)] == ["sun"]
    say(bureau, "li", "@sun")
    assert on_list(bureau, "sun") == ["copy", "mention"]
    read(bureau, "sun")
    assert on_list(bureau, "sun") == []


def test_f31_the_first_and_the_last_look_are_kept_by_person_and_channel(bureau: Bureau) -> None:
    assert read(bureau, "li") is True
    assert read(bureau, "li") is False
    assert read(bureau, "li", "web") is True
    read(bureau, "wang")
    marks = bureau.store.read(reading.reading_of, bureau.request_id)
    assert [(one.account, one.channel, one.times) for one in marks] == [
        ("li", "app", 2), ("li", "web", 1), ("wang", "app", 1),
    ]  # fmt: skip
    assert marks[0].first_at < marks[0].last_at
    assert bureau.asked() == {"li"}, "reading decides nothing"
    with pytest.raises(Invalid):
        read(bureau, "li", "pigeon")


def test_f31_a_copy_is_done_by_reading(store: Store) -> None:
    house = House(store).open("li", "wang")
    house.publish(step("chief"), copies={"start": [{"rule": "USER", "account": "wang"}]})
    house.file("li")
    assert on_list(house, "wang") == ["copy"]
    read(house, "wang")
    assert on_list(house, "wang") == []
    (copy,) = store.read(queries.copies_of, house.request_id)
    assert copy.read_at is not None


def test_f28_a_refused_comment_leaves_nothing(bureau: Bureau) -> None:
    def rows(tx: Tx) -> int:
        return int(tx.execute(text("select count(*) from remark")).scalar_one())

    for words in ("", " \n", "长" * 20_001, " ".join(f"@p{number}" for number in range(51))):
        with pytest.raises(Invalid):
            say(bureau, "li", words)
    assert bureau.store.read(rows) == 0
