"""Hands that change what is on record: one row of the office, one row of the proof, a history written anew, a package."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import Table, delete, insert, select, text, update

from approval_core import audit
from approval_core.approvals.models import Decision, Request
from approval_core.audit.canonical import canonical, data_digest, entry_hash
from approval_core.audit.models import checkpoints, entries, heads, leaves, log_state, nodes
from approval_core.columns import table_of
from approval_core.store import Tx
from gateway.packages import signature_of
from sms_modem.models import inbound_sms
from tests.approval_core.tampering import NotPossibleError, any_row, tamper, this
from tests.gateway.audited_office import KEY

decisions, requests = table_of(Decision), table_of(Request)

#: what verification holds of each table of the office; the other columns are nobody's record
HELD: dict[Table, tuple[str, ...]] = {
    decisions: (
        "id", "request_id", "task_id", "task_revision", "content_hash", "verdict", "comment", "person_id",
        "on_behalf_of_id", "channel", "level", "evidence", "target", "resume", "state", "decided_at",
    ),
    requests: ("id", "type", "title", "summary", "applicant", "form", "salts", "content_hash", "revision"),
    inbound_sms: (
        "id", "provider", "transport_kind", "provider_id", "sender", "sent_to", "text", "pdu", "alphanumeric",
        "smsc_time", "received_at",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Done:
    kind: str
    what: str


def without_foreign_keys(tx: Tx) -> None:
    """Whoever owns the database is not stopped by them; the change is undone before they are asked."""
    if tx.execute(select(1)).context.dialect.name == "sqlite":
        tx.execute(text("PRAGMA defer_foreign_keys = ON"))
    else:
        tx.execute(text("SET LOCAL session_replication_role = replica"))


def change_the_database(tx: Tx, chance: random.Random) -> Done:
    without_foreign_keys(tx)
    hand: Callable[[Tx, random.Random], Done] = chance.choice(
        [proof_row, proof_row, edit, edit, take_out, exchange, put_in, rewrite_chain, rewrite_chain_and_log]
    )
    return hand(tx, chance)


def proof_row(tx: Tx, chance: random.Random) -> Done:
    return Done("a row of the proof", tamper(tx, chance).what)


def edit(tx: Tx, chance: random.Random) -> Done:
    table = chance.choice(list(HELD))
    row, column = any_row(tx, chance, table), chance.choice(HELD[table])
    value = other(chance, row[column])
    if value is None and not table.c[column].nullable:
        raise NotPossibleError
    tx.execute(update(table).where(this(table, row)).values({column: value}))
    return Done(f"edit of {table.name}", f"{row['id']}: {column} {row[column]!r} → {value!r}")


def take_out(tx: Tx, chance: random.Random) -> Done:
    table = chance.choice(list(HELD))
    row = any_row(tx, chance, table)
    tx.execute(delete(table).where(this(table, row)))
    return Done(f"deletion from {table.name}", str(row["id"]))


def exchange(tx: Tx, chance: random.Random) -> Done:
    """Two rows swap a value that is held."""
    table = chance.choice(list(HELD))
    one, two, column = any_row(tx, chance, table), any_row(tx, chance, table), chance.choice(HELD[table][1:])
    if one[column] == two[column]:
        raise NotPossibleError
    for row, value in ((one, two[column]), (two, one[column])):
        tx.execute(update(table).where(this(table, row)).values({column: value}))
    return Done(f"exchange in {table.name}", f"{one['id']} and {two['id']}: {column}")


def put_in(tx: Tx, chance: random.Random) -> Done:
    """A row that nobody recorded: a copy under a new number."""
    table = chance.choice(list(HELD))
    row = any_row(tx, chance, table)
    row["id"] += 100_000
    for name in ("task_revision", "source_ref", "dedupe", "provider_id"):
        if name in row:
            row[name] = 99 if name == "task_revision" else f"{name} {chance.random()}"
    tx.execute(insert(table), row)
    return Done(f"insertion into {table.name}", str(row["id"]))


def rewrite_chain(tx: Tx, chance: random.Random) -> Done:
    """An entry says something else, and its chain is hashed anew to its end and head."""
    row = any_row(tx, chance, entries)
    if row["data"] is None:
        raise NotPossibleError
    row["data"] = canonical(json.loads(row["data"]) | {"verdict": f"x{chance.random()}"})
    row["digest"] = data_digest(row["salt"], row["data"])
    after = select(entries).where(entries.c.chain == row["chain"], entries.c.seq > row["seq"])
    rest = [dict(one) for one in tx.execute(after.order_by(entries.c.seq)).mappings()]
    for one, before in zip([row, *rest], [None, row, *rest], strict=False):
        one["prev_hash"] = one["prev_hash"] if before is None else before["hash"]
        names = ("chain", "seq", "actor", "verb", "thing", "at", "digest")
        one["hash"] = entry_hash(prev=one["prev_hash"], **{name: one[name] for name in names})
        tx.execute(update(entries).where(entries.c.id == one["id"]).values(one))
    last = [row, *rest][-1]
    tx.execute(update(heads).where(heads.c.chain == row["chain"]).values(hash=last["hash"]))
    return Done("chain rewritten", f"{row['chain']} from {row['seq']}")


def rewrite_chain_and_log(tx: Tx, chance: random.Random) -> Done:
    """The same, and the whole log is built anew under the old checkpoints: all that can be done without the key."""
    done = rewrite_chain(tx, chance)
    kept = tx.execute(select(log_state)).mappings().one()
    order = [row.entry_id for row in tx.execute(select(leaves).order_by(leaves.c.position))]
    for table in (leaves, nodes, log_state):
        tx.execute(delete(table))
    tx.execute(update(entries).values(leaf=None))
    assert order == sorted(order)
    while audit.sequence(tx, now=datetime.now().astimezone(), limit=10_000):
        continue
    tx.execute(update(log_state).values(dict(kept)))
    return Done("chain and log rewritten", done.what)


def write_anew_with_the_key(tx: Tx, chance: random.Random, *, now: datetime) -> Done:
    """Everything, checkpoints too, by somebody who holds the key: only a witness can tell."""
    done = rewrite_chain(tx, chance)
    for table in (leaves, nodes, log_state, checkpoints):
        tx.execute(delete(table))
    tx.execute(update(entries).values(leaf=None))
    while audit.sequence(tx, now=now, key=KEY, limit=10_000):
        continue
    return Done("all rewritten and signed", done.what)


def other(chance: random.Random, value: Any) -> Any:
    """Another value of the same kind, or none."""
    if value is not None and chance.random() < 0.1:
        return None
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + chance.choice([-1, 1, 1000])
    if isinstance(value, datetime):
        return value + timedelta(microseconds=chance.choice([-1, 1, 10**9]))
    if isinstance(value, dict):
        return {name: other(chance, part) or "x" for name, part in value.items()} or {"more": 1}
    if isinstance(value, str) and value:
        place = chance.randrange(len(value))
        return (
            value[:place]
            + chance.choice([one for one in "0a同 z" if one != value[place]])
            + value[place + 1 :]
        )
    return 1 if value is None else "x"


# --- a package ---

#: what the log itself proves of a package, whoever holds the key: file, and the steps down to a value
PROVEN: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("entries.json", ("entries",)),
    ("entries.json", ("others",)),
    ("log.json", ("checkpoints",)),
    ("log.json", ("consistency",)),
    ("rows.json", ("content", "fields")),
    ("rows.json", ("content", "salts")),
    ("sms.json", ("inbound",)),
)


def change_a_package(files: dict[str, bytes], chance: random.Random) -> tuple[Done, dict[str, bytes]]:
    hand = chance.choice([any_byte, any_file, any_value, any_value, proven_value, proven_value, proven_row])
    return hand(dict(files), chance)


def any_byte(files: dict[str, bytes], chance: random.Random) -> tuple[Done, dict[str, bytes]]:
    """One byte on the way, in any file."""
    name = chance.choice(sorted(files))
    place = chance.randrange(len(files[name]))
    changed = bytearray(files[name])
    changed[place] ^= 1 << chance.randrange(8)
    return Done("a byte", f"{name} at {place}"), files | {name: bytes(changed)}


def any_file(files: dict[str, bytes], chance: random.Random) -> tuple[Done, dict[str, bytes]]:
    name = chance.choice(sorted(files))
    if chance.random() < 0.5:
        del files[name]
        return Done("a file taken out", name), files
    return Done("a file put in", "new"), files | {f"{name}.new": b"x"}


def any_value(files: dict[str, bytes], chance: random.Random) -> tuple[Done, dict[str, bytes]]:
    """Any value of any document, with the list of files made to fit; without the key its signature is not."""
    name = chance.choice(["entries.json", "log.json", "rows.json", "sms.json"])
    document = json.loads(files[name])
    what = change_value(document, chance.choice(list(places(document))), chance)
    files[name] = json.dumps(document).encode()
    return Done("a value, listed anew", f"{name} {what}"), listed_anew(files)


def proven_value(files: dict[str, bytes], chance: random.Random) -> tuple[Done, dict[str, bytes]]:
    """A value that the log proves, listed and signed anew with the office's own key."""
    name, steps = chance.choice(PROVEN)
    document = json.loads(files[name])
    at = chance.choice([place for place in places(document) if place[: len(steps)] == steps])
    if name == "sms.json" and at[2] != "evidence":
        raise NotPossibleError
    if name == "rows.json" and "hash" in at:
        raise NotPossibleError
    what = change_value(document, at, chance)
    files[name] = json.dumps(document).encode()
    return Done("a proven value, signed anew", f"{name} {what}"), signed_anew(files)


def proven_row(files: dict[str, bytes], chance: random.Random) -> tuple[Done, dict[str, bytes]]:
    """An entry or a decision taken out, or two entries exchanged, signed anew with the office's own key."""
    name, part = chance.choice([("entries.json", "entries"), ("rows.json", "decisions")])
    document = json.loads(files[name])
    rows = document[part]
    one, two = chance.sample(range(len(rows)), 2)
    if name == "entries.json" and chance.random() < 0.5:
        rows[one], rows[two] = rows[two], rows[one]
        done = Done("entries exchanged, signed anew", f"{one} and {two}")
    elif name == "rows.json" and chance.random() < 0.7:
        column = chance.choice(HELD[decisions])
        if rows[one][column] == rows[two][column]:
            raise NotPossibleError
        rows[one][column], rows[two][column] = rows[two][column], rows[one][column]
        if column == "id" and all(rows[one][held] == rows[two][held] for held in HELD[decisions][2:]):
            raise NotPossibleError
        done = Done("decisions exchanged, signed anew", f"{column} of {one} and {two}")
    else:
        del rows[one]
        done = Done("a row taken out, signed anew", f"{part} {one}")
    files[name] = json.dumps(document).encode()
    return done, signed_anew(files)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict | list) and value:
        names = value if isinstance(value, dict) else range(len(value))
        return [place for name in names for place in places(value[name], (*at, name))]
    return [at]


def change_value(document: Any, at: tuple[Any, ...], chance: random.Random) -> str:
    holder = document
    for step in at[:-1]:
        holder = holder[step]
    before = deepcopy(holder[at[-1]])
    after = other(chance, before)
    if after == before:
        raise NotPossibleError
    holder[at[-1]] = after
    return f"{at}: {before!r} → {after!r}"


def listed_anew(files: dict[str, bytes]) -> dict[str, bytes]:
    manifest = json.loads(files["manifest.json"])
    manifest["files"] = {name: sha256(files[name]).hexdigest() for name in manifest["files"]}
    return files | {"manifest.json": json.dumps(manifest).encode()}


def signed_anew(files: dict[str, bytes]) -> dict[str, bytes]:
    listed = listed_anew(files)
    return listed | {"manifest.sig": signature_of(listed["manifest.json"], KEY)}
