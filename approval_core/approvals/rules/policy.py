"""What a request's type says for every step that does not say it itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from approval_core.approvals.rules.blocks import Block, step_setting
from approval_core.definitions.rules.document import TypeDocument

SmsMode = Literal["none", "notify", "approve"]
Merge = Literal["none", "adjacent", "route"]


@dataclass(frozen=True, slots=True)
class Separation:
    """Steps that must not be decided by one person, or by people of one unit (F12)."""

    steps: frozenset[str]
    by: Literal["person", "unit"] = "person"

    def others(self, step: str) -> frozenset[str]:
        return self.steps - {step} if step in self.steps else frozenset()


@dataclass(frozen=True, slots=True)
class Policy:
    """`given`: the asking system brought the steps, and what it says counts. Waits are working hours."""

    given: bool = False
    merge: Merge = "adjacent"
    separate: tuple[Separation, ...] = ()
    sms: SmsMode = "none"
    sms_limit: Decimal | None = None
    batch_limit: Decimal | None = None
    never_sms: bool = False
    floor: int = 1
    withdraw: Literal["before_decision", "before_end"] = "before_end"
    revoke_days: int | None = None
    waits: Mapping[str, int | None] = field(default_factory=dict)
    copies: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)

    def sms_in(self, block: Block, amount: Decimal | None) -> SmsMode:
        """What an SMS may do in a step. Nothing opens the hard list, an amount above the limit is only told, and so is a step
        that has fields to fill (F39): an SMS writes none."""
        mode: SmsMode = step_setting(block, "sms", self.sms)
        if mode != "approve":
            return mode
        too_much = self.sms_limit is not None and amount is not None and amount > self.sms_limit
        return "notify" if self.never_sms or too_much or must_fill(block) else "approve"

    def floor_in(self, block: Block) -> int:
        floor: int = step_setting(block, "floor", self.floor)
        return floor

    def wait_in(self, block: Block, name: str) -> int | None:
        wait: int | None = step_setting(block, name, self.waits.get(name))
        return wait


def must_fill(block: Block) -> bool:
    """Whoever approves here has fields of the form to fill."""
    return "required" in (block.get("fields") or {}).values()


def unfilled(block: Block, form: Mapping[str, Any]) -> list[str]:
    """The fields that must be filled before this step approves, and are empty."""
    given = block.get("fields") or {}
    usual = given.get("*", "read")
    return [name for name, value in form.items() if value is None and given.get(name, usual) == "required"]


#: The policy of a request whose steps the asking system brought.
GIVEN = Policy(given=True, merge="none", sms="approve")


def policy_of(document: TypeDocument) -> Policy:
    return Policy(
        merge=document.merge,
        separate=tuple(Separation(frozenset(one.steps), one.by) for one in document.separate),
        sms=document.sms,
        sms_limit=None if document.limits.sms is None else Decimal(document.limits.sms),
        batch_limit=None if document.limits.batch is None else Decimal(document.limits.batch),
        never_sms=document.never_sms,
        floor=document.floor,
        withdraw=document.withdraw,
        revoke_days=None if document.revoke is None else document.revoke.within_days,
        waits={name: getattr(document, name) for name in ("remind_after", "tell_after", "escalate_after")},
        copies=document.copies_json(),
    )
