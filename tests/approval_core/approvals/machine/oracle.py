"""What ought to be so, said a second time and naively: F1–F4, F20, joins by branches that are done, who must be asked now.

Written from the words of the features and not from the engine: what both get wrong in the same way is wrong in the words.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from tests.approval_core.approvals.machine.picture import Picture


def verdict_that_counts(picture: Picture, task: Row[Any]) -> str | None:
    """The effective verdict of a task. An approval waits for those who were added after it, and falls with them."""
    found = picture.live(task)
    if found is None or found.state != "effective":
        return None
    after = [one for one in picture.added_to(task.id) if one.placed == "after" and one.state != "void"]
    if found.verdict != "approve" or not after:
        return str(found.verdict)
    return {"approved": "approve", "rejected": "reject", "returned": "return"}.get(after[-1].state)


def outcome(picture: Picture, step: Row[Any]) -> str:
    """open | approved | rejected | returned."""
    asked = [(one.weight, verdict_that_counts(picture, one)) for one in picture.tasks_of(step.id)]
    said = [verdict for _, verdict in asked]
    if "return" in said:
        return "returned"
    if step.mode == "any":  # F1: the first decision closes it
        first = next((one for one in said if one), None)
        return {"approve": "approved", "reject": "rejected"}.get(first or "", "open")
    if step.mode == "vote":  # F4: at the threshold; failed when it is out of reach
        total = sum(weight for weight, _ in asked)
        for_it = sum(weight for weight, verdict in asked if verdict == "approve")
        against = sum(weight for weight, verdict in asked if verdict == "reject")
        if total and for_it / total * 100 >= step.threshold - 1e-9:
            return "approved"
        return "rejected" if total and (total - against) / total * 100 < step.threshold - 1e-9 else "open"
    if "reject" in said and (not step.collect_all or None not in said):  # F2, F3
        return "rejected"
    return "approved" if said and all(one == "approve" for one in said) else "open"


def to_be_asked(picture: Picture, step: Row[Any]) -> set[int]:
    """The tasks of an active step that must be open: nobody less, or the step waits for ever; nobody more."""
    tasks = picture.tasks_of(step.id)
    undecided = [one for one in tasks if picture.live(one) is None]
    if step.mode == "any":
        if len(undecided) < len(tasks):
            return set()  # one has spoken: his hold runs, or those after him are asked
        claimed = [one for one in undecided if one.claimed_at is not None]
        undecided = claimed or undecided
    elif step.mode == "sequence":
        undecided = _next_of(picture, tasks)
    return {one.id for one in undecided if not picture.waits_for_others(one)}


def _next_of(picture: Picture, tasks: list[Row[Any]]) -> list[Row[Any]]:
    """F3: one after another; the next when what the one before said counts."""
    for one in tasks:
        if picture.live(one) is None:
            return [one]
        if verdict_that_counts(picture, one) is None:
            return []
    return []


def satisfied(picture: Picture, blocks: list[dict[str, Any]]) -> bool:
    """Every block of a sequence has been passed by the way of the form."""
    return all(_passed(picture, one) for one in blocks)


def _passed(picture: Picture, block: dict[str, Any]) -> bool:
    if "copy" in block:
        return True
    if "step" in block:
        runs = [one for one in picture.now() if one.block == block["step"]]
        return runs[-1].state == "approved" if runs else block["step"] in picture.skipped
    if "sub" in block:
        return satisfied(picture, block["do"])
    if "parallel" in block:
        done = sum(satisfied(picture, do) for do in block["branches"].values())
        wanted: int = {"all": len(block["branches"]), "any": 1}.get(block["join"], block["join"])
        return done >= wanted
    true = [one["do"] for one in block["branches"] if _holds(picture, one["when"])]
    ways = true[:1] if "choice" in block else true
    return all(satisfied(picture, do) for do in ways or [block["otherwise"]])


def _holds(picture: Picture, condition: str) -> bool:
    name, sign, limit = condition.split()
    assert (name, sign) == ("form.days", ">")
    return int(picture.form["days"]) > int(limit)
