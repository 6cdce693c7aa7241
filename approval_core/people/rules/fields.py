"""What a field about a person may hold. Each check returns the clean value or raises `Invalid`,
whose message is English and whose `data["zh"]` says the same in Chinese."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import NoReturn

from approval_core.errors import Invalid

RANKS = ("R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8")
UNIT_KINDS = ("bureau", "leadership", "internal", "direct", "institution", "branch", "section", "office")
ASSIGNMENT_KINDS = ("main", "concurrent", "temporary", "seconded", "acting")
ABSENCE_KINDS = ("leave", "travel", "training", "sick")

#: code -> (Chinese, English)
SAID: dict[str, tuple[str, str]] = {
    "empty": ("不能为空", "must not be empty"),
    "control": ("含有控制字符或文字方向控制符", "contains control characters or bidirectional overrides"),
    "formula": (
        "不能以 = + - @ 开头（电子表格会当作公式）",
        "must not begin with = + - @ (a spreadsheet would run it)",
    ),
    "too_long": ("过长", "is too long"),
    "bad_account": (
        "账号只能用小写字母、数字和 . _ -，2 至 64 位",
        "an account is 2 to 64 of a-z, 0-9, dot, underscore, hyphen",
    ),
    "bad_emp_no": (
        "工号只能用字母、数字和 -，至多 32 位",
        "an employee number is up to 32 letters, digits and hyphens",
    ),
    "bad_name": (
        "姓名含有不允许的字符",
        "a name holds letters, marks, spaces, middle dots, hyphens and apostrophes",
    ),
    "bad_rank": ("职级不存在（应为 R1 至 R8）", "there is no such rank (R1 to R8)"),
    "bad_number": (
        "手机号码不是国际格式（如 +8612900000001）",
        "is not an international number such as +8612900000001",
    ),
    "bad_email": ("邮箱地址不正确", "is not a mail address"),
    "bad_date": (
        "日期不存在或格式不对（如 2012-10-01）",
        "is not a date of the calendar, such as 2012-10-01",
    ),
    "bad_absence": (
        "类别应为 leave 休假、travel 出差、training 培训或 sick 病假",
        "must be leave, travel, training or sick",
    ),
    "bad_flag": ("应为 是/否、1/0 或 true/false", "must be yes/no, 1/0 or true/false"),
}

_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
_EMP_NO = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|/([0-9]{1,2})/([0-9]{1,2})|([0-9]{2})([0-9]{2})|年([0-9]{1,2})月([0-9]{1,2})日)"
)
_YES = frozenset({"1", "yes", "true", "y", "是", "在编"})
_NO = frozenset({"0", "no", "false", "n", "否", "非在编"})


def refuse(code: str) -> NoReturn:
    chinese, english = SAID[code]
    raise Invalid(code, english, zh=chinese)


def clean(text: str, *, limit: int = 100) -> str:
    """Trimmed and composed (NFC); refuses what is invisible, what turns the writing round and what a spreadsheet runs."""
    value = unicodedata.normalize("NFC", text).strip(" \u00a0\u3000")
    if any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for sign in value):
        refuse("control")
    if value[:1] in {"=", "+", "-", "@"}:
        refuse("formula")
    if len(value) > limit:
        refuse("too_long")
    return value


def required(text: str, *, limit: int = 100) -> str:
    return clean(text, limit=limit) or refuse("empty")


def account(text: str) -> str:
    value = required(text, limit=200)
    return value if _ACCOUNT.fullmatch(value) else refuse("bad_account")


def emp_no(text: str) -> str:
    value = required(text, limit=200)
    return value if _EMP_NO.fullmatch(value) else refuse("bad_emp_no")


def person_name(text: str) -> str:
    value = required(text)
    allowed = all(unicodedata.category(sign)[0] in "LM" or sign in " ·•‧.-'’" for sign in value)
    return value if allowed and value[0].isalpha() else refuse("bad_name")


def rank(text: str) -> str:
    value = required(text).upper()
    return value if value in RANKS else refuse("bad_rank")


def number(text: str) -> str:
    return text if _NUMBER.fullmatch(text) else refuse("bad_number")


def email(text: str) -> str:
    value = clean(text, limit=254)
    return value if not value or _EMAIL.fullmatch(value) else refuse("bad_email")


def day(text: str) -> date | None:
    value = clean(text)
    if not value:
        return None
    found = _DATE.fullmatch(value)
    if found is None:
        refuse("bad_date")
    try:
        year, month, of_month = (int(part) for part in found.groups() if part is not None)
        return date(year, month, of_month)
    except ValueError:
        refuse("bad_date")


def flag(text: str) -> bool:
    value = clean(text).lower()
    if value in _YES:
        return True
    return False if value in _NO else refuse("bad_flag")
