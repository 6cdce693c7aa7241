"""`pishi audit`: verify the proof, give away receipts and packages, read the trail, and keep a witness elsewhere."""

from __future__ import annotations

import json as json_text
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from approval_core.errors import Conflict, Invalid, NotFound
from gateway.commands.options import AsJson, Config, Database, note, now, opened, read_settings, say

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    from approval_core.audit.sm2 import Sm2Public
    from approval_core.store import Store, Tx
    from gateway.settings import Settings

T = TypeVar("T")

group = typer.Typer(help="The proof of what was done.", no_args_is_help=True)
witness = typer.Typer(help="Signed checkpoints, kept on another host.", no_args_is_help=True)
group.add_typer(witness, name="witness")

#: how long a receipt or package waits for a sequencer at work elsewhere
PATIENCE_S = 10.0

Into = Annotated[
    str | None, typer.Option("--output", "-o", help="A file; else standard output.", show_default=False)
]
WitnessFile = Annotated[str | None, typer.Option("--witness", help="A witness's file.", show_default=False)]
Reader = Annotated[
    str | None,
    typer.Option(
        "--as", help="The auditor's account; else the reading is the operator's.", show_default=False
    ),
]


@group.command("verify")
def verify(
    witness_file: WitnessFile = None, database: Database = None, config: Config = None, json: AsJson = False
) -> None:
    """Find every changed, missing or re-ordered row and name it; exit 1 when there is one."""
    from approval_core.audit import witness as witnesses
    from gateway.trail import proof

    settings = read_settings(config, database=database)
    seen = {} if witness_file is None else witnesses.read(_there(witness_file)).roots
    with opened(database) as store:
        report = store.read(proof, settings, seen)
    lines = [
        f"{report.entries} entries in {report.chains} chains, {report.leaves} leaves, {report.checkpoints} checkpoints"
    ]
    lines += ["nothing was found"] if report.ok else [str(problem) for problem in report.problems]
    say({"ok": report.ok, **vars(report)}, lines, json_wanted=json)
    if not report.ok:
        raise typer.Exit(1)


@group.command("receipt")
def receipt(
    decision: Annotated[
        int | None, typer.Argument(metavar="DECISION", help="The number of a decision.", show_default=False)
    ] = None,
    entry: Annotated[
        int | None, typer.Option("--entry", help="The number of any entry instead.", show_default=False)
    ] = None,
    tlog: Annotated[bool, typer.Option("--tlog", help="As a C2SP tlog-proof.")] = False,
    without_text: Annotated[
        bool, typer.Option("--without-text", help="Without what the entry says, only its digest.")
    ] = False,
    output: Into = None,
    reader: Reader = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """What proves to a stranger that a decision stands in the log."""
    from approval_core.audit import receipts
    from gateway.trail import entry_of_decision
    from gateway.worker import sm2_key

    if (decision is None) == (entry is None):
        raise Invalid("bad_setting", "name a decision, or an entry with --entry")
    thing = f"decision:{decision}" if entry is None else f"entry:{entry}"
    settings = read_settings(config, database=database)

    def made(tx: Tx, key: Ed25519PrivateKey) -> dict[str, Any]:
        number = entry if entry is not None else entry_of_decision(tx, decision or 0)
        second = sm2_key(settings.sm2_key_file)
        keys: list[Ed25519PublicKey | Sm2Public] = [key.public_key()]
        keys += [] if second is None else [second.public]
        return receipts.receipt(tx, number, keys=keys, text=not without_text)

    with opened(database) as store:
        found = _read_and_noted(store, settings, made, thing=thing, verb="audit.receipt", reader=reader)
    text = receipts.tlog_proof(found) if tlog else receipts.as_json(found)
    _put(text.encode(), output)


@group.command("export")
def export(
    ref: Annotated[str, typer.Argument(metavar="REQUEST", help="The asking system's number, or ours.")],
    output: Into = None,
    source: Annotated[
        str | None,
        typer.Option("--source", help="Which system, when several use that ref.", show_default=False),
    ] = None,
    witness_file: WitnessFile = None,
    reader: Reader = None,
    database: Database = None,
    config: Config = None,
) -> None:
    """One package about one approval that an auditor can check alone."""
    from approval_core.audit import witness as witnesses
    from gateway.packages import package, zipped
    from gateway.trail import find
    from gateway.worker import sm2_key

    settings = read_settings(config, database=database)
    seen = [] if witness_file is None else list(witnesses.read(_there(witness_file)).roots)
    at, second = now(), sm2_key(settings.sm2_key_file)
    with opened(database) as store:
        number = store.read(find, ref, source).id

        def made(tx: Tx, key: Ed25519PrivateKey) -> dict[str, bytes]:
            public = None if second is None else second.public
            return package(tx, number, key=key, sm2=public, witnessed=seen, now=at)

        thing = f"request:{number}"
        files = _read_and_noted(store, settings, made, thing=thing, verb="audit.exported", reader=reader)
    _put(zipped(files), output)


@group.command("entries")
def entries(
    chain: Annotated[
        str | None, typer.Option("--chain", help="request:17, people, …", show_default=False)
    ] = None,
    person: Annotated[str | None, typer.Option("--person", help="An account.", show_default=False)] = None,
    verb: Annotated[str | None, typer.Option("--verb", help="decided, undone, …", show_default=False)] = None,
    since: Annotated[str | None, typer.Option("--since", help="2026-05-06T09:30", show_default=False)] = None,
    until: Annotated[str | None, typer.Option("--until", show_default=False)] = None,
    after: Annotated[
        str | None, typer.Option("--after", help="The marker of the next page.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000)] = 100,
    reader: Reader = None,
    database: Database = None,
    json: AsJson = False,
) -> None:
    """Read the trail, by chain, person or period. The reading is an entry itself."""
    from approval_core.audit.reading import find_entries
    from gateway.trail import moment

    asked = {"chain": chain, "person": person, "verb": verb, "since": since, "until": until}
    how = {name: value for name, value in asked.items() if value is not None}
    begin, end = (None if one is None else moment(one, now()) for one in (since, until))
    with opened(database) as store:
        store.write(_note_reading, reader, chain or "entries", "audit.read", how, now=now())
        page = store.read(
            find_entries,
            chain=chain,
            person=person,
            verb=verb,
            since=begin,
            until=end,
            after=after,
            limit=limit,
        )
    lines = [
        f"{one['at']}  {one['chain']}/{one['seq']}  {one['actor']}  {one['verb']}  {one['thing']}  {one['data']}"
        for one in page.items
    ]
    say({"items": page.items, "next": page.next}, lines, json_wanted=json)
    if page.next is not None and not json:
        note(f"more: --after {page.next}")


@group.command("key")
def key(database: Database = None, config: Config = None, json: AsJson = False) -> None:
    """The public key, to be published where nobody can exchange it."""
    from approval_core.audit.receipts import shown_key

    settings = read_settings(config, database=database)
    with opened(database) as store:
        found = shown_key(_signing_key(store, settings).public_key())
    say(found, [found["public_key"]], json_wanted=json)


@group.command("sm2-key")
def make_sm2_key(
    output: Annotated[str, typer.Option("--output", "-o", help="A file that is not there yet.")],
) -> None:
    """Make a key for a second signature, SM2 with SM3, on every checkpoint: then set `sm2_key_file`."""
    from approval_core.audit.sm2 import new_key, write_key

    made = new_key()
    try:
        write_key(made, Path(output))
    except OSError as error:
        raise Invalid("bad_setting", f"{output} cannot be written: {error.strerror}") from None
    note(f"{output}: key {made.public.key_id}, public {made.public.raw.hex()}")


@group.command("verifier")
def verifier(output: Into = None) -> None:
    """The one file that checks receipts and packages alone; its SHA-256 goes to standard error."""
    from hashlib import sha256

    from approval_core.audit.offline import verify_record

    content = Path(verify_record.__file__).read_bytes()
    _put(content, output)
    note(f"SHA-256 {sha256(content).hexdigest()}")


@witness.command("export")
def export_to_witness(
    after: Annotated[int, typer.Option("--after", help="How many entries the witness has seen.", min=0)] = 0,
    output: Into = None,
    database: Database = None,
) -> None:
    """On the office's host: the newest checkpoint, and that it continues what the witness has."""
    from approval_core.audit import witness as witnesses

    with opened(database) as store:
        found = store.read(witnesses.bundle, after=after)
    _put((json_text.dumps(found, ensure_ascii=False) + "\n").encode(), output)


@witness.command("append")
def append_to_witness(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The witness's file; made when it is not there.")
    ],
    bundle: Annotated[
        str, typer.Argument(metavar="BUNDLE", help="What `export` made; - for standard input.")
    ] = "-",
    keys: Annotated[
        list[str] | None,
        typer.Option("--key", help="The office's public key; needed once.", show_default=False),
    ] = None,
) -> None:
    """On the witness's host: take it in when it continues the log; refuse a fork, exit 1, and keep what was refused."""
    from approval_core.audit import witness as witnesses

    try:
        text = sys.stdin.read() if bundle == "-" else Path(bundle).read_text(encoding="utf-8")
        document = json_text.loads(text)
        trusted = [bytes.fromhex(one) for one in keys or ()]
    except (OSError, ValueError) as error:
        raise Invalid("bad_bundle", f"{bundle} cannot be read: {error}") from None
    taken = witnesses.append(Path(file), document, keys=trusted, now=now())
    size = document["checkpoint"]["size"]
    note(f"{size} entries witnessed" if taken else f"nothing new: {size} entries were witnessed before")


@witness.command("size")
def witnessed_size(file: Annotated[str, typer.Argument(metavar="FILE")]) -> None:
    """How many entries the witness has seen: for `--after`."""
    from approval_core.audit import witness as witnesses

    sys.stdout.write(f"{witnesses.read(Path(file)).size}\n")


def _read_and_noted(
    store: Store,
    settings: Settings,
    made: Callable[[Tx, Ed25519PrivateKey], T],
    *,
    thing: str,
    verb: str,
    reader: str | None,
) -> T:
    """Note the reading, see that the log covers everything, then read."""
    from approval_core.audit import sequence
    from gateway.worker import sm2_key

    store.write(_note_reading, reader, thing, verb, {}, now=now())
    key, second = _signing_key(store, settings), sm2_key(settings.sm2_key_file)
    give_up = time.monotonic() + PATIENCE_S
    while True:
        while store.write(sequence, now=now(), key=key, sm2=second):
            pass
        try:
            return store.read(made, key)
        except NotFound as missing:
            if missing.code != "not_yet_in_log" or time.monotonic() > give_up:
                raise
        time.sleep(0.1)


def _signing_key(store: Store, settings: Settings) -> Ed25519PrivateKey:
    from gateway.trail import signing_key

    found = store.read(signing_key, settings)
    if found is None:
        raise Conflict(
            "no_secret", "the office's secret is not known here: PISHI_SECRET or PISHI_SECRET_FILE"
        )
    return found


def _note_reading(
    tx: Tx, reader: str | None, thing: str, verb: str, how: dict[str, Any], *, now: Any
) -> None:
    from approval_core.audit.reading import note_reading, read_as_auditor
    from approval_core.people.actor import Actor
    from approval_core.people.queries import person_by_account

    if reader is None:
        note_reading(tx, actor="operator", thing=thing, verb=verb, now=now, data=how)
        return
    card = person_by_account(tx, reader)
    actor = Actor("person", reader, person_id=None if card is None else card.id)
    read_as_auditor(tx, actor=actor, thing=thing, now=now, data=how | {"what": verb})


def _there(file: str) -> Path:
    path = Path(file)
    if not path.exists():
        raise Invalid("bad_setting", f"there is no witness file {file}")
    return path


def _put(content: bytes, output: str | None) -> None:
    if output is None:
        sys.stdout.buffer.write(content)
        return
    Path(output).write_bytes(content)
    note(f"{output}: {len(content)} bytes")
