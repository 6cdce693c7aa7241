"""One change behind the office's back: any row of the proof edited, deleted, exchanged or made up."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, insert, select, update

from approval_core.audit.models import checkpoints, entries, heads, leaves, log_state, nodes
from approval_core.store import Tx

TABLES = (entries, heads, leaves, nodes, checkpoints, log_state)
Values = dict[str, Any]


@dataclass
class Tampering:
    """What was done, and the names that a finding may call it by."""

    what: str
    rows: set[tuple[str, str]] = field(default_factory=set)  # table, primary key in words
    places: set[tuple[str, int]] = field(default_factory=set)  # chain, seq

    def touch(self, table: Table, row: Values) -> None:
        self.rows.add((table.name, "/".join(str(row[column.name]) for column in table.primary_key)))
        if table is entries:
            self.places.add((row["chain"], row["seq"]))
        if table is heads:
            self.places.add((row["chain"], row["seq"]))


class NotPossibleError(Exception):
    """The draw would change nothing, or what is no part of the record; draw again."""


def tamper(tx: Tx, chance: random.Random) -> Tampering:
    kind: Callable[[Tx, random.Random, Table], Tampering] = chance.choice(
        [edit, edit, edit, remove, exchange, invent]
    )
    return kind(tx, chance, chance.choice(TABLES))


def edit(tx: Tx, chance: random.Random, table: Table) -> Tampering:
    row = any_row(tx, chance, table)
    column = chance.choice(list(table.c))
    value = other_value(tx, chance, table, column.name, row[column.name])
    if value is None and not column.nullable:
        raise NotPossibleError
    if table is entries and column.name == "id" and row["leaf"] is None:
        raise NotPossibleError  # a row's number becomes part of the record with its leaf
    done = Tampering(f"edit {table.name} {row}: {column.name} = {value!r}")
    done.touch(table, row)
    done.touch(table, {**row, column.name: value})
    tx.execute(update(table).where(this(table, row)).values({column.name: value}))
    return done


def remove(tx: Tx, chance: random.Random, table: Table) -> Tampering:
    row = any_row(tx, chance, table)
    done = Tampering(f"remove from {table.name}: {row}")
    done.touch(table, row)
    tx.execute(delete(table).where(this(table, row)))
    return done


def exchange(tx: Tx, chance: random.Random, table: Table) -> Tampering:
    """Two rows change places: each gets the other's primary key."""
    one, two = any_row(tx, chance, table), any_row(tx, chance, table)
    keys = [column.name for column in table.primary_key]
    new_one = {**one, **{key: two[key] for key in keys}}
    new_two = {**two, **{key: one[key] for key in keys}}
    if new_one in (one, two):
        raise NotPossibleError
    if table is entries and one["leaf"] is None and two["leaf"] is None:
        raise NotPossibleError
    done = Tampering(f"exchange in {table.name}: {one} and {two}")
    for row in (one, two, new_one, new_two):
        done.touch(table, row)
    tx.execute(delete(table).where(this(table, one)))
    tx.execute(delete(table).where(this(table, two)))
    tx.execute(insert(table), [new_one, new_two])
    return done


def invent(tx: Tx, chance: random.Random, table: Table) -> Tampering:
    """A copy of a row under a primary key that is free, with one more thing changed where a key demands it."""
    row = any_row(tx, chance, table)
    for column in table.primary_key:
        row[column.name] = fresh(tx, chance, table, column.name)
    if table is entries:
        row["seq" if chance.random() < 0.5 else "chain"] = fresh(tx, chance, table, "seq")
        row["chain"] = str(row["chain"])
    if table is leaves:
        row["entry_id"] = fresh(tx, chance, table, "entry_id")
    done = Tampering(f"invent in {table.name}: {row}")
    done.touch(table, row)
    tx.execute(insert(table), row)
    return done


def any_row(tx: Tx, chance: random.Random, table: Table) -> Values:
    found = [dict(row) for row in tx.execute(select(table).order_by(*table.primary_key)).mappings()]
    return chance.choice(found)


def this(table: Table, row: Values) -> ColumnElement[bool]:
    return and_(*(column == row[column.name] for column in table.primary_key))


def other_value(tx: Tx, chance: random.Random, table: Table, column: str, value: Any) -> Any:
    drawn = chance.random()
    if drawn < 0.3:
        new = any_row(tx, chance, table)[column]
    elif drawn < 0.4:
        new = None
    elif isinstance(value, str) and value:
        place = chance.randrange(len(value))
        new = value[:place] + chance.choice("0123456789abcdef时 ") + value[place + 1 :]
    else:
        new = (value or 0) + chance.choice([-1, 1, 7, 1000]) if not isinstance(value, str) else "x"
    if new == value or (column == "salt" and isinstance(new, str) and new.strip() == value):
        raise NotPossibleError
    return new


def fresh(tx: Tx, chance: random.Random, table: Table, column: str) -> Any:
    values = [row[0] for row in tx.execute(select(table.c[column]))]
    if isinstance(values[0], str):
        return chance.choice(values) + "-copy"
    return max(values) + chance.choice([1, 1, 5])
