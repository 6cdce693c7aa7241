"""Identity as a value: who acts, and how sure the door was of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Channel = Literal["sms", "app", "web", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `name` is an account, a client's name, or `system`; it stands in the audit trail as it is."""

    kind: Literal["person", "client", "system"]
    name: str
    person_id: int | None = None
    client_id: int | None = None


SYSTEM = Actor(kind="system", name="system")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a door can show for a decision: channel, assurance level (0–4), and a reference to the raw evidence."""

    channel: Channel
    level: int
    ref: str
    #: signs of risk that the door saw (new device, unusual place, …); they only raise the floor
    signs: tuple[str, ...] = ()
