"""Which password is good enough, how long a lock lasts, and what a token turns into. Functions of values."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NoReturn

from approval_core.errors import Invalid

LONGEST_PASSWORD = 200
FEWEST_SIGNS = 5
LONGEST_LOCK = timedelta(hours=24)

#: flaw -> (Chinese, English)
SAID: dict[str, tuple[str, str]] = {
    "too_short": ("密码太短，至少{least}个字符", "a password has at least {least} characters"),
    "too_long": ("密码太长，至多{most}个字符", "a password has at most {most} characters"),
    "control": ("密码含有控制字符", "a password holds no control characters"),
    "too_common": ("密码太常见", "this password is among the first that anybody tries"),
    "too_plain": ("密码太简单，字符重复或连续", "this password is one sign repeated or a plain run"),
    "holds_account": ("密码中不能含有账号或姓名", "a password does not hold the account or the name"),
    "unchanged": ("新密码不能与旧密码相同", "the new password is the old one"),
}

#: what is tried first, without the digits and signs that people hang on
_WORDS = """
    password passw0rd p@ssw0rd p@ssword pa55word admin administrator adminadmin root rootroot welcome letmein
    qwerty qwertyuiop qwertyuiopasdf asdfghjkl zxcvbnm qazwsx qazwsxedc 1qaz2wsx 1qaz2wsx3edc 1q2w3e4r 1q2w3e4r5t
    q1w2e3r4 q1w2e3r4t5 iloveyou woaini woaini1314 woaini520 woaiwojia aini1314 5201314 1314520 52013145201314
    changeme default secret mima mima123 nihao nihaoma abc123 abcd1234 a123456 a1b2c3d4 a1b2c3d4e5 aa123456 test
    testtest guest superman dragon monkey sunshine princess football baseball master shadow michael computer
    internet zhongguo beijing shanghai taxation shuiwu shuiwuju guoshui dishui swj123456 pishi pishipishi office
    oa123456 oaoaoa gongwuyuan qwer1234 asdf1234 zxcv1234 qweasdzxc qweasd 147258369 147852369 159357 7758521
    woshishui zaq12wsx xsw21qaz zaq1xsw2 111222333 112233445566 123123123 123321123321 123454321 12344321
    987654321 9876543210 0987654321 1234567890 123456789 12345678 0123456789 11223344556677"""
COMMON = frozenset(_WORDS.split())


def normal(password: str) -> str:
    """One form for every keyboard: full-width signs count as the plain ones."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *, account: str, name: str, least: int) -> None:
    """`Invalid("bad_password")` with `flaw`, `zh` and `en` when it will not do."""
    text = normal(password)
    if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in text):
        refuse("control")
    if len(text) < least:
        refuse("too_short", least=least)
    if len(text) > LONGEST_PASSWORD:
        refuse("too_long", most=LONGEST_PASSWORD)
    plain = text.casefold()
    if _common(plain):
        refuse("too_common")
    if len(set(plain)) < FEWEST_SIGNS or _run(plain):
        refuse("too_plain")
    if account.casefold() in plain or (len(name) > 1 and name.casefold() in plain):
        refuse("holds_account")


def refuse(flaw: str, **facts: int) -> NoReturn:
    chinese, english = (text.format(**facts) for text in SAID[flaw])
    raise Invalid("bad_password", english, flaw=flaw, zh=chinese, en=english)


def _common(plain: str) -> bool:
    if plain in COMMON:
        return True
    letters = plain.strip("0123456789!@#$%^&*._- ")
    half = plain[: len(plain) // 2]
    return letters in COMMON or (half * 2 == plain and half in COMMON)


def _run(plain: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(plain)}
    return len(steps) == 1 and steps <= {-1, 0, 1}


def lock_for(locks: int, first: timedelta) -> timedelta:
    """The lock that follows `locks` earlier ones: twice as long each time, at most a day."""
    return min(first * (1 << min(locks, 20)), LONGEST_LOCK)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def account_digest(account: str) -> str:
    return digest(account.strip().casefold()[:200])


def csrf_of(token: str) -> str:
    """What a page must send back with every change. Bound to the session, and useless for finding its token."""
    return hmac.new(token.encode(), b"pishi csrf", hashlib.sha256).hexdigest()


def lives(*, seen_at: datetime, expires_at: datetime, idle: timedelta, now: datetime) -> bool:
    return now < expires_at and now < seen_at + idle
