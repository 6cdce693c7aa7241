"""What the office answered the asking system, as a sentence that says what to do, and the field it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.demo.words import Words

#: member of the systems API → the form's field; the first that the place begins with
FIELDS = {
    "body.hold": "hold",
    "body.title": "title",
    "body.summary": "summary",
    "body.applicant": "applicant",
    "body.steps": "approvers",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    sentence: str
    field: str = ""


def refusal(words: Words, problem: Mapping[str, Any], now: datetime) -> Refusal:
    """`problem`: the RFC 9457 document. What has no sentence of ours is said as the office said it."""
    code = str(problem.get("code", ""))
    if code == "unknown_approver":
        accounts = words("list_comma").join(str(one) for one in problem["approvers"])
        return Refusal(words("refused.unknown_approver").format(accounts=accounts), "approvers")
    if code == "held":
        until = datetime.fromisoformat(problem["held_until"])
        return Refusal(words("refused.held").format(until=words.moment(until, now)))
    if code == "closed":
        state = words.maybe(f"state.{problem['state']}", str(problem["state"]))
        return Refusal(words("refused.closed").format(state=state))
    if code == "no_approval":
        return Refusal(words("refused.no_approval").format(ref=problem["ref"]))
    if code == "invalid":
        return _invalid(words, problem)
    return Refusal(str(problem.get("detail", code)))


def _invalid(words: Words, problem: Mapping[str, Any]) -> Refusal:
    first = next(iter(problem.get("errors") or ()), {"where": "", "what": ""})
    where = str(first["where"])
    field = next((name for place, name in FIELDS.items() if where.startswith(place)), "")
    if not field:
        return Refusal(str(problem.get("detail", "")))
    if field == "approvers" and "twice" in str(first["what"]):
        return Refusal(words("refused.twice"), field)
    return Refusal(words(f"refused.{field}"), field)
