"""The network's side of the PDUs: reads SMS-SUBMIT, writes SMS-DELIVER and SMS-STATUS-REPORT.

Written from 3GPP TS 23.038 and 23.040 and sharing nothing with the code under `gsm`, so that each checks the
other. Strict where `pdu` is lenient: a bad SMS-SUBMIT raises BadPdu.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
_FROM_EXTENSION = {code: char for char, code in EXTENSION.items()}


class BadPdu(ValueError):  # noqa: N818  # named as the office says it
    pass


@dataclass(frozen=True, slots=True)
class Piece:
    """Concatenation header: message reference, total, number from 1, width of the reference in bits."""

    reference: int
    total: int
    number: int
    bits: int = 8


@dataclass(frozen=True, slots=True)
class Submit:
    """`units` is the user data as text: UTF-16 code units for UCS-2, so that a cut pair survives until joined."""

    to: str
    units: str
    piece: Piece | None
    report: bool
    validity: int | None
    coding: int


# --- alphabets ---


def septets_of(text: str) -> list[int] | None:
    """None when the text does not fit into GSM-7."""
    out: list[int] = []
    for char in text:
        if char in EXTENSION:
            out += [0x1B, EXTENSION[char]]
        elif char != "\x1b" and char in BASIC:
            out.append(BASIC.index(char))
        else:
            return None
    return out


def text_of(septets: list[int]) -> str:
    out, at = "", 0
    while at < len(septets):
        if septets[at] == 0x1B and at + 1 < len(septets):
            at += 1
            out += _FROM_EXTENSION.get(septets[at], BASIC[septets[at]])
        else:
            out += BASIC[septets[at]]
        at += 1
    return out


def pack(septets: list[int], fill: int = 0) -> bytes:
    bits = "0" * fill if fill else ""
    bits = "".join(format(s, "07b")[::-1] for s in septets).join((bits, ""))
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8][::-1], 2) for i in range(0, len(bits), 8))


def unpack(octets: bytes, count: int, fill: int = 0) -> list[int]:
    bits = "".join(format(o, "08b")[::-1] for o in octets)[fill:]
    if len(bits) < 7 * count:
        raise BadPdu("septets missing")
    return [int(bits[7 * i : 7 * i + 7][::-1], 2) for i in range(count)]


def whole(units: str) -> str:
    """Code units to text; halves that never met become U+FFFD."""
    return units.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


# --- fields ---


def _swapped(digits: str) -> bytes:
    digits += "F" * (len(digits) % 2)
    return bytes.fromhex("".join(digits[i + 1] + digits[i] for i in range(0, len(digits), 2)))


def address(number: str) -> bytes:
    """+digits international, digits unknown, anything else alphanumeric (at most 11 GSM-7 characters)."""
    if number.startswith("+") and number[1:].isdigit():
        return bytes([len(number) - 1, 0x91]) + _swapped(number[1:])
    if number.isdigit():
        return bytes([len(number), 0x81]) + _swapped(number)
    septets = septets_of(number[:11])
    if septets is None:
        raise BadPdu(f"sender {number!r}")
    return bytes([-(-len(septets) * 7 // 4), 0xD0]) + pack(septets)


def time_stamp(when: datetime) -> bytes:
    shift = when.utcoffset()
    quarters = int(shift.total_seconds() // 900) if shift else 0
    zone = f"{abs(quarters):02d}"
    raw = bytearray(_swapped(when.strftime("%y%m%d%H%M%S") + zone))
    if quarters < 0:
        raw[6] |= 0x08
    return bytes(raw)


def _header(piece: Piece) -> bytes:
    if piece.bits == 16:
        return bytes([6, 8, 4, piece.reference >> 8, piece.reference & 255, piece.total, piece.number])
    return bytes([5, 0, 3, piece.reference, piece.total, piece.number])


# --- from the modem ---


def read_submit(tpdu: bytes) -> Submit:
    """Raises BadPdu on anything that is not a well-formed SMS-SUBMIT without a service centre's address."""
    try:
        return _read_submit(tpdu)
    except IndexError:
        raise BadPdu("cut short") from None


def _read_submit(tpdu: bytes) -> Submit:
    first, digits, kind = tpdu[0], tpdu[2], tpdu[3]
    if first & 3 != 1:
        raise BadPdu("not SMS-SUBMIT")
    end = 4 + (digits + 1) // 2
    number = "".join(f"{o & 15:X}{o >> 4:X}" for o in tpdu[4:end])[:digits]
    if not number.isdigit() or len(number) != digits:
        raise BadPdu("address")
    to = "+" + number if kind & 0x70 == 0x10 else number
    coding = tpdu[end + 1]
    at = end + 2
    validity = None
    if first & 0x18 == 0x10:
        validity, at = tpdu[at], at + 1
    elif first & 0x18:
        at += 7
    length, data = tpdu[at], tpdu[at + 1 :]
    piece, skip = None, 0
    if first & 0x40:
        skip = data[0] + 1
        piece = _read_header(data[1:skip])
    if coding & 0x0C == 0x08:
        if len(data) != length or length > 140 or (length - skip) % 2:
            raise BadPdu("user data length")
        units = "".join(chr(data[i] << 8 | data[i + 1]) for i in range(skip, length, 2))
        return Submit(to, units, piece, bool(first & 0x20), validity, coding)
    if coding & 0x0C:
        raise BadPdu("binary")
    if len(data) != (length * 7 + 7) // 8 or length > 160:
        raise BadPdu("user data length")
    headed = -(-skip * 8 // 7)
    units = text_of(unpack(data[skip:], length - headed, headed * 7 - skip * 8))
    return Submit(to, units, piece, bool(first & 0x20), validity, coding)


def _read_header(header: bytes) -> Piece | None:
    at = 0
    while at < len(header):
        kind, size = header[at], header[at + 1]
        body = header[at + 2 : at + 2 + size]
        if kind == 0 and size == 3:
            return Piece(body[0], body[1], body[2])
        if kind == 8 and size == 4:
            return Piece(body[0] << 8 | body[1], body[2], body[3], 16)
        at += 2 + size
    return None


# --- to the modem ---

_SERVICE_CENTRE = bytes.fromhex("0891683108200505F0")


def split(text: str) -> tuple[bool, list[str]]:
    """Whether GSM-7 will do, and the pieces. UCS-2 pieces are cut by code units, through an emoji if need be."""
    septets = septets_of(text)
    if septets is not None:
        if len(septets) <= 160:
            return True, [text]
        pieces, used = [""], 0
        for char in text:
            cost = 2 if char in EXTENSION else 1
            if used + cost > 152:
                pieces, used = [*pieces, ""], 0
            pieces[-1] += char
            used += cost
        return True, pieces
    raw = text.encode("utf-16-be", "surrogatepass")
    units = "".join(chr(raw[i] << 8 | raw[i + 1]) for i in range(0, len(raw), 2))
    room = 70 if len(units) <= 70 else 66
    return False, [units[i : i + room] for i in range(0, len(units), room)]


def deliver(sender: str, units: str, when: datetime, *, gsm7: bool, piece: Piece | None = None) -> str:
    """One SMS-DELIVER as hexadecimal with the service centre's address before it."""
    header = _header(piece) if piece else b""
    if gsm7:
        septets = septets_of(units) or []
        headed = -(-len(header) * 8 // 7)
        data = header + pack(septets, headed * 7 - len(header) * 8)
        length = headed + len(septets)
    else:
        data = header + b"".join(ord(u).to_bytes(2, "big") for u in units)
        length = len(data)
    first = 0x44 if piece else 0x04
    tpdu = (
        bytes([first])
        + address(sender)
        + bytes([0, 0 if gsm7 else 8])
        + time_stamp(when)
        + bytes([length])
        + data
    )
    return (_SERVICE_CENTRE + tpdu).hex().upper()


def status_report(reference: int, recipient: str, sent: datetime, settled: datetime, status: int) -> str:
    tpdu = (
        bytes([6, reference]) + address(recipient) + time_stamp(sent) + time_stamp(settled) + bytes([status])
    )
    return (_SERVICE_CENTRE + tpdu).hex().upper()


def tpdu_length(pdu: str) -> int:
    return len(pdu) // 2 - 1 - int(pdu[:2], 16)
