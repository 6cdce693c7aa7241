"""Every module that declares tables, in the one list that migrations read."""

from __future__ import annotations

from importlib import import_module

from sqlalchemy import MetaData
from sqlmodel import SQLModel

MODULES = (
    "approval_core.people.models",
    "approval_core.people.accounts.models",
    "approval_core.clients.models",
    "approval_core.definitions.models",
    "approval_core.approvals.models",
    "approval_core.files.models",
    "approval_core.approvals.content_models",
    "approval_core.notices.models",
    "approval_core.inbox.models",
    "approval_core.outbox",
    "approval_core.audit",
    "approval_core.timers",
    "sms_modem.models",
    "gateway.intake.models",
)


def target() -> MetaData:
    """The schema as the code declares it."""
    for module in MODULES:
        import_module(module)
    return SQLModel.metadata
