"""What a client may be called, may do, and where its callbacks may go. Functions of values."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import unquote

from approval_core.errors import Invalid

#: What a key may be allowed to do: push approvals in; ask for a hold of its own.
SCOPES = ("approvals", "hold")

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{1,46}")
_URL = re.compile(r"(https?)://([^/?#]+)([^?#]*)(\?[^#]*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([0-9]{1,5}))?", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_ONLY_DIGITS = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
_NOT_IN_URL = re.compile(r"[^\x21-\x7e]|[\\\"<>^`{|}]")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    scheme: str
    host: str
    port: int
    path: str
    query: str


def digest(key: str) -> str:
    """What is kept of a key. Any text has one, so that any text can be asked for and not be found."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def client_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise Invalid("bad_name", "A client's name is 2 to 47 of a-z, 0-9, underscore and hyphen.")
    return name


def scopes(wanted: Iterable[str]) -> list[str]:
    asked = sorted(set(wanted))
    unknown = [scope for scope in asked if scope not in SCOPES]
    if unknown:
        raise Invalid(
            "unknown_scope", f"There is no scope {unknown[0]}.", unknown=unknown, known=list(SCOPES)
        )
    return asked


def callback_prefix(prefix: str) -> str:
    """A prefix is an absolute http(s) address without user, query and fragment; kept in its normal form."""
    address = parse(prefix)
    if address is None or address.query or "?" in prefix:
        raise Invalid(
            "bad_prefix", "A callback prefix is an http(s) address without user, query and fragment."
        )
    port = "" if address.port == _DEFAULT_PORTS[address.scheme] else f":{address.port}"
    return f"{address.scheme}://{address.host}{port}{address.path}"


def callback_allowed(url: str, prefixes: Collection[str]) -> bool:
    """True when the address is under one of the prefixes: same scheme, host and port, and a path that
    continues at a slash. Whatever two readers of an address could understand differently is refused."""
    address = parse(url)
    return address is not None and any(_under(address, prefix) for prefix in prefixes)


def _under(address: Address, prefix: str) -> bool:
    root = parse(prefix)
    if root is None or (address.scheme, address.host, address.port) != (root.scheme, root.host, root.port):
        return False
    below = root.path if root.path.endswith("/") else root.path + "/"
    return address.path == root.path or address.path.startswith(below)


def parse(url: str) -> Address | None:
    """The parts of an address nobody can misread, or None. Never raises."""
    if len(url) > 2000 or _NOT_IN_URL.search(url) or _BROKEN_ESCAPE.search(url):
        return None
    parts = _URL.fullmatch(url)
    if parts is None:
        return None
    scheme, path = parts[1].lower(), parts[3] or "/"
    authority = _AUTHORITY.fullmatch(parts[2])
    if authority is None or not _plain_path(path):
        return None
    host = _host(authority[1].lower())
    port = int(authority[2]) if authority[2] else _DEFAULT_PORTS[scheme]
    if host is None or not 0 < port < 65536:
        return None
    return Address(scheme, host, port, path, (parts[4] or "")[1:])


def _host(host: str) -> str | None:
    """A name, a dotted IPv4 address or a bracketed IPv6 address. No number that a resolver would turn into one."""
    if host.startswith("["):
        try:
            return f"[{IPv6Address(host[1:-1]).compressed}]"
        except ValueError:
            return None
    labels = host.split(".")
    if _ONLY_DIGITS.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(host))
        except ValueError:
            return None
    named = len(host) <= 253 and all(_LABEL.fullmatch(label) for label in labels)
    return host if named else None


def _plain_path(path: str) -> bool:
    """No dot segment and no hidden slash, however often it was escaped and whatever follows a semicolon."""
    while True:
        if "\\" in path or any(segment.split(";")[0] in {".", ".."} for segment in path.split("/")):
            return False
        opened = unquote(path)
        if opened == path:
            return not re.search(r"[\x00-\x1f\x7f]", path)
        if opened.count("/") != path.count("/"):
            return False
        path = opened
