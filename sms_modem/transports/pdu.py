"""SMS-DELIVER and SMS-STATUS-REPORT read leniently (3GPP TS 23.040).

The library raises on a bad time stamp and loses the whole message; here only the time is lost. What cannot be
read at all comes back with a reason and is never dropped.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

from sms_modem.transports.base import Concat, Inbound, StatusReport, joined, storable
from sms_modem.transports.gsm_library import codecs

_EXTENDED = {
    ord(code) if isinstance(code, str) else code: char for char, code in codecs.GSM7_EXTENDED.items()
}
_EXTENDED[0x0A] = "\f"
_BASIC = codecs.GSM7_BASIC.replace("`", "§")  # the library has a backtick at 0x5F
_NIBBLES = "0123456789*#abc"


class Unreadable(ValueError):  # noqa: N818  # named as the office says it
    pass


class _Octets:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, count: int) -> bytes:
        if count > len(self._data) - self._at:
            raise Unreadable("cut short")
        self._at += count
        return self._data[self._at - count : self._at]

    def octet(self) -> int:
        return self.take(1)[0]

    def rest(self) -> bytes:
        return self._data[self._at :]


def read_pdu(text: str, memory: str = "", index: int | None = None) -> Inbound | StatusReport | None:
    """Never raises. None for what we stored ourselves (SMS-SUBMIT)."""
    try:
        data = bytes.fromhex(text)
        octets = _Octets(data)
        octets.take(octets.octet())  # the service centre's address
        first = octets.octet()
        kind = first & 3
        if kind == 1:
            return None
        if kind == 2:
            return _report(octets, text, memory, index)
        if kind == 0:
            return _deliver(octets, first, Inbound("", None, text, None, memory, index))
        reason = f"message type {kind}"
    except Unreadable as fault:
        reason = str(fault)
    except ValueError:
        reason = "not hexadecimal"
    return Inbound("", None, text, None, memory, index, undecodable=reason)


def _deliver(octets: _Octets, first: int, blank: Inbound) -> Inbound:
    sender, alphanumeric = _address(octets)
    found = replace(blank, sender=sender, alphanumeric=alphanumeric)
    try:
        octets.octet()  # protocol identifier
        coding = octets.octet()
        found = replace(found, smsc_time=_time(octets.take(7)))
        length = octets.octet()
        text, concat = _user_data(octets.rest(), length, coding, headed=bool(first & 0x40))
    except Unreadable as fault:
        return replace(found, undecodable=str(fault))
    return replace(found, text=storable(text) if concat else joined([text]), concat=concat)


def _report(octets: _Octets, pdu: str, memory: str, index: int | None) -> StatusReport:
    reference = octets.octet()
    recipient, _ = _address(octets)
    octets.take(7)
    at = _time(octets.take(7))
    status = octets.octet()
    state: Literal["delivered", "pending", "failed"] = "failed"
    if status < 0x20:
        state = "delivered"
    elif status < 0x40:
        state = "pending"  # still trying: another report follows
    return StatusReport(reference, recipient, state, at, pdu, status, memory, index)


def _address(octets: _Octets) -> tuple[str, bool]:
    digits = octets.octet()
    if digits > 20:
        raise Unreadable("address too long")
    kind = octets.octet()
    raw = octets.take((digits + 1) // 2)
    if kind & 0x70 == 0x50:
        return _septets_to_text(_unpack(raw, digits * 4 // 7)), True
    nibbles = [n for octet in raw for n in (octet & 0xF, octet >> 4)][:digits]
    number = "".join(_NIBBLES[n] for n in nibbles if n < 0xF)
    return ("+" + number if kind & 0x70 == 0x10 else number), False


def _time(raw: bytes) -> datetime | None:
    """None for a time stamp that is none."""
    values = [(octet & 0xF) * 10 + (octet >> 4) for octet in raw[:6]]
    if any(octet & 0xF > 9 or octet >> 4 > 9 for octet in raw[:6]):
        return None
    year, month, day, hour, minute, second = values
    quarters = (raw[6] & 0x7) * 10 + (raw[6] >> 4)
    shift = timedelta(minutes=15 * quarters * (-1 if raw[6] & 0x8 else 1))
    try:
        return datetime(2000 + year, month, day, hour, minute, second, tzinfo=timezone(shift)).astimezone(UTC)
    except ValueError:
        return None


def _alphabet(coding: int) -> str:
    group = coding >> 4
    if group < 0x8:  # general, and the same marked for automatic deletion
        if coding & 0x20:
            raise Unreadable("compressed")
        return ("gsm7", "octets", "ucs2", "gsm7")[coding >> 2 & 3]
    if group == 0xE:
        return "ucs2"
    return "octets" if group == 0xF and coding & 4 else "gsm7"


def _user_data(raw: bytes, length: int, coding: int, *, headed: bool) -> tuple[str, Concat | None]:
    alphabet = _alphabet(coding)
    concat, skip = None, 0
    needed = (length * 7 + 7) // 8 if alphabet == "gsm7" else length
    if len(raw) < needed:
        raise Unreadable("text cut short")
    raw = raw[:needed]
    if headed:
        skip = (raw[0] if raw else 0) + 1
        if skip > len(raw):
            raise Unreadable("header longer than the text")
        concat = _concat(raw[1:skip])
    if alphabet == "gsm7":
        return _septets_to_text(_unpack(raw, length)[(skip * 8 + 6) // 7 :]), concat
    body = raw[skip:]
    if alphabet == "octets":
        raise Unreadable("binary message")
    if len(body) % 2:
        raise Unreadable("odd UCS-2")
    text = body.decode("utf-16-be", "surrogatepass")  # a pair may be cut by the seam between two parts
    return text, concat


def _concat(header: bytes) -> Concat | None:
    at = 0
    while at + 2 <= len(header):
        kind, size = header[at], header[at + 1]
        body = header[at + 2 : at + 2 + size]
        at += 2 + size
        found = None
        if kind == 0 and len(body) == 3:
            found = Concat(body[0], body[1], body[2], 8)
        elif kind == 8 and len(body) == 4:
            found = Concat(body[0] << 8 | body[1], body[2], body[3], 16)
        if found is not None and 1 <= found.number <= found.total:
            return found if found.total > 1 else None
    return None


def _unpack(raw: bytes, count: int) -> list[int]:
    stream = int.from_bytes(raw, "little")
    return [stream >> 7 * i & 0x7F for i in range(count)]


def _septets_to_text(septets: list[int]) -> str:
    out, escaped = [], False
    for septet in septets:
        if septet == 0x1B and not escaped:
            escaped = True
            continue
        plain = _BASIC[septet] if septet != 0x1B else " "
        out.append(_EXTENDED.get(septet, plain) if escaped else plain)
        escaped = False
    return "".join(out)
