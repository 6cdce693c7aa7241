"""How sure we must be of a decision, and whether a way of answering is sure enough (B4, S7).

A door knows the way and the device and says a level, AL0–AL4. What is asked has a floor. A decision at or above its floor
is final; below it it is provisional and names the ways that would do; where no decision may come by this way at all it is
refused. Risk raises the floor and nothing lowers it. The tables in docs/protocol/assurance.md are printed from here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

LEAST, MOST = 1, 4
#: An SMS without a signature proves no more than that somebody has read our text.
HIGHEST_PLAIN_SMS = 2
#: What needs more than this is never decided together with others.
BATCH_FLOOR = 2
#: Where a no is taken more easily than a yes (`sms_reject_ok`), a reply with its code is enough.
REJECT_FLOOR = 2

Kind = Literal["final", "provisional", "refused"]
SmsMode = Literal["none", "notify", "approve"]


class Way(StrEnum):
    """How an answer was given; the part before the first `_` is the channel."""

    SMS_BARE = "sms_bare"
    SMS_CODE = "sms_code"
    SMS_PROVIDER_BARE = "sms_provider_bare"
    SMS_PROVIDER_CODE = "sms_provider_code"
    SMS_SIGNED = "sms_signed"
    WEB_PASSWORD = "web_password"  # noqa: S105 — the name of a way, no secret
    WEB_PASSKEY = "web_passkey"
    WEB_PASSKEY_VERIFIED = "web_passkey_verified"
    WEB_PASSKEY_MATCHED = "web_passkey_matched"
    APP_SESSION = "app_session"
    APP_SIGNED = "app_signed"
    APP_CHALLENGE = "app_challenge"
    SYSTEM_CALLBACK = "system_callback"

    @property
    def channel(self) -> str:
        return self.value.partition("_")[0]


class Device(StrEnum):
    """State of the phone, PC, passkey, bound number or system key the answer came from; the least trusted first."""

    REVOKED = "revoked"
    SUSPENDED = "suspended"
    NONE = "none"
    REGISTERED = "registered"
    PENDING = "pending"
    CERTIFIED = "certified"


class Risk(StrEnum):
    NORMAL = "normal"
    RAISED = "raised"
    HIGH = "high"


class Secrecy(StrEnum):
    """The class of what is asked: 公开, 内部, 秘密, 机密, 绝密."""

    OPEN = "open"
    INTERNAL = "internal"
    SECRET = "secret"  # noqa: S105 — 秘密, a class of papers
    CONFIDENTIAL = "confidential"
    TOP_SECRET = "top_secret"  # noqa: S105 — 绝密


@dataclass(frozen=True, slots=True)
class Saying:
    zh: str
    en: str


#: The level of each way on a certified device (a number past its binding, a live system key), and its name.
WAYS: Mapping[Way, tuple[int, Saying]] = MappingProxyType({
    Way.SMS_BARE: (1, Saying("本单位SIM卡短信,不带编号", "SMS on a SIM of our own, without the code")),
    Way.SMS_CODE: (2, Saying("本单位SIM卡短信,带编号", "SMS on a SIM of our own, with the code")),
    Way.SMS_PROVIDER_BARE: (0, Saying("短信服务商通道,不带编号", "SMS over a provider, without the code")),
    Way.SMS_PROVIDER_CODE: (2, Saying("短信服务商通道,带编号", "SMS over a provider, with the code")),
    Way.SMS_SIGNED: (3, Saying("手机端签名后以短信发出", "SMS signed by the app")),
    Way.WEB_PASSWORD: (2, Saying("电脑端密码登录", "PC, signed in with a password")),
    Way.WEB_PASSKEY: (3, Saying("电脑端通行密钥", "PC, passkey")),
    Way.WEB_PASSKEY_VERIFIED: (3, Saying("电脑端通行密钥加本人验证", "PC, passkey with user verification")),
    Way.WEB_PASSKEY_MATCHED: (
        4, Saying("电脑端通行密钥加本人验证并核对数字", "PC, passkey with user verification and matching code"),
    ),
    Way.APP_SESSION: (2, Saying("手机端登录,未签名", "app, signed in, decision not signed")),
    Way.APP_SIGNED: (3, Saying("手机端签名", "app, decision signed")),
    Way.APP_CHALLENGE: (
        4, Saying("手机端本人验证、核对数字并签名", "app, signed over a fresh challenge with user verification and matching code"),
    ),
    Way.SYSTEM_CALLBACK: (2, Saying("业务系统自身的决定", "a source system's own decision")),
})  # fmt: skip

_WITHOUT_A_DEVICE = frozenset({Way.WEB_PASSWORD, Way.SYSTEM_CALLBACK})
_PASSKEYS = frozenset({Way.WEB_PASSKEY, Way.WEB_PASSKEY_VERIFIED, Way.WEB_PASSKEY_MATCHED})

#: The least floor of a class. 秘密 and above never stands on a phone, and not in a text message at all.
SECRECY_FLOOR: Mapping[Secrecy, int] = MappingProxyType({
    Secrecy.OPEN: LEAST,
    Secrecy.INTERNAL: 2,
    Secrecy.SECRET: MOST,
    Secrecy.CONFIDENTIAL: MOST,
    Secrecy.TOP_SECRET: MOST,
})  # fmt: skip

#: What a door or a watcher may have noticed. Two signs together are high risk.
SIGNS: Mapping[str, Risk] = MappingProxyType({
    "new_device": Risk.RAISED,  # certified less than 72 hours ago
    "new_place": Risk.RAISED,  # a network this person never decided from
    "wrong_codes": Risk.RAISED,  # at least one within 24 hours
    "posture_unknown": Risk.RAISED,  # the PC or phone did not say how it stands
    "sim_changed": Risk.HIGH,  # reported by the carrier, binding not renewed yet
    "fraud_reported": Risk.HIGH,  # the person said: this was not me
    "impossible_travel": Risk.HIGH,
    "posture_failed": Risk.HIGH,
    "locked_out": Risk.HIGH,  # the account was locked for wrong passwords within 24 hours
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Stakes:
    """What a step of a request asks, as far as the floor is concerned."""

    type_floor: int = LEAST
    step_floor: int = LEAST
    secrecy: Secrecy = Secrecy.OPEN
    amount: Decimal | None = None
    #: Above it no plain SMS approves and a session is the least; above the other never together with others.
    sms_limit: Decimal | None = None
    batch_limit: Decimal | None = None
    #: (amount, floor): a floor of its own above an amount.
    thresholds: tuple[tuple[Decimal, int], ...] = ()
    sms: SmsMode = "approve"
    sms_reject_ok: bool = False
    #: A mandatory attachment has not been opened: nobody approves what he could not read by SMS.
    unread_attachment: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """`step_up`: the ways that would make it final, the least demanding first; empty only where `reason` says so."""

    kind: Kind
    level: int
    floor: int
    #: enough | below_floor | below_floor_no_way | no_level | not_by_sms | not_on_a_phone | alone
    reason: str
    why: Saying
    step_up: tuple[Way, ...] = ()
    restricted: bool = False


def stakes_of(
    document: Mapping[str, Any],
    step: Mapping[str, Any],
    *,
    amount: Decimal | None = None,
    secrecy: Secrecy = Secrecy.OPEN,
    unread_attachment: bool = False,
) -> Stakes:
    """From the compiled document of a request type and one step of its route."""
    limits = document.get("limits") or {}
    sms: SmsMode = step.get("sms") or document.get("sms") or "none"
    if document.get("never_sms") and sms == "approve":
        sms = "notify"
    return Stakes(
        type_floor=int(document.get("floor") or LEAST),
        step_floor=int(step.get("floor") or LEAST),
        secrecy=secrecy,
        amount=amount,
        sms_limit=_decimal(limits.get("sms")),
        batch_limit=_decimal(limits.get("batch")),
        sms=sms,
        sms_reject_ok=bool(step.get("sms_reject_ok")),
        unread_attachment=unread_attachment,
    )


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def level_of(way: Way, device: Device) -> int:
    """AL0–AL4. Risk is not counted here: it raises the floor, and counting it twice would be a second rule."""
    full = WAYS[way][0]
    match device:
        case Device.CERTIFIED:
            return full
        case Device.REVOKED | Device.SUSPENDED:
            return 0
    if way in _WITHOUT_A_DEVICE:
        return full
    if way in _PASSKEYS and device is not Device.NONE:
        return min(full, WAYS[Way.WEB_PASSWORD][0])  # no more than the session it was used in
    return 0


def risk_of(signs: Iterable[str]) -> Risk:
    """KeyError for a sign that SIGNS does not name."""
    found = {sign: SIGNS[sign] for sign in signs}
    if len(found) > 1 or Risk.HIGH in found.values():
        return Risk.HIGH
    return Risk.RAISED if found else Risk.NORMAL


def floor_of(stakes: Stakes, *, verdict: str, risk: Risk) -> int:
    """AL1–AL4. With `sms_reject_ok` a no or a return needs a coded reply at most, before risk is added."""
    floor = max(LEAST, stakes.type_floor, stakes.step_floor, SECRECY_FLOOR[stakes.secrecy])
    if over(stakes.amount, stakes.sms_limit):
        floor = max(floor, HIGHEST_PLAIN_SMS)
    for above, wanted in stakes.thresholds:
        if over(stakes.amount, above):
            floor = max(floor, wanted)
    if verdict != "approve" and stakes.sms_reject_ok:
        floor = min(floor, REJECT_FLOOR)
    return _raised(min(floor, MOST), risk)


def _raised(floor: int, risk: Risk) -> int:
    """RAISED: one more. HIGH: one more, and a signature by a device key at least."""
    if risk is Risk.NORMAL:
        return floor
    return min(MOST, max(floor + 1, 3 if risk is Risk.HIGH else LEAST))


def over(amount: Decimal | None, limit: Decimal | None) -> bool:
    """Where there is a limit, an amount that is not known counts as over it; a refund counts by its size."""
    if limit is None:
        return False
    return amount is None or amount.is_nan() or abs(amount) > limit


def open_by_sms(stakes: Stakes, verdict: str) -> bool:
    """May a plain SMS carry this verdict, whatever its level? (Never by SMS: the hard list.)"""
    if verdict != "approve" and stakes.sms_reject_ok:
        return True
    return (
        stakes.sms == "approve"
        and stakes.secrecy is Secrecy.OPEN
        and not stakes.unread_attachment
        and not over(stakes.amount, stakes.sms_limit)
    )


def on_a_phone(secrecy: Secrecy) -> bool:
    return SECRECY_FLOOR[secrecy] < MOST


def fits_a_batch(stakes: Stakes, *, verdict: str, risk: Risk) -> bool:
    """May it be decided together with others, in one reply or one click?"""
    within = verdict != "approve" or not over(stakes.amount, stakes.batch_limit)
    return within and floor_of(stakes, verdict=verdict, risk=risk) <= BATCH_FLOOR


def judge(
    *,
    channel: str,
    level: int,
    stakes: Stakes,
    verdict: str,
    risk: Risk = Risk.NORMAL,
    batch: bool = False,
    owns: Collection[Way] | None = None,
) -> Judgement:
    """What a verdict at this level counts for. `owns`: the ways this person has (None: all); step_up names only those.

    Monotone: a higher level is never judged worse, a higher risk never better.
    """
    floor = floor_of(stakes, verdict=verdict, risk=risk)
    alone = batch and not fits_a_batch(stakes, verdict=verdict, risk=risk)
    reason, kind = _reason(channel, level, floor, stakes, verdict, alone=alone)
    ways = () if kind == "final" else ways_up(stakes, verdict=verdict, risk=risk, owns=owns)
    if reason == "below_floor" and not ways:
        reason = "below_floor_no_way"
    return Judgement(
        kind=kind,
        level=level,
        floor=floor,
        reason=reason,
        why=_say(reason, level, floor, ways),
        step_up=ways,
        restricted=is_restricted(channel, level),
    )


def is_restricted(channel: str, level: int) -> bool:
    """S6: a plain SMS counts as a restricted way, and the record says so."""
    return channel == "sms" and level <= HIGHEST_PLAIN_SMS


def _reason(
    channel: str, level: int, floor: int, stakes: Stakes, verdict: str, *, alone: bool
) -> tuple[str, Kind]:
    if level < LEAST:
        return "no_level", "refused"
    if channel in ("sms", "app") and not on_a_phone(stakes.secrecy):
        return "not_on_a_phone", "refused"
    if is_restricted(channel, level) and not open_by_sms(stakes, verdict):
        return "not_by_sms", "refused"
    if alone:
        return "alone", "refused"
    return ("enough", "final") if level >= floor else ("below_floor", "provisional")


def ways_up(
    stakes: Stakes, *, verdict: str, risk: Risk, owns: Collection[Way] | None = None
) -> tuple[Way, ...]:
    """The ways by which this verdict, alone and on a certified device, would be final; the least demanding first.

    A system answers for itself, so its callback is nobody's step up.
    """
    floor = floor_of(stakes, verdict=verdict, risk=risk)
    enough = [
        way
        for way, (level, _) in WAYS.items()
        if way is not Way.SYSTEM_CALLBACK
        and (owns is None or way in owns)
        and _reason(way.channel, level, floor, stakes, verdict, alone=False)[1] == "final"
    ]
    return tuple(sorted(enough, key=lambda way: WAYS[way][0]))


_WHY: Mapping[str, Saying] = MappingProxyType({
    "enough": Saying("保证等级AL{level},要求AL{floor}", "assurance AL{level}, AL{floor} needed"),
    "below_floor": Saying(
        "本次答复为AL{level},该事项要求AL{floor},请用以下方式之一确认:{ways_zh}",
        "the answer has AL{level}, the matter needs AL{floor}; confirm it by one of: {ways_en}",
    ),
    "below_floor_no_way": Saying(
        "本次答复为AL{level},该事项要求AL{floor},您目前没有可用的确认方式,请联系单位管理员登记设备",
        "the answer has AL{level}, the matter needs AL{floor}, and you have no way to confirm it: ask the unit administrator to enrol a device",
    ),
    "no_level": Saying("这一途径或设备不能作出决定", "no decision can be taken by this way or device"),
    "not_by_sms": Saying("该事项不宜短信办理", "this is not decided by SMS"),
    "not_on_a_phone": Saying("涉密事项不在手机上办理", "a classified matter is not decided on a phone"),
    "alone": Saying("该事项须单独办理,不能与其他事项一并答复", "this is decided alone, not together with others"),
})  # fmt: skip


def _say(reason: str, level: int, floor: int, ways: Collection[Way]) -> Saying:
    said = _WHY[reason]
    facts = {
        "level": level,
        "floor": floor,
        "ways_zh": ";".join(WAYS[way][1].zh for way in ways),
        "ways_en": "; ".join(WAYS[way][1].en for way in ways),
    }
    return Saying(said.zh.format(**facts), said.en.format(**facts))
