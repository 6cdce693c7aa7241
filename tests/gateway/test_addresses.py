"""Where callbacks may go, judged by address and not by name."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from gateway.intake.addresses import AddressRefusedError, Reach, objection, pin

OFFICE = Reach()
DEMO = Reach(loopback=True)


@pytest.mark.parametrize(
    "text",
    ["93.184.216.34", "2606:2800:220:1::1", "10.1.2.3", "192.168.0.9", "172.16.5.5", "fd12::1", "100.64.1.1"],
)
def test_public_and_office_addresses_are_in_reach(text: str) -> None:
    assert objection(ip_address(text), OFFICE) is None


@pytest.mark.parametrize(
    "text",
    [
        "169.254.169.254", "100.100.100.200", "fd00:ec2::254", "169.254.1.1", "fe80::1", "224.0.0.1", "ff02::1",
        "0.0.0.7", "::", "240.0.0.1", "255.255.255.255", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
    ],
)  # fmt: skip
def test_some_addresses_are_never_in_reach(text: str) -> None:
    assert objection(ip_address(text), Reach(loopback=True, private=True)) is not None


@pytest.mark.parametrize("text", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_in_reach_only_where_it_is_allowed(text: str) -> None:
    assert objection(ip_address(text), OFFICE) == "a loopback address"
    assert objection(ip_address(text), DEMO) is None


def test_private_networks_can_be_closed() -> None:
    assert objection(ip_address("10.1.2.3"), Reach(private=False)) == "a private address"


def test_a_name_is_judged_by_all_it_stands_for() -> None:
    assert pin("http://localhost:99/x", DEMO).port == 99
    with pytest.raises(AddressRefusedError, match="loopback"):
        pin("http://localhost:99/x", OFFICE)
    with pytest.raises(socket.gaierror):
        pin("http://no-such-host.invalid/", DEMO)
