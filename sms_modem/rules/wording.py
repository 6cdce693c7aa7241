"""What we say, one function per text. Everything fits one SMS except the answer to 详.

Every function takes the signature as a keyword; `sms.signature` is a setting and the reply parser cuts at it (G2).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from approval_core.clock import OFFICE_ZONE
from sms_modem.rules.composing import clean, compose, fit_list, parts_needed, shorten, split, units
from sms_modem.rules.reply import SIGNATURE
from sms_modem.rules.situation import ClosedAs, Form
from sms_modem.rules.templates import SINGLE, SPLIT

__all__ = ["SIGNATURE", "choose_form", "parts_needed", "split", "units"]

MOST_DETAIL_PARTS = 5
NOT_PASSED = "未通过"
_SEE_OA = "全文见OA"

#: {why} of T11, and of T21 for the codes that did nothing.
WHY_VOID: dict[ClosedAs, str] = {
    ClosedAs.CHANGED: "变更内容",
    ClosedAs.WITHDRAWN: "由申请人撤回",
    ClosedAs.REASSIGNED: "转交他人",
    ClosedAs.UNDONE: "撤回答复并换新编号",
    ClosedAs.REPLACED: "换发新编号",
}
RESULTS = {"approve": "同意", "reject": "不同意", "return": "退回"}


def choose_form(*, floor: int, own_sim: bool, bare_allowed: bool, sms_decidable: bool) -> Form:
    """C1(c): an SMS never invites an answer that will not be enough."""
    if not sms_decidable or floor > 2:
        return Form.NOTIFY
    return Form.BARE if floor <= 1 and own_sim and bare_allowed else Form.CODED


def office_time(moment: datetime) -> str:
    """5月3日14:05, as the clock on the office wall shows it."""
    local = moment.astimezone(OFFICE_ZONE)
    return f"{local.month}月{local.day}日{local:%H:%M}"


def office_day(moment: datetime) -> str:
    local = moment.astimezone(OFFICE_ZONE)
    return f"{local.month}月{local.day}日"


def span(seconds: int) -> str:
    """2分钟, 15秒, 90秒."""
    return f"{seconds // 60}分钟" if seconds >= 60 and seconds % 60 == 0 else f"{seconds}秒"


def returned_to(who: str) -> str:
    """{effect} of T07 when the item goes back."""
    return f"已退回{who}"


def t01(*, who: str, what: str, code: str, signature: str = SIGNATURE) -> str:
    """Approval request, one open, answered bare."""
    return compose("T01", {"who": who, "what": what, "code": code}, signature=signature)


def t02(*, who: str, what: str, code: str, open_count: int, signature: str = SIGNATURE) -> str:
    """Approval request, answered with the code; says how many wait when it is not the only one."""
    name = "T02 alone" if open_count <= 1 else "T02"
    return compose(name, {"who": who, "what": what, "code": code, "n": str(open_count)}, signature=signature)


def t03(*, who: str, what: str, due: datetime, code: str, bare: bool, signature: str = SIGNATURE) -> str:
    """Urgent request, in either form."""
    fields = {"who": who, "what": what, "due": office_time(due), "code": code}
    return compose("T03" if bare else "T03 coded", fields, signature=signature)


def t04(*, who: str, what: str, hours: int, code: str, signature: str = SIGNATURE) -> str:
    """Reminder."""
    return compose("T04", {"who": who, "what": what, "hours": str(hours), "code": code}, signature=signature)


def t05(*, title: str, code: str, signature: str = SIGNATURE) -> str:
    """Item to be read."""
    return compose("T05", {"title": title, "code": code}, signature=signature)


def t06(*, what: str, code: str, hold_seconds: int, signature: str = SIGNATURE) -> str:
    """Receipt for a yes; offers X only while there is a hold."""
    if hold_seconds <= 0:
        return compose("T06 final", {"what": what, "code": code}, signature=signature)
    return compose("T06", {"what": what, "code": code, "hold": span(hold_seconds)}, signature=signature)


def t07(*, what: str, code: str, effect: str = NOT_PASSED, signature: str = SIGNATURE) -> str:
    """Receipt for a no; `effect` is NOT_PASSED or returned_to(name)."""
    return compose("T07", {"what": what, "code": code, "effect": effect}, signature=signature)


def t08(
    *, what: str, verdict: str, approver: str, at: datetime, comment: str = "", signature: str = SIGNATURE
) -> str:
    """Result to the applicant."""
    fields = {
        "what": what,
        "result": "已" + RESULTS[verdict] if verdict != "reject" else "未获同意",
        "approver": approver,
        "time": office_day(at),
        "comment": f"意见:{comment}" if comment else "",
    }
    return compose("T08", fields, signature=signature)


def t09(*, items: Sequence[tuple[str, str]], signature: str = SIGNATURE) -> str:
    """Several open: the list of (code, title)."""
    return fit_list("T09", items, {"n": str(len(items)), "code": items[0][0]}, signature=signature)


def t09x(*, items: Sequence[tuple[str, str]], signature: str = SIGNATURE) -> str:
    """Several decisions in hold and an X without a code: the list of (code, title)."""
    return fit_list("T09X", items, {"n": str(len(items)), "code": items[0][0]}, signature=signature)


def t10(*, code: str, signature: str = SIGNATURE) -> str:
    """Expired."""
    return compose("T10", {"code": code}, signature=signature)


def t11(*, code: str, why: str, signature: str = SIGNATURE) -> str:
    """Void; `why` from WHY_VOID."""
    return compose("T11", {"code": code, "why": why}, signature=signature)


def t12(*, code: str, at: datetime, who: str, verdict: str, signature: str = SIGNATURE) -> str:
    """Already decided, by whom and when."""
    fields = {"code": code, "time": office_time(at), "who": who, "result": RESULTS[verdict]}
    return compose("T12", fields, signature=signature)


def t12x(*, code: str, at: datetime, verdict: str, signature: str = SIGNATURE) -> str:
    """R7: a yes after one's own no in hold is told about X."""
    fields = {"code": code, "time": office_time(at), "result": RESULTS[verdict]}
    return compose("T12X", fields, signature=signature)


def t13(*, code: str, signature: str = SIGNATURE) -> str:
    """Contradictory."""
    return compose("T13", {"code": code}, signature=signature)


def t14(*, code: str, signature: str = SIGNATURE) -> str:
    """Not understood."""
    return compose("T14", {"code": code}, signature=signature)


def t15(*, code: str, signature: str = SIGNATURE) -> str:
    """Courtesy is no decision."""
    return compose("T15", {"code": code}, signature=signature)


def t16(*, code: str, signature: str = SIGNATURE) -> str:
    """Unknown code."""
    return compose("T16", {"code": code}, signature=signature)


def t17(*, signature: str = SIGNATURE) -> str:
    """Nothing open."""
    return compose("T17", {}, signature=signature)


def t18(*, signature: str = SIGNATURE) -> str:
    """Suspended after wrong codes."""
    return compose("T18", {}, signature=signature)


def t19(*, kind: str, signature: str = SIGNATURE) -> str:
    """Not by SMS."""
    return compose("T19", {"kind": kind}, signature=signature)


def t20(*, signature: str = SIGNATURE) -> str:
    """Received, not yet effective."""
    return compose("T20", {}, signature=signature)


def t21(
    *, done: Sequence[str], verdict: str, undone: Sequence[tuple[str, str]] = (), signature: str = SIGNATURE
) -> str:
    """Several codes in one reply: what happened to those that worked, and why the others did nothing.

    `undone` pairs a code with a short reason such as 已过期, 已变更, 编号有误.
    """
    worked = f"{'、'.join(done)}已{RESULTS[verdict]}" if done else ""
    for shown in range(len(undone), -1, -1):
        failed = ",".join(code + why for code, why in undone[:shown])
        if shown < len(undone):
            failed += f"{'等' if shown else ''}{len(undone)}个编号"
        text = ";".join(part for part in (worked, f"{failed},未作处理" if undone else "") if part)
        if units(signature + text) <= SINGLE:
            break
    return signature + text


def t22(*, signature: str = SIGNATURE) -> str:
    """Help; never a valid code in it."""
    return compose("T22", {}, signature=signature)


def t23(*, items: Sequence[tuple[str, str]], signature: str = SIGNATURE) -> str:
    """The list of (code, title) that 待办 asks for, and the digest."""
    return fit_list("T23", items, {"n": str(len(items))}, signature=signature)


def t24(*, signature: str = SIGNATURE) -> str:
    """Stopped."""
    return compose("T24", {}, signature=signature)


def t25(*, leader: str, start: datetime, end: datetime, signature: str = SIGNATURE) -> str:
    """Delegation starts."""
    fields = {"leader": leader, "start": office_day(start), "end": office_day(end)}
    return compose("T25", fields, signature=signature)


def t26(*, otp: str, signature: str = SIGNATURE) -> str:
    """Number check; `otp` from codes.draw_otp."""
    return compose("T26", {"otp": otp}, signature=signature)


def t27(*, what: str, code: str, signature: str = SIGNATURE) -> str:
    """Undone, with the new code."""
    return compose("T27", {"what": what, "code": code}, signature=signature)


def t29(*, model: str, signature: str = SIGNATURE) -> str:
    """New phone bound."""
    return compose("T29", {"model": model}, signature=signature)


def t30(*, signature: str = SIGNATURE) -> str:
    """Resumed."""
    return compose("T30", {}, signature=signature)


def t31(*, leader: str, what: str, hours: int, signature: str = SIGNATURE) -> str:
    """A leader's item waits: to his secretary, who cannot decide it."""
    return compose("T31", {"leader": leader, "what": what, "hours": str(hours)}, signature=signature)


def t32(*, says: str, what: str, signature: str = SIGNATURE) -> str:
    """An alarm about an item."""
    return compose("T32", {"says": says, "what": what}, signature=signature)


def detail_parts(
    fields: Sequence[tuple[str, str]], *, office_phone: str = "", whole: bool, signature: str = SIGNATURE
) -> tuple[str, ...]:
    """C12: the whitelisted fields, uncut in at most five parts; joined they are the text to send.

    Ends with 全文见OA unless `whole` (they are the entire item, which then counts as read) and nothing was cut.
    """
    lines = [
        f"{clean(label, signature=signature)}:{clean(value, signature=signature)}" for label, value in fields
    ]
    if office_phone:
        lines.append(f"办公电话:{clean(office_phone, signature=signature)}")
    text = signature + "。".join(lines)
    room = MOST_DETAIL_PARTS * (SPLIT - 1)
    if whole and units(text) <= room:
        return (text,) if units(text) <= SINGLE else split(text)
    text = shorten(text, room - units("。" + _SEE_OA)) + "。" + _SEE_OA
    return (text,) if units(text) <= SINGLE else split(text)
