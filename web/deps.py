"""What every route may ask for: the store and the time of the request."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends, Request

from approval_core.clock import utc_now
from approval_core.store import Store


def _store(request: Request) -> Store:
    return cast(Store, request.app.state.store)


StoreDep = Annotated[Store, Depends(_store)]
Now = Annotated[datetime, Depends(utc_now)]
