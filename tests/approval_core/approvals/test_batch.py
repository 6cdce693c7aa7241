"""F30: several items at once, each with its own answer."""

from __future__ import annotations

import pytest

from approval_core.approvals.batch import Answer, Item, decide_batch
from approval_core.errors import Invalid
from approval_core.store import Store
from tests.approval_core.approvals.types import House, step
from tests.factories import BY_APP


@pytest.fixture
def house(store: Store) -> House:
    return House(store).open("li", "wang")


def say(house: House, *items: Item) -> list[Answer]:
    return house.store.write(
        decide_batch, items, actor=house.person("chief"), evidence=BY_APP, verdict="approve", now=house.now()
    )


def filed(house: House, **form: object) -> Item:
    house.file("li", form=form)
    task = house.task("chief")
    return Item(task.task_id, task.task_revision)


def test_f30_each_item_has_its_answer_and_a_refused_one_spoils_no_other(house: House) -> None:
    house.publish(step("chief"), amount="cost", limits={"batch": 100})
    small, large = filed(house, cost="99.00"), filed(house, cost="100.01", days=2)
    stale = Item(filed(house, days=3).task_id, 7)
    answers = say(house, small, large, stale, Item(999_999, 1))
    assert [one.code for one in answers] == ["", "alone", "changed", "no_task"]
    assert answers[0].decided is not None
    assert answers[0].decided.state == "effective"


def test_f30_an_item_named_twice_or_none_at_all_is_no_batch(house: House) -> None:
    house.publish(step("chief"))
    item = filed(house)
    for items in ((item, item), ()):
        with pytest.raises(Invalid) as refused:
            say(house, *items)
        assert refused.value.code == "bad_batch"
    assert house.asked() == {"chief"}
