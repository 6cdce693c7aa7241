"""An office on each engine."""

from __future__ import annotations

import pytest

from approval_core.store import Store
from tests.sms_modem.office import Office


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)
