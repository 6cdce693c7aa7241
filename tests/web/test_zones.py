"""A zone is told by the source network; an auditor's account is for reading."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from web.permissions import roles_of
from web.zones import NetworkSettings, ZoneMap


@pytest.mark.parametrize(
    ("source", "zone"),
    [
        ("127.0.0.1", "office"),
        ("::1", "office"),
        ("10.9.9.9", "office"),
        ("172.16.0.1", "office"),
        ("172.32.0.1", "outside"),
        ("192.168.1.1", "office"),
        ("fd00::1", "office"),
        ("fe80::1%eth0", "outside"),
        ("::ffff:10.1.1.1", "office"),
        ("::ffff:8.8.8.8", "outside"),
        ("8.8.8.8", "outside"),
        ("testclient", "outside"),
        ("", "outside"),
        (None, "outside"),
    ],
)
def test_this_machine_and_private_networks_are_the_office_unless_set_otherwise(
    source: str | None, zone: str
) -> None:
    assert NetworkSettings().zones.zone_of(source) == zone


def test_a_part_of_a_private_network_can_be_the_vpn() -> None:
    zones = ZoneMap(["10.0.0.0/8"], ["10.200.0.0/16"])
    assert [zones.zone_of(f"10.{second}.0.1") for second in (1, 200, 201)] == ["office", "vpn", "office"]


def test_a_network_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ValidationError, match=r"10\.0\.0\.1/8 is no network"):
        NetworkSettings(office=["10.0.0.1/8"])


def test_grants_become_roles_and_others_are_left_to_the_rules_of_approvers() -> None:
    assert roles_of(["office_duty"], is_secretary=False) == {"person"}
    assert roles_of(["hr_clerk", "system_admin"], is_secretary=True) == {"person", "hr", "admin", "secretary"}
    assert roles_of(["audit_admin", "system_admin", "hr"], is_secretary=True) == {"auditor"}
