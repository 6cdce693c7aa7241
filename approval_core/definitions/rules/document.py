"""One request type as a document: loaded from YAML, strict, every refusal with its place; and its compiled route."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError

from approval_core.definitions.rules import yaml_text
from approval_core.definitions.rules.blocks import (
    Block,
    Blocks,
    Choice,
    Copy,
    Inclusive,
    Parallel,
    Rule,
    Step,
    Sub,
)
from approval_core.definitions.rules.saying import faults_of
from approval_core.definitions.rules.shapes import (
    Applicants,
    Duplicates,
    Form,
    FormField,
    Limits,
    Name,
    Revoke,
    Separate,
    SmsMode,
    Strict,
    Words,
    WorkingHours,
)
from approval_core.definitions.rules.yaml_text import refused, spell
from approval_core.errors import Invalid

BLOCKS = 200
NESTING = 12
#: reminder to the person, word to the secretary or deputy, next level: working hours
LADDER = {"remind_after": 4, "tell_after": 8, "escalate_after": 16}


class Copies(Strict):
    """Who is informed at the beginning and at the end."""

    start: Annotated[list[Rule], Field(max_length=50)] = Field(default_factory=list)
    end: Annotated[list[Rule], Field(max_length=50)] = Field(default_factory=list)


class TypeDocument(Strict):
    type: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]{0,47}\z")]
    title: Words
    module: Name
    applicants: Applicants = Applicants()
    form: Form = Form()
    subject: Words | None = None
    amount: Name | None = None
    routes: Annotated[dict[Name, Blocks], Field(max_length=20)] = Field(default_factory=dict)
    route: Literal["given"] | Blocks
    separate: Annotated[list[Separate], Field(max_length=50)] = Field(default_factory=list)
    merge: Literal["none", "adjacent", "route"] = "adjacent"
    on_reject: Literal["reject", "return"] = "return"
    sms: SmsMode = "none"
    floor: Annotated[int, Field(ge=0, le=4)] = 1
    hold: Annotated[int, Field(ge=0, le=86_400)] = 120
    remind_after: WorkingHours | None = LADDER["remind_after"]
    tell_after: WorkingHours | None = LADDER["tell_after"]
    escalate_after: WorkingHours | None = LADDER["escalate_after"]
    expires: Annotated[int, Field(ge=1, le=2000)] | None = None
    withdraw: Literal["before_decision", "before_end"] = "before_decision"
    revoke: Revoke | None = None
    duplicates: Duplicates | None = None
    limits: Limits = Limits()
    no_conditions: bool = False
    copies: Copies = Copies()
    never_sms: bool = False
    retention: Annotated[int, Field(ge=1, le=1000)] = 10

    @property
    def given(self) -> bool:
        """The asking system brings its steps; the document has none."""
        return self.route == "given"

    @property
    def blocks(self) -> list[Block]:
        return [] if isinstance(self.route, str) else self.route

    def field(self, name: str) -> FormField | None:
        return next((one for one in self.form.fields if one.name == name), None)

    def route_json(self) -> list[dict[str, Any]]:
        """The route as plain blocks with every default written out; sub-routes stand in their place."""
        return self._compiled(self.blocks)

    def json_value(self) -> dict[str, Any]:
        """The document as plain JSON; decimals are texts."""
        return self.model_dump(mode="json", by_alias=True)

    def copies_json(self) -> dict[str, list[dict[str, Any]]]:
        return {
            "start": [_weighed(one) for one in self.copies.start],
            "end": [_weighed(one) for one in self.copies.end],
        }

    def _compiled(self, blocks: Sequence[Block]) -> list[dict[str, Any]]:
        return [self._block(block) for block in blocks]

    def _block(self, block: Block) -> dict[str, Any]:
        if isinstance(block, Step):
            return self._step(block)
        if isinstance(block, Copy):
            return {"copy": block.copy_, "to": [_weighed(one) for one in block.to]}
        if isinstance(block, Sub):
            return {"sub": block.sub, "do": self._compiled(self.routes[block.route])}
        if isinstance(block, Parallel):
            branches = {name: self._compiled(do) for name, do in block.branches.items()}
            return {"parallel": block.parallel, "join": block.join, "branches": branches}
        kind, name = ("choice", block.choice) if isinstance(block, Choice) else ("inclusive", block.inclusive)
        return {
            kind: name,
            "branches": [{"when": one.when, "do": self._compiled(one.do)} for one in block.branches],
            "otherwise": self._compiled(block.otherwise),
        }

    def _step(self, step: Step) -> dict[str, Any]:
        plain = step.model_dump(mode="json", by_alias=True)
        plain["approvers"] = [_weighed(one) for one in step.approvers]
        if isinstance(step.when_empty, list):
            plain["when_empty"] = [_weighed(one) for one in step.when_empty]
        if step.add is not None:
            chosen = step.add.from_
            plain["add"] = {"from": chosen if isinstance(chosen, str) else [_weighed(one) for one in chosen]}
        for key in ("on_reject", "sms", "floor"):
            if plain[key] is None:
                plain[key] = getattr(self, key)
        for key in LADDER:
            if key not in step.model_fields_set:
                plain[key] = getattr(self, key)
        return plain


def _weighed(rule: dict[str, Any]) -> dict[str, Any]:
    return {"weight": 1} | rule


def inside(block: Block) -> list[tuple[str, list[Block]]]:
    """The lists of blocks inside a block, each with its place."""
    if isinstance(block, Choice | Inclusive):
        found = [(f"branches[{index}].do", one.do) for index, one in enumerate(block.branches)]
        return [*found, ("otherwise", block.otherwise)]
    if isinstance(block, Parallel):
        return [(f"branches.{name}", do) for name, do in block.branches.items()]
    return []


def walk(blocks: Sequence[Block], place: str) -> Iterator[tuple[str, Block, int]]:
    """Every block with its place and depth, in the order of the page."""
    waiting = [(spell(place, index), block, 1) for index, block in enumerate(blocks)]
    waiting.reverse()
    while waiting:
        here, block, depth = waiting.pop()
        yield here, block, depth
        deeper = [
            (f"{here}.{inner}[{index}]", one, depth + 1)
            for inner, do in inside(block)
            for index, one in enumerate(do)
        ]
        waiting += reversed(deeper)


def id_of(block: Block) -> str:
    if isinstance(block, Step):
        return block.step
    if isinstance(block, Choice):
        return block.choice
    if isinstance(block, Parallel):
        return block.parallel
    if isinstance(block, Inclusive):
        return block.inclusive
    return block.sub if isinstance(block, Sub) else block.copy_


def every_block(document: TypeDocument) -> Iterator[tuple[str, Block, int]]:
    """The blocks of the route, then those of each sub-route."""
    yield from walk(document.blocks, "route")
    for name, blocks in document.routes.items():
        yield from walk(blocks, f"routes.{name}")


def load_document(text: str) -> TypeDocument:
    """The document of one YAML text; Invalid("bad_document", place=, en=, zh=) for anything that is none."""
    values = yaml_text.load(text)
    if not isinstance(values, dict):
        raise refused("", "a request type is a map of keys", "定义必须是键值表")
    try:
        document = TypeDocument.model_validate(values)
    except ValidationError as error:
        faults = faults_of(values, error)
        place, en, zh = faults[0]
        raise Invalid(
            "bad_document",
            "; ".join(f"{where}: {said}" if where else said for where, said, _ in faults),
            place=place,
            en=en,
            zh=zh,
            faults=[{"place": where, "en": said, "zh": words} for where, said, words in faults],
        ) from error
    except RecursionError as error:
        raise refused("", "nested too deeply", "嵌套过深") from error
    _bounded(document)
    return document


def _bounded(document: TypeDocument) -> None:
    """What makes the compiled route small and finite; everything else is a finding of `checking`."""
    for count, (place, block, depth) in enumerate(every_block(document), start=1):
        if count > BLOCKS:
            raise refused(place, f"more than {BLOCKS} blocks", f"超过 {BLOCKS} 个节点")
        if depth > NESTING:
            raise refused(place, f"nested more than {NESTING} deep", f"嵌套超过 {NESTING} 层")
        if isinstance(block, Sub) and block.route not in document.routes:
            raise refused(
                f"{place}.route", f"there is no sub-route {block.route}", f"没有子流程 {block.route}"
            )
    sizes: dict[str, tuple[int, int]] = {}
    for name in document.routes:
        _measure(document, name, (), sizes)
    blocks, depth = _size(document, document.blocks, (), sizes)
    if blocks > BLOCKS or depth > NESTING:
        raise refused(
            "route",
            f"with its sub-routes more than {BLOCKS} blocks or {NESTING} deep",
            f"展开子流程后超过 {BLOCKS} 个节点或 {NESTING} 层",
        )
    seen: dict[str, str] = {}
    for place, block in _expanded(document, document.blocks, "route"):
        name = id_of(block)
        if name in seen:
            raise refused(
                place,
                f"the id {name} stands at {seen[name]} already",
                f"节点编号 {name} 重复（{seen[name]}）",
            )
        seen[name] = place


def _measure(
    document: TypeDocument, name: str, above: tuple[str, ...], sizes: dict[str, tuple[int, int]]
) -> tuple[int, int]:
    if name in above:
        chain = " → ".join([*above[above.index(name) :], name])
        raise refused(f"routes.{name}", f"a sub-route contains itself: {chain}", f"子流程包含自身：{chain}")
    if name not in sizes:
        sizes[name] = _size(document, document.routes[name], (*above, name), sizes)
    return sizes[name]


def _size(
    document: TypeDocument, blocks: Sequence[Block], above: tuple[str, ...], sizes: dict[str, tuple[int, int]]
) -> tuple[int, int]:
    """How many blocks, and how deep, with every sub-route in its place."""
    count = deepest = 0
    for _, block, depth in walk(blocks, ""):
        more, deeper = _measure(document, block.route, above, sizes) if isinstance(block, Sub) else (0, 0)
        count, deepest = count + 1 + more, max(deepest, depth + deeper)
    return count, deepest


def _expanded(document: TypeDocument, blocks: Sequence[Block], place: str) -> Iterator[tuple[str, Block]]:
    """As `walk`, and into sub-routes: the ids of the compiled route must be unique."""
    for here, block, _ in walk(blocks, place):
        yield here, block
        if isinstance(block, Sub):
            for inner, one in _expanded(document, document.routes[block.route], f"routes.{block.route}"):
                yield f"{here} → {inner}", one


_SAID: dict[str, tuple[str, str]] = {
    "missing": ("this key is missing", "缺少此项"),
    "extra_forbidden": ("this key is not known", "未知的键"),
    "union_tag_not_found": (
        "a block has exactly one of step, choice, parallel, inclusive, sub, copy",
        "每个节点须且只能是 step、choice、parallel、inclusive、sub、copy 之一",
    ),
}
