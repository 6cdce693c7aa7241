"""Text to plain values, in the plain part of YAML alone: maps, lists, texts, whole and decimal numbers, true, false, null.

`yes`, `on`, `0x1F` and `12:30` are texts, `0.5` is a Decimal. Anchors, aliases, tags and repeated keys are refused,
so that what is read is what stands on the page and no small text grows into a large one.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import yaml

from approval_core.errors import Invalid

BYTES = 256 * 1024
NODES = 40_000
DEPTH = 64

_WHOLE = re.compile(r"[-+]?[0-9]{1,18}\Z")
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}\.[0-9]{1,9}\Z")
_NULL = {"", "~", "null"}
_TRUTH = {"true": True, "false": False}
#: what no text of an office holds: control characters, lone surrogates, marks that turn the writing round
_UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def refused(place: str, en: str, zh: str) -> Invalid:
    """One fault of a document, with its place."""
    said = f"{place}: {en}" if place else en
    return Invalid("bad_document", said, place=place, en=en, zh=zh)


def spell(place: str, key: str | int) -> str:
    """`route[2].branches`: the place one level further in."""
    if isinstance(key, int):
        return f"{place}[{key}]"
    return f"{place}.{key}" if place else key


def load(text: str) -> Any:
    """The values of one YAML text; Invalid("bad_document") with the place for anything else."""
    if len(text.encode("utf-8", "surrogatepass")) > BYTES:
        raise refused("", f"the document is larger than {BYTES // 1024} kB", f"文件超过 {BYTES // 1024} kB")
    unfit = _UNFIT.search(text)
    if unfit is not None:
        line = text.count("\n", 0, unfit.start()) + 1
        raise refused(f"line {line}", "a character that no text may hold", "含有不可用的字符")
    try:
        _bounded(text)
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(str(error.problem or error.context or "not YAML").split())[:200]
        raise refused(
            f"line {mark.line + 1}" if mark else "", f"not YAML: {said}", "不是合格的 YAML"
        ) from error
    except yaml.YAMLError as error:
        raise refused("", "not YAML", "不是合格的 YAML") from error
    if root is None:
        raise refused("", "the document is empty", "文件为空")
    return _value(root, "")


def _bounded(text: str) -> None:
    """Walk the events first: nothing is built before it is known to be small, flat and without references."""
    depth = nodes = documents = 0
    for event in yaml.parse(text, Loader=_LOADER):
        place = f"line {event.start_mark.line + 1}" if event.start_mark else ""
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise refused(place, "anchors and aliases are not used here", "不使用锚点和别名")
        if getattr(event, "tag", None) not in (None, "!"):
            raise refused(place, "tags are not used here", "不使用标签")
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise refused(place, "one file holds one document", "一个文件只能有一份定义")
        nodes += isinstance(event, yaml.NodeEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH or nodes > NODES:
            raise refused(place, "nested too deeply or too many entries", "嵌套过深或条目过多")


def _value(node: yaml.Node, place: str) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, place)
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, spell(place, index)) for index, one in enumerate(node.value)]
    found: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise refused(place, "a key is a plain word", "键必须是普通文字")
        if key.value in found:
            raise refused(
                spell(place, key.value),
                f"the key stands here twice (line {key.start_mark.line + 1})",
                f"键重复（第 {key.start_mark.line + 1} 行）",
            )
        found[key.value] = _value(value, spell(place, key.value))
    return found


def _scalar(node: yaml.ScalarNode, place: str) -> Any:
    text: str = node.value
    if node.style:  # quoted or a block: a text, whatever it looks like
        return text
    if text in _NULL:
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    if _WHOLE.match(text):
        return int(text)
    if _DECIMAL.match(text):
        return Decimal(text)
    if re.fullmatch(r"[-+]?[0-9]{19,}(\.[0-9]*)?|[-+]?[0-9]+\.[0-9]{10,}", text):
        raise refused(place, "a number of too many digits", "数字位数过多")
    return text
