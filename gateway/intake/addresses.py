"""Where a callback may go: the name is resolved once, every address judged, and the connection made to that address."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

#: Addresses that look private or public and serve a cloud machine its own secrets.
METADATA = frozenset(
    {ip_address("169.254.169.254"), ip_address("100.100.100.200"), ip_address("fd00:ec2::254")}
)
SHARED = ip_network("100.64.0.0/10")
TRANSLATED = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"))

Address = IPv4Address | IPv6Address


class AddressRefusedError(Exception):
    """The callback must not go there. The text names the kind of address, not what lies behind it."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What the office lets callbacks reach."""

    loopback: bool = False
    private: bool = True


@dataclass(frozen=True, slots=True)
class Pinned:
    """A URL and the addresses it stood for when it was judged."""

    url: str
    host: str
    port: int
    addresses: tuple[str, ...]


def objection(address: Address, reach: Reach) -> str | None:
    """Why nothing may be sent to this address; None when it may."""
    if isinstance(address, IPv6Address):
        inner = _inside(address)
        if inner is not None:
            return objection(inner, reach)
        if address.teredo is not None or address.sixtofour is not None:
            return "a tunnel address"
    if address in METADATA:
        return "a metadata address"
    if address.is_loopback:
        return None if reach.loopback else "a loopback address"
    if address.is_unspecified:
        return "an unspecified address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    if address.is_private or (address.version == 4 and address in SHARED):
        reserved = (
            address.is_reserved
            or str(address) == "255.255.255.255"
            or (address.version == 4 and int(address) >> 24 == 0)
        )
        return "a reserved address" if reserved else None if reach.private else "a private address"
    return None if address.is_global else "a reserved address"


def pin(url: str, reach: Reach) -> Pinned:
    """Resolve once. AddressRefusedError when any address of the name is out of reach; OSError when it has none."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    addresses = tuple(dict.fromkeys(str(entry[4][0]).split("%")[0] for entry in found))
    for text in addresses:
        reason = objection(ip_address(text), reach)
        if reason is not None:
            raise AddressRefusedError(f"the callback's host is {reason}")
    return Pinned(url, host, port, addresses)


def _inside(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one carries."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if any(address in network for network in TRANSLATED):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
