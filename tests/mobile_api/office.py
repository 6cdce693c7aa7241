"""A type of the office as its designer publishes it, and requests of it as people file them: over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from tests.approval_core.approvals.types import Plain, document
from tests.mobile_api.browser import Browser

At = Callable[..., Browser]
FORM = {"days": 3, "cost": "0.00", "note": "家事"}


def text_of(*route: Any, **settings: Any) -> str:
    return str(yaml.dump(document(*route, **settings), Dumper=Plain, allow_unicode=True))


def step(name: str, *accounts: str, **settings: Any) -> dict[str, Any]:
    rules = [{"rule": "USER", "account": account} for account in accounts]
    return {"step": name, "name": {"zh": name, "en": name}, "approvers": rules} | settings


def publish(at: At, *route: Any, **settings: Any) -> Any:
    designer = at("hy00080", role="designer")
    return designer.does("/types", {"text": text_of(*route, **settings)}, status=201)


def file(browser: Browser, *, status: int = 201, **facts: Any) -> Any:
    form = FORM | facts.pop("form", {})
    done = browser.does("/requests", {"type": "LEAVE", "form": form} | facts, status=status)
    return done["id"] if status == 201 else done


def state(browser: Browser, request_id: int) -> str:
    return str(browser.asks(f"/requests/{request_id}")["state"])
