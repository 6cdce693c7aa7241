"""A time as it may come in: with its zone, and in the years in which this office lives."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _in_our_time(moment: datetime) -> datetime:
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a time between 2000 and 2200 is expected") from None
    if not EARLIEST <= moment < LATEST:
        raise ValueError("a time between 2000 and 2200 is expected")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_in_our_time)]
