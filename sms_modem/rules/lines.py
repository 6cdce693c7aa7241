"""`pishi sms parse`: one typed line in, one JSON object out — what would this reply do?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from sms_modem.rules.reply import SIGNATURE, parse_reply, reply_as_json

_ESCAPE = re.compile(r"\\(?:([nrt\\])|u([0-9a-fA-F]{4}))")
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}
_LONE = re.compile("[\ud800-\udfff]")


def unescape(line: str) -> str:
    r"""\n \t \r \\ and \uXXXX become what they stand for; any other backslash stays as typed.

    A surrogate pair is joined to one character, a lone surrogate stays one.
    """
    text = _ESCAPE.sub(lambda found: _PLAIN[found[1]] if found[1] else chr(int(found[2], 16)), line)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def parse_lines(lines: Iterable[str], *, signature: str = SIGNATURE) -> Iterator[str]:
    """One JSON object per line, with the keys verdict, codes and comment, in characters UTF-8 can carry."""
    for line in lines:
        reply = parse_reply(unescape(line.removesuffix("\n").removesuffix("\r")), signature=signature)
        written = json.dumps(reply_as_json(reply), ensure_ascii=False)
        yield _LONE.sub(lambda found: f"\\u{ord(found[0]):04x}", written)
