"""One value of one field: what came in becomes what is stored, or a sentence says why not.

Stored values are plain JSON: money and decimals as texts ("1234.50"), dates as "2026-01-31", moments with +08:00.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from approval_core.definitions.rules.shapes import DAYS, NUMBERS, WRITTEN, FormField

OFFICE_ZONE = ZoneInfo("Asia/Shanghai")
LONGEST = {"string": 200, "text": 20_000}
LARGEST = Decimal(10) ** 15
PLACES = {"integer": 0, "money": 2, "decimal": 6}
ENTRIES = 100
_UNFIT = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\ud800-\udfff\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NUMBER = re.compile(r"[-+]?[0-9]{1,18}(\.[0-9]{1,18})?", re.A)


class Unfit(Exception):  # noqa: N818  # named by what happened
    """Why a value does not fit, in English and Chinese."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.en, self.zh = en, zh


def stored(field: FormField, value: Any) -> Any:
    """The value as it is kept; None for an empty one. Unfit when it does not fit the field."""
    if value is None or (isinstance(value, str) and not value.strip()) or value == []:
        return None
    if field.many or field.type == "file":
        return _several(field, value)
    return _one(field, value)


def _several(field: FormField, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise Unfit("must be a list", "应为列表")
    if len(value) > ENTRIES:
        raise Unfit(f"at most {ENTRIES} entries", f"最多 {ENTRIES} 项")
    found = [_file(one) if field.type == "file" else _one(field, one) for one in value]
    if len({str(one) for one in found}) < len(found):
        raise Unfit("an entry stands twice", "有重复项")
    return found


def _file(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63:
        return value
    if isinstance(value, str) and _CODE.fullmatch(value):
        return value
    raise Unfit("must be the id of a file", "应为附件编号")


def _one(field: FormField, value: Any) -> Any:
    if field.type in WRITTEN:
        return _text(field, value)
    if field.type in NUMBERS:
        return _number(field, value)
    if field.type == "boolean":
        if isinstance(value, bool):
            return value
        raise Unfit("must be true or false", "应为是或否")
    if field.type in DAYS:
        return _date(field, value) if field.type == "date" else _moment(value)
    if not isinstance(value, str):
        raise Unfit("must be a text", "应为文字")
    if field.type == "choice":
        if value not in {one.value for one in field.options}:
            raise Unfit("is none of the options", "不在选项之中")
        return value
    if not _CODE.fullmatch(value):
        raise Unfit("must be an account or a code", "应为账号或代码")
    return value


def _text(field: FormField, value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit("must be a text", "应为文字")
    text = value.strip().replace("\r\n", "\n").replace("\r", "\n")
    if _UNFIT.search(text) or (field.type == "string" and re.search(r"[\n\t]", text)):
        raise Unfit("holds a character that may not stand here", "含有不可用的字符")
    most = field.max_length or LONGEST[field.type]
    if len(text) > most:
        raise Unfit(f"at most {most} characters", f"最多 {most} 个字")
    if field.pattern and not re.fullmatch(field.pattern, text):
        raise Unfit("does not fit the pattern", "格式不符")
    return text


def _number(field: FormField, value: Any) -> int | str:
    number = _decimal(value)
    places = PLACES[field.type]
    if number != round(number, places):
        raise Unfit(
            f"at most {places} decimals" if places else "must be a whole number",
            f"最多 {places} 位小数" if places else "应为整数",
        )
    if abs(number) > LARGEST:
        raise Unfit("is too large", "数值过大")
    if isinstance(field.min, int | Decimal) and number < field.min:
        raise Unfit(f"must be at least {field.min}", f"不得小于 {field.min}")
    if isinstance(field.max, int | Decimal) and number > field.max:
        raise Unfit(f"must be at most {field.max}", f"不得大于 {field.max}")
    if field.type == "integer":
        return int(number)
    if field.type == "money":
        return f"{number:.2f}"
    return f"{number.normalize():f}" if number else "0"


def _decimal(value: Any) -> Decimal:
    if isinstance(value, float):
        value = repr(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise Unfit("must be a number", "应为数字")
    text = (
        f"{value:f}"
        if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < 30
        else str(value).strip()[:64]
    )
    if not _NUMBER.fullmatch(text):
        raise Unfit("must be a number", "应为数字")
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise Unfit("must be a number", "应为数字") from error


def _date(field: FormField, value: Any) -> str:
    try:
        if not isinstance(value, str) or not re.fullmatch(r"[12]\d{3}-\d\d-\d\d", value.strip(), re.A):
            raise ValueError(value)
        day = date.fromisoformat(value.strip()).isoformat()
    except ValueError as error:
        raise Unfit("must be a date like 2026-01-31", "应为日期，如 2026-01-31") from error
    if isinstance(field.min, str) and day < field.min:
        raise Unfit(f"must not be before {field.min}", f"不得早于 {field.min}")
    if isinstance(field.max, str) and day > field.max:
        raise Unfit(f"must not be after {field.max}", f"不得晚于 {field.max}")
    return day


def _moment(value: Any) -> str:
    try:
        if not isinstance(value, str) or not re.match(r"[12]\d{3}-\d\d-\d\d[T ]\d\d:\d\d", value, re.A):
            raise ValueError(value)
        moment = datetime.fromisoformat(value.strip())
        moment = (
            moment.replace(tzinfo=OFFICE_ZONE) if moment.tzinfo is None else moment.astimezone(OFFICE_ZONE)
        )
    except (ValueError, OverflowError) as error:
        raise Unfit("must be a time like 2026-01-31T09:00", "应为时间，如 2026-01-31T09:00") from error
    return moment.replace(microsecond=0).isoformat()


def shown(field: FormField, value: Any, lang: str) -> str:
    """A stored value in words."""
    if value is None:
        return ""
    if isinstance(value, list):
        if field.type == "file":
            return f"{len(value)} 个附件" if lang == "zh" else f"{len(value)} files"
        return (
            "、".join(shown(field, one, lang) for one in value)
            if lang == "zh"
            else ", ".join(shown(field, one, lang) for one in value)
        )
    if isinstance(value, bool):
        return ("是" if value else "否") if lang == "zh" else ("yes" if value else "no")
    if field.type == "choice":
        return next((one.label.text(lang) for one in field.options if one.value == value), str(value))
    if field.type == "datetime":
        return str(value)[:16].replace("T", " ")
    return str(value)
