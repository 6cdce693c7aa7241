"""Our own reading of +CMGL and +CPMS answers: the index always comes from the header line of the same entry."""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADER = re.compile(r"\+CMGL:\s*(\d+)\s*,\s*(\d+)\s*,(?:.*,)?\s*(\d+)\s*\Z", re.IGNORECASE)
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+\Z")
_FILL = re.compile(r'(?:"(\w+)"\s*,\s*)?(\d+)\s*,\s*(\d+)')


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored message. `whole` is False when the line does not have the length its header promises."""

    index: int
    status: int
    pdu: str
    whole: bool

    @property
    def received(self) -> bool:
        return self.status in (0, 1)


def read_listing(lines: list[str]) -> list[Entry]:
    """Entries in the order given. A header that no line follows is left for the next listing."""
    entries: list[Entry] = []
    header: re.Match[str] | None = None
    body: list[str] = []
    for line in [*lines, "+CMGL:"]:
        if not line.upper().startswith("+CMGL:"):
            body.append(line)
            continue
        if header is not None and body:
            entries.append(_entry(header, body))
        header, body = _HEADER.match(line), []
    return entries


def _entry(header: re.Match[str], body: list[str]) -> Entry:
    index, status, length = (int(group) for group in header.groups())
    fitting = [
        line for line in body if _HEX.match(line) and len(line) == 2 * (length + 1 + int(line[:2], 16))
    ]
    if fitting:
        return Entry(index, status, fitting[0], True)
    hexadecimal = [line for line in body if _HEX.match(line)]
    return Entry(index, status, (hexadecimal or body)[0], False)


def read_fill(lines: list[str]) -> tuple[int, int] | None:
    """Used and total of the first memory in a +CPMS answer, with or without its name."""
    for line in lines:
        if match := _FILL.search(line.partition(":")[2]):
            return int(match[2]), int(match[3])
    return None


def read_memories(lines: list[str]) -> list[str]:
    """What may be read, from AT+CPMS=?: the first group, or everything in the line when it has no groups."""
    text = " ".join(lines).partition(":")[2].strip()
    group = re.match(r"\(?\s*\(([^)]*)\)", text)
    return re.findall(r"[A-Z]{2}", (group[1] if group else text).upper())


def read_numbers(lines: list[str]) -> list[int]:
    """The whole numbers of the last line that has any after its colon: +CREG: 0,1 or +CSQ: 17,99."""
    for line in reversed(lines):
        fields = line.partition(":")[2].split(",")
        numbers = [int(field) for field in fields if field.strip().isdigit()]
        if numbers:
            return numbers
    return []
