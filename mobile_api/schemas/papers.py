"""Files of a matter."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from mobile_api.schemas.fields import Outgoing


class AttachmentOut(Outgoing):
    id: int
    name: str
    sha256: str
    size: int
    mime: str
    kind: str = Field(description="content, comment or signature")
    state: str = Field(description="clean, detached (taken off) or condemned (given to nobody)")
    remark_id: int | None
    decision_id: int | None
    uploaded_by: str
    at: datetime


class AttachmentsOut(Outgoing):
    items: list[AttachmentOut]
