"""Findings about the shape of a route: branches nobody reaches, joins nobody fulfils, ways on which nobody decides."""

from __future__ import annotations

from collections.abc import Iterator

from approval_core.definitions.rules import implied
from approval_core.definitions.rules.blocks import Choice, Inclusive, Parallel, Step, Sub
from approval_core.definitions.rules.check_forms import condition_findings
from approval_core.definitions.rules.document import TypeDocument, every_block
from approval_core.definitions.rules.findings import Finding, error
from approval_core.definitions.rules.positions import may_pass_undecided, order, positions
from approval_core.definitions.rules.shapes import NUMBERS


def route_findings(document: TypeDocument) -> Iterator[Finding]:
    yield from _whole(document)
    known = limits_of(document)
    for place, block, _ in every_block(document):
        if isinstance(block, Choice | Inclusive):
            yield from _branches(document, block, place, known)
        elif isinstance(block, Parallel):
            yield from _parallel(document, block, place)
    yield from _separate(document)


def _whole(document: TypeDocument) -> Iterator[Finding]:
    if document.given:
        for key in ("routes", "separate"):
            if getattr(document, key):
                yield error(key, "given_route", "the asking system brings the steps", "步骤由来源系统给出")
        return
    if not any(isinstance(one.block, Step) for one in positions(document)):
        yield error("route", "no_step", "nobody decides anything", "没有任何审批环节")
    elif may_pass_undecided(document, document.blocks):
        yield error(
            "route",
            "undecided",
            "there is a way through on which nobody decides",
            "存在无人审批即可通过的路径",
        )
    used = {block.route for _, block, _ in every_block(document) if isinstance(block, Sub)}
    for name in document.routes:
        if name not in used:
            yield error(f"routes.{name}", "unused_route", "no block uses this sub-route", "子流程未被使用")
        if not document.routes[name]:
            yield error(f"routes.{name}", "empty_route", "the sub-route is empty", "子流程为空")


def limits_of(document: TypeDocument) -> implied.Way:
    """What every value is known to be: the limits of the fields, and their options."""
    known: list[implied.Atom] = []
    for field in document.form.fields:
        if field.type in NUMBERS | {"date"}:
            for sign, value in ((">=", field.min), ("<=", field.max)):
                if value is not None:
                    known.append(implied.Atom(f"form.{field.name}", sign, value))
    return tuple(known)


def _branches(
    document: TypeDocument, block: Choice | Inclusive, place: str, known: implied.Way
) -> Iterator[Finding]:
    exclusive = isinstance(block, Choice)
    earlier: list[tuple[int, str, implied.Ways]] = []
    whole = False  # everything goes into a branch above
    for index, branch in enumerate(block.branches):
        here = f"{place}.branches[{index}]"
        faults = list(condition_findings(document, branch.when, f"{here}.when"))
        yield from faults
        if faults:
            continue
        if whole and exclusive:
            yield error(here, "unreachable", "an earlier branch takes everything", "前面的分支已包含所有情况")
            continue
        always = implied.constant(branch.when)
        if always is not None:
            yield _constant(f"{here}.when", always=always)
            whole = whole or always
            continue
        ways = implied.ways_of(branch.when)
        if ways is None:
            continue
        yield from _implied(f"{here}.when", ways, earlier, known, exclusive=exclusive)
        whole = whole or any(implied.complete(ways, other) for _, _, other in earlier)
        earlier.append((index, branch.when, ways))
    if whole and block.otherwise:
        yield error(
            f"{place}.otherwise", "unreachable", "the branches take everything", "各分支已包含所有情况"
        )


def _constant(place: str, *, always: bool) -> Finding:
    said = ("always true", "恒为真") if always else ("never true", "恒为假")
    return error(place, "constant_condition", f"the condition is {said[0]}", f"条件{said[1]}")


def _implied(
    place: str,
    ways: implied.Ways,
    earlier: list[tuple[int, str, implied.Ways]],
    known: implied.Way,
    *,
    exclusive: bool,
) -> Iterator[Finding]:
    if implied.never(ways, known):
        yield error(place, "never_true", "the condition can never be true", "条件不可能成立")
        return
    for index, text, other in earlier:
        same = implied.follows(ways, other) and implied.follows(other, ways)
        if same or (exclusive and implied.follows(ways, other)):
            yield error(
                place,
                "unreachable",
                f"wherever this is true, branches[{index}] ({text[:60]}) is true already",
                f"成立时 branches[{index}]（{text[:60]}）已先成立",
            )
            return


def _parallel(document: TypeDocument, block: Parallel, place: str) -> Iterator[Finding]:
    if isinstance(block.join, int) and block.join > len(block.branches):
        yield error(
            f"{place}.join",
            "join_too_large",
            f"{block.join} of {len(block.branches)} branches can never be done",
            f"共 {len(block.branches)} 个分支，无法完成 {block.join} 个",
        )
    for name, do in block.branches.items():
        if not do:
            yield error(f"{place}.branches.{name}", "empty_branch", "the branch is empty", "分支为空")
        elif block.join != "all" and may_pass_undecided(document, do):
            yield error(
                f"{place}.branches.{name}",
                "undecided_branch",
                "the branch may be done without anybody deciding, and then counts for the join",
                "该分支可能无人审批即完成并计入汇合",
            )


def _separate(document: TypeDocument) -> Iterator[Finding]:
    steps = {one.block.step: one for one in positions(document) if isinstance(one.block, Step)}
    for index, rule in enumerate(document.separate):
        place = f"separate[{index}].steps"
        unknown = [name for name in rule.steps if name not in steps]
        for name in unknown:
            yield error(place, "no_step_of_this_name", f"there is no step {name}", f"没有环节 {name}")
        if unknown:
            continue
        one, other = (steps[name] for name in rule.steps)
        if one is other:
            yield error(place, "same_step", "the two steps are one", "两个环节相同")
            continue
        if order(one, other) == "apart":
            yield error(
                place, "never_together", "the two steps never run in one request", "两个环节不会同时出现"
            )
        first, second = one.block, other.block
        if isinstance(first, Step) and isinstance(second, Step) and _one_person(first, second):
            yield error(place, "same_people", "both steps name the same person", "两个环节为同一人")


_SINGLE = frozenset(
    {"USER", "HEAD", "SECTION_CHIEF", "LEADER_IN_CHARGE", "DIRECTOR", "MANAGER", "SELF", "FORM_USER"}
)


def _one_person(first: Step, second: Step) -> bool:
    """Both steps ask whom one and the same rule finds, and that is one person."""
    plain = [
        [{key: value for key, value in rule.items() if key != "weight"} for rule in step.approvers]
        for step in (first, second)
    ]
    return plain[0] == plain[1] and len(plain[0]) == 1 and plain[0][0]["rule"] in _SINGLE
