"""The faults of a document in words, Chinese and English, each at its place on the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from approval_core.definitions.rules.yaml_text import spell

Fault = tuple[str, str, str]  # place, English, Chinese
Said = tuple[str, str]


def flaw(en: str, zh: str) -> PydanticCustomError:
    """What a check of ours raises inside a model."""
    return PydanticCustomError("flaw", "{en}", {"en": en, "zh": zh})


def faults_of(values: Any, error: ValidationError) -> list[Fault]:
    """One complaint per place; of a choice between a word and a list, the complaint inside the list. At most 20."""
    found: dict[str, Fault] = {}
    for one in error.errors(include_url=False, include_input=False):
        place = _place(values, one)
        en, zh = _said(one)
        found.setdefault(place, (place, en, zh))
    vague = {
        place
        for place in found
        if place and any(other.startswith((f"{place}[", f"{place}.")) for other in found)
    }
    return [fault for place, fault in found.items() if place not in vague][:20]


def _place(values: Any, error: Any) -> str:
    """The model's own names for alternatives stand between the keys of the page: only what is on the page counts."""
    place, here = "", values
    location = list(error["loc"])
    for index, key in enumerate(location):
        known = isinstance(here, dict) and isinstance(key, str) and key in here
        within = isinstance(here, list) and isinstance(key, int) and key < len(here)
        missing = index == len(location) - 1 and error["type"] == "missing"
        if known or within or missing:
            place = spell(place, key if isinstance(key, int) else str(key)[:60])
            here = here[key] if known or within else None
    return place


_KINDS = "step, choice, parallel, inclusive, sub, copy"
_SAYINGS: Mapping[str, Callable[[Mapping[str, Any]], Said]] = {
    "missing": lambda _: ("this key is missing", "缺少此项"),
    "extra_forbidden": lambda _: ("this key is not known", "未知的键"),
    "union_tag_not_found": lambda _: (
        f"a block has exactly one of {_KINDS}",
        f"每个节点须且只能有 {_KINDS} 之一",
    ),
    "int_type": lambda _: ("must be a whole number", "应为整数"),
    "string_type": lambda _: ("must be a text", "应为文字"),
    "bool_type": lambda _: ("must be true or false", "应为 true 或 false"),
    "list_type": lambda _: ("must be a list", "应为列表"),
    "dict_type": lambda _: ("must be a map of keys", "应为键值表"),
    "model_type": lambda _: ("must be a map of keys", "应为键值表"),
    "model_attributes_type": lambda _: ("must be a map of keys", "应为键值表"),
    "literal_error": lambda c: (f"must be {c['expected']}", f"应为 {c['expected'].replace(' or ', ' 或 ')}"),
    "string_pattern_mismatch": lambda c: (f"does not fit {c['pattern']}", f"不符合格式 {c['pattern']}"),
    "string_too_short": lambda c: (f"at least {c['min_length']} characters", f"至少 {c['min_length']} 个字"),
    "string_too_long": lambda c: (f"at most {c['max_length']} characters", f"最多 {c['max_length']} 个字"),
    "too_short": lambda c: (f"at least {c['min_length']} entries", f"至少 {c['min_length']} 项"),
    "too_long": lambda c: (f"at most {c['max_length']} entries", f"最多 {c['max_length']} 项"),
    "greater_than_equal": lambda c: (f"must be {c['ge']} or more", f"不得小于 {c['ge']}"),
    "less_than_equal": lambda c: (f"must be {c['le']} or less", f"不得大于 {c['le']}"),
    "flaw": lambda c: (c["en"], c["zh"]),
}


def _said(error: Any) -> Said:
    saying = _SAYINGS.get(error["type"])
    if saying is not None:
        return saying(error.get("ctx", {}))
    plain = str(error["msg"])[:300]
    return plain, f"格式不符：{plain}"
