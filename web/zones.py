"""From which zone a request comes: `office`, `vpn` or `outside`, told by its source network. Functions of values."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Zone = Literal["office", "vpn", "outside"]
Network = IPv4Network | IPv6Network

#: this machine and the private networks (RFC 1918, RFC 4193)
PRIVATE = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")


class NetworkSettings(BaseModel):
    """Which source networks are the office and which the VPN; whose word about a source counts."""

    model_config = ConfigDict(extra="forbid")
    office: list[str] = Field(default_factory=lambda: list(PRIVATE))
    #: looked at before `office`, so that a part of a private network can be the VPN's
    vpn: list[str] = Field(default_factory=list)
    #: proxies whose X-Forwarded-For is believed
    proxies: list[str] = Field(default_factory=lambda: ["127.0.0.1", "::1"])

    @field_validator("office", "vpn", "proxies")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for text in value:
            try:
                ip_network(text)
            except ValueError:
                raise ValueError(f"{text} is no network such as 10.0.0.0/8") from None
        return value

    @property
    def zones(self) -> ZoneMap:
        return ZoneMap(self.office, self.vpn)


class ZoneMap:
    """The networks, read once."""

    def __init__(self, office: Sequence[str], vpn: Sequence[str] = ()) -> None:
        self._office = [ip_network(text) for text in office]
        self._vpn = [ip_network(text) for text in vpn]

    def zone_of(self, source: str | None) -> Zone:
        """Whatever cannot be read is outside."""
        try:
            address = ip_address((source or "").split("%", 1)[0])
        except ValueError:
            return "outside"
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        if any(address in network for network in self._vpn):
            return "vpn"
        return "office" if any(address in network for network in self._office) else "outside"
