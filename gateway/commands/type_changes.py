"""Types over what is there: `pishi check FILE --organisation`, `pishi types migrate`, `pishi types replay`."""

from __future__ import annotations

import sys
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from approval_core.errors import Invalid
from gateway.commands.options import AsJson, Database, note, now, opened, say
from gateway.commands.types import Type, look_over, text_of

if TYPE_CHECKING:
    from approval_core.approvals.migration import Item
    from approval_core.approvals.replaying import Differences
    from approval_core.store import Store


def report_over_people(files: list[Path], database: str | None, *, json_wanted: bool) -> None:
    """For everybody who may ask: whom each step asks, or that it asks nobody; exit 1 when a request would stop."""
    from approval_core.approvals.organisation import types_over_people
    from approval_core.definitions.rules.document import load_document

    if not files:
        raise Invalid("bad_setting", "name the request types to check over the organisation")
    faults = [one for one in look_over(files) if one["severity"] == "error"]
    if faults:
        said = [f"{one['file']}: {one['place']}: {one['en']} / {one['zh']} [{one['code']}]" for one in faults]
        say(faults, said, json_wanted=json_wanted)
        raise typer.Exit(1)
    named = {load_document(text_of(file)).type: str(file) for file in files}
    with opened(database) as store:
        found = store.read(
            types_over_people, [load_document(text_of(file)) for file in files], now=now(), progress=_progress
        )
    progress_over()
    plain = [{"file": named[name], **one.plain()} for name, several in found.items() for one in several]
    say(plain, [_line(one) for one in plain], json_wanted=json_wanted)
    if any(one["severity"] == "error" for one in plain):
        raise typer.Exit(1)
    note(f"{len(files)} checked over the organisation, {len(plain)} to weigh")


def _line(one: dict[str, Any]) -> str:
    place = f"{one['step']}: " if one["step"] else ""
    who = f"{one['count']}: {', '.join(one['examples'])}"
    return f"{one['file']}: {one['severity']}: {place}{one['en']} / {one['zh']} [{one['code']}] ({who})"


def _progress(name: str, done: int, of: int) -> None:
    if done % 20 == 0 or done == of:
        progress(f"{name} {done}/{of}")


def progress(text: str) -> None:
    """One line that is written over; only where somebody looks on."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{text}")
        sys.stderr.flush()


def progress_over() -> None:
    progress("")


def migrate(
    type_name: Type,
    to: Annotated[int, typer.Option("--to", help="The version to run on.", show_default=False)],
    from_: Annotated[
        int | None, typer.Option("--from", help="All running requests of this version.", show_default=False)
    ] = None,
    request: Annotated[
        list[int] | None, typer.Option("--request", help="This request; repeatable.", show_default=False)
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", help="old=new: a block under another name; repeatable.", show_default=False),
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Stands on record.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")
    ] = False,
    back: Annotated[
        bool, typer.Option("--back", help="Put the requests named back, where nobody has decided since.")
    ] = False,
    database: Database = None,
    json: AsJson = False,
) -> None:
    """Carry running requests over to another version; exit 1 when one could not be."""
    from approval_core.approvals.migrating import plan

    if (from_ is None) == (not request) or (back and not request):
        raise Invalid("bad_setting", "name requests with --request, or a version with --from")
    if not dry_run and not reason.strip():
        raise Invalid("bad_setting", "--reason says why; --dry-run looks first")
    with opened(database) as store:
        if back:
            _put_back(store, request or [], reason)
            return
        planned = store.read(
            plan,
            type_name,
            to,
            from_version=from_,
            request_ids=request,
            mapping=_pairs(map_ or []),
            now=now(),
        )
        if dry_run:
            say(planned, [_said(one) for one in planned.items], json_wanted=json)
            faulty = len(planned.items) - len(planned.possible)
        else:
            done = _carry(store, planned, reason)
            names = {one.request_id: one.ref for one in planned.items}
            lines = [f"{names[one.request_id]}: {one.message or one.state}" for one in done]
            say(done, lines, json_wanted=json)
            faulty = sum(one.state == "refused" for one in done)
    note(
        f"{len(planned.items) - faulty} of {len(planned.items)} {'could be' if dry_run else 'were'} carried over"
    )
    if faulty:
        raise typer.Exit(1)


def _carry(store: Store, planned: Any, reason: str) -> list[Any]:
    """A transaction for each request: the office goes on meanwhile."""
    from dataclasses import replace

    from approval_core.approvals.carrying_over import apply
    from approval_core.people.actor import SYSTEM

    done: list[Any] = []
    for item in planned.items:
        done += store.write(apply, replace(planned, items=(item,)), actor=SYSTEM, reason=reason, now=now())
        progress(f"{len(done)}/{len(planned.items)}")
    progress_over()
    return done


def _put_back(store: Store, request_ids: list[int], reason: str) -> None:
    from approval_core.approvals.carrying_over import revert
    from approval_core.people.actor import SYSTEM

    for one in request_ids:
        store.write(revert, one, actor=SYSTEM, reason=reason, now=now())
        note(f"request {one} stands where it stood")


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = dict(one.partition("=")[::2] for one in given)
    if not all(old and new for old, new in pairs.items()):
        raise Invalid("bad_setting", "--map is written old=new")
    return pairs


def _said(item: Item) -> str:
    if item.faults:
        return f"{item.ref}: cannot: " + "; ".join(f"{one.en} / {one.zh} [{one.code}]" for one in item.faults)
    parts = [" ".join(f"{one.block}→{one.to}" if one.block != one.to else one.to for one in item.stands)]
    parts += [
        f"asks {', '.join(one.asked) or 'nobody'} instead of {', '.join(one.instead_of)}" for one in item.anew
    ]
    parts += [f"{name} {', '.join(found)}" for name, found in (
        ("begins", item.begun), ("passes over", item.passed_over), ("forgets", item.forgotten)) if found]  # fmt: skip
    return f"{item.ref}: {'; '.join(parts)}"


def replay(
    file: Annotated[Path, typer.Argument(help="The text of the new version.", show_default=False)],
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d"], help="Closed since this day.", show_default=False),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most so many, the newest.", show_default=False)
    ] = None,
    database: Database = None,
    json: AsJson = False,
) -> None:
    """Closed requests on a new version in thought: who would have decided against who did. Changes nothing."""
    from approval_core.approvals.replaying import replay as run
    from approval_core.clock import OFFICE_ZONE
    from approval_core.definitions.rules.document import load_document

    text = text_of(file)
    start = None if since is None else datetime.combine(since.date(), time(), OFFICE_ZONE)
    with opened(database) as store:
        found = store.read(
            run, load_document(text).type, text, since=start, limit=limit,
            progress=lambda done, of: progress(f"{done}/{of}"),
        )  # fmt: skip
    progress_over()
    say(found, _differences(found), json_wanted=json)
    note(f"{found.requests} replayed, {found.same} as they were decided")


_KINDS = {
    "others": "others would decide",
    "left": "who decided has left",
    "new": "would be asked as well",
    "gone": "would not be asked",
    "stops": "would find nobody",
}


def _differences(found: Differences) -> list[str]:
    from approval_core.approvals.replaying import differing

    lines = []
    if found.unfit:
        fields = ", ".join(f"{name} {count}" for name, count in found.unfit_fields.items())
        lines.append(f"the new form would refuse {found.unfit}: {fields}")
    if found.unanswered:
        lines.append(f"a condition has no answer in {found.unanswered}")
    for step, kind in differing(found):
        lines.append(f"{step.step}: {getattr(step, kind)} {_KINDS[kind]}")
        lines += [
            f"  {one.ref}: {', '.join(one.did) or 'nobody'} → {', '.join(one.would) or 'nobody'}"
            for one in step.examples[kind]
        ]
    return lines
