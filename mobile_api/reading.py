"""What was said between people about a matter, and who has looked at it: for those who have a part in it."""

from __future__ import annotations

from datetime import datetime

from approval_core.approvals import reading, talking
from approval_core.approvals.reading import ReadingView
from approval_core.approvals.talking import TalkView
from approval_core.store import Tx
from mobile_api.queries import Viewer, must_take_part


def talks_of(tx: Tx, request_id: int, *, viewer: Viewer, now: datetime) -> list[TalkView]:
    must_take_part(tx, viewer, request_id, now=now)
    return talking.talks_of(tx, request_id)


def readings_of(tx: Tx, request_id: int, *, viewer: Viewer, now: datetime) -> list[ReadingView]:
    must_take_part(tx, viewer, request_id, now=now)
    return reading.reading_of(tx, request_id)
