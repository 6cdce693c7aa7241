"""Plans of statements: bounded, and honest about what they cannot do."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, bindparam, insert, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import InvalidRequestError

from approval_core.statements import Plan, Plans

DIALECT = sqlite.dialect(paramstyle="qmark")
letters = Table(
    "letter",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("state", String(10), default="new"),
    Column("token", String(10), default=lambda: "made on the spot"),
)


def test_plans_are_compiled_once_and_their_number_is_bounded() -> None:
    plans = Plans(DIALECT, limit=10)
    first = select(letters.c.id).where(letters.c.id == bindparam("number"))
    assert plans.find(first, {"number": 1}) is plans.find(first, {"number": 2})
    for number in range(50):
        plans.find(select(letters.c.id).where(letters.c.id == number), {})
    assert len(plans._known) == 10


def test_values_of_the_statement_itself_keep_their_place() -> None:
    plan = Plan(
        select(letters.c.id).where(letters.c.state == "It's 新", letters.c.id > bindparam("after")), DIALECT
    )
    assert plan.values({"after": 7}) == ["It's 新", 7]


def test_a_word_compared_with_stands_in_the_text_so_that_its_partial_index_serves() -> None:
    plan = Plan(
        select(letters.c.id).where(letters.c.state == "new", letters.c.id > bindparam("after")), DIALECT
    )
    assert "letter.state = 'new'" in plan.sql
    assert plan.values({"after": 7}) == [7]


def test_a_list_in_the_statement_is_written_out() -> None:
    plan = Plan(
        select(letters.c.id).where(letters.c.state.in_(("new", "read")), letters.c.id > bindparam("after")),
        DIALECT,
    )
    assert plan.sql.count("?") == 3
    assert plan.values({"after": 7}) == ["new", "read", 7]


def test_a_column_that_computes_its_default_is_refused() -> None:
    plans = Plans(DIALECT)
    with pytest.raises(InvalidRequestError, match=r"tx\.execute"):
        plans.find(insert(letters), {"id": 1})
    plan = plans.find(insert(letters), {"id": 1, "token": "t"})
    assert sorted(map(str, plan.values({"id": 1, "token": "t"}))) == ["1", "new", "t"]


def test_a_parameter_with_a_value_of_its_own_may_be_left_out() -> None:
    plan = Plan(select(letters.c.id).where(letters.c.state == bindparam("wanted", "new")), DIALECT)
    assert plan.values({}) == ["new"]
    assert plan.values({"wanted": "read"}) == ["read"]
