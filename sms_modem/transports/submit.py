"""A text to SMS-SUBMIT PDUs, through the library's codecs.

The library's whole-message encoder is not used, only its parts: its alphabet has a backtick where the standard
has a section sign, it raises TypeError on "ÿ", and it cuts emoji in two. What is ours: characters outside the BMP go as surrogate pairs (the library raises ValueError), no part ends
inside a pair or inside an escape, all parts share one alphabet, and the concatenation reference is the
caller's (the library starts at 0 in every process, so that phones join parts of two messages).
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import timedelta

from sms_modem.transports.gsm_library import codecs

MOST_PARTS = 10
_NUMBER = re.compile(r"\+?[0-9]{3,15}\Z")
_MISTAKEN = {"`", "\xff", "\x1b"}  # in the library's tables, and not what the network understands
_LONGEST = timedelta(days=441)


class Unsendable(ValueError):  # noqa: N818  # named as the office says it
    """`args[0]` is bad_number or too_long."""


@dataclass(frozen=True, slots=True)
class Pdu:
    hex: str
    tpdu_length: int


def concat_reference(message_id: int, to: str) -> int:
    """The same at every attempt; starts anywhere per number; differs for 256 messages in a row to one number."""
    return (zlib.crc32(to.encode()) + message_id) & 0xFF


def units(text: str) -> str:
    """One character per UTF-16 code unit: what UCS-2 counts and the library can encode."""
    raw = text.encode("utf-16-be", "surrogatepass")
    return "".join(chr(raw[i] << 8 | raw[i + 1]) for i in range(0, len(raw), 2))


def is_gsm7(text: str) -> bool:
    if _MISTAKEN & set(text):
        return False
    return all(char in codecs.GSM7_BASIC or char in codecs.GSM7_EXTENDED for char in text)


def submit_pdus(to: str, text: str, *, reference: int, report: bool, valid_minutes: int | None) -> list[Pdu]:
    """Raises Unsendable. `reference` is the 8-bit concatenation reference."""
    if not _NUMBER.match(to):
        raise Unsendable("bad_number")
    validity = None if valid_minutes is None else min(timedelta(minutes=max(5, valid_minutes)), _LONGEST)
    gsm7 = is_gsm7(text)
    body = text if gsm7 else units(text)
    pieces = _pieces(body, gsm7)
    if len(pieces) > MOST_PARTS:
        raise Unsendable("too_long")
    headed = 0x40 if len(pieces) > 1 else 0
    head = bytearray([0x01 | headed | (0x20 if report else 0) | (0x10 if validity else 0), 0])
    head += codecs._encodeAddressField(to) + bytearray([0, 0 if gsm7 else 8])
    if validity is not None:
        head.append(codecs._encodeRelativeValidityPeriod(validity))
    tpdus = []
    for number, piece in enumerate(pieces, 1):
        header = _header(reference, len(pieces), number) if headed else b""
        tpdus.append(head + _user_data(piece, gsm7, header))
    return [Pdu("00" + tpdu.hex().upper(), len(tpdu)) for tpdu in tpdus]


def _header(reference: int, total: int, number: int) -> bytes:
    part = codecs.Concatenation()
    part.reference, part.parts, part.number = reference, total, number
    element = part.encode()
    return bytes([len(element), *element])


def _user_data(piece: str, gsm7: bool, header: bytes) -> bytearray:
    if gsm7:
        septets = codecs.encodeGsm7(piece)
        if not header:
            return bytearray([len(septets), *codecs.packSeptets(septets)])
        packed = codecs.packSeptets(septets, padBits=6)  # six octets are 7 septets with one bit to fill
        return bytearray([len(septets) + 7, *header, *packed])
    octets = codecs.encodeUcs2(piece)
    return bytearray([len(octets) + len(header), *header, *octets])


def _cost(char: str, gsm7: bool) -> int:
    return 2 if gsm7 and char not in codecs.GSM7_BASIC else 1


def _pieces(body: str, gsm7: bool) -> list[str]:
    """Whole text if it fits into one SMS, else pieces that end neither in an escape nor inside a pair."""
    whole, room = (160, 153) if gsm7 else (70, 67)
    if sum(_cost(char, gsm7) for char in body) <= whole:
        return [body]
    pieces, piece, used = [], "", 0
    for at, char in enumerate(body):
        pair = not gsm7 and "\ud800" <= char <= "\udbff" and "\udc00" <= body[at + 1 : at + 2] <= "\udfff"
        cost = 2 if pair else _cost(char, gsm7)
        if used + cost > room:
            pieces.append(piece)
            piece, used = "", 0
        piece += char
        used += _cost(char, gsm7)
    return [*pieces, piece]
