"""An office with a decided matter, for tests of what is given away: two leaders by SMS, one undo, one on the PC."""

from __future__ import annotations

from approval_core import audit
from approval_core.store import Store
from approval_core.timers import fire_one
from gateway import wiring
from gateway.worker import checkpoint_key
from tests.sms_modem.office import Office

SECRET = "a secret that only this test knows, and long enough"
KEY = checkpoint_key(SECRET)
PUBLIC = KEY.public_key().public_bytes_raw().hex()


def sign(office: Office) -> None:
    while office.store.write(audit.sequence, now=office.now, key=KEY, limit=7):
        office.later(seconds=1)


def decided_matter(store: Store) -> tuple[Office, int]:
    """The request is approved by both: one by SMS after he took a first answer back, the other elsewhere."""
    office = Office(store)
    first, _ = office.leader("hy00001", "李建国"), office.leader("hy00002", "王秀英")
    office.ask("hy00001", title="另一件")  # somebody else's matter stands between
    sign(office)
    request = office.ask("hy00001", "hy00002", mode="all", hold_seconds=120)
    office.later(minutes=1)
    office.reply(first, f"Y {office.code(first)} 同意，抓紧")
    sign(office)
    office.deliver()
    office.later(seconds=20)
    office.reply(first, "X")
    office.deliver()
    office.later(minutes=2)
    office.reply(first, f"Y{office.code(first)}")
    sign(office)
    office.later(minutes=3)
    office.decide_elsewhere("hy00002", request)
    office.later(minutes=20)
    while store.write(fire_one, wiring.TIMERS, now=office.now):
        office.react()
    sign(office)
    return office, request
