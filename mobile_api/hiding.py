"""Which fields of a form this viewer may not see, and how the content still proves itself to him (F39).

A hidden field travels as its digest, the others with their salts: every viewer arrives at the same content hash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from approval_core.approvals.filing import summary
from approval_core.approvals.rules.content import field_digest, fields_of
from approval_core.definitions.rules.blocks import Step
from approval_core.definitions.rules.document import TypeDocument, every_block
from approval_core.definitions.rules.forms import rights, shown_in, step_of
from approval_core.errors import NotFound


@dataclass(frozen=True, slots=True)
class Shown:
    """The content as one viewer has it. `salts` and `digests` by field (`title`, `form.days`), never both of one field."""

    form: dict[str, Any]
    summary: str
    hidden: frozenset[str] = frozenset()
    salts: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


def hidden_in(document: TypeDocument, blocks: Collection[str]) -> frozenset[str]:
    """What none of these steps shows. Without a step of the type (a copy, an opinion asked): what any step hides,
    and what is sensitive."""
    names = [one.name for one in document.form.fields]
    steps = [block for block in blocks if is_step(document, block)]
    if not steps:
        every = _steps_of(document)
        sensitive = {one.name for one in document.form.fields if one.sensitive}
        return frozenset(sensitive | {name for name in names if _hides_any(document, every, name)})
    return frozenset(name for name in names if all(_hides_any(document, [step], name) for step in steps))


def as_seen(
    content: Mapping[str, Any],
    salts: Mapping[str, str],
    hidden: frozenset[str],
    document: TypeDocument | None,
) -> Shown:
    """`content`: type, title, summary, applicant, form, papers. Files stand there by their digests."""
    whole = fields_of(**content)
    form = {name: value for name, value in content["form"].items() if name not in hidden}
    closed = {f"form.{name}" for name in content["form"] if name in hidden}
    closed |= {name for name in whole if name.startswith("file.")}
    words = str(content["summary"])
    if document is not None and hidden & set(shown_in(document, "sms")):
        words = summary(document, form)
        closed.add("summary")
    return Shown(
        form=form,
        summary=words,
        hidden=hidden,
        salts={name: salts[name] for name in whole if name in salts and name not in closed},
        digests={name: field_digest(salts[name], whole[name]) for name in closed if name in salts},
    )


def _hides_any(document: TypeDocument, steps: Iterable[str], name: str) -> bool:
    return any(rights(document, step)[name] == "hidden" for step in steps)


def is_step(document: TypeDocument, block: str) -> bool:
    try:
        step_of(document, block)
    except NotFound:
        return False
    return True


def _steps_of(document: TypeDocument) -> list[str]:
    return [block.step for _, block, _ in every_block(document) if isinstance(block, Step)]
