"""Every way our own modem can misbehave, switched at run time by tests and by the control socket."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Faults:
    """Read by the modem's thread, written by anybody; each field is one assignment.

    hang: takes bytes and says nothing. slow_prompt: seconds before the next `slow_prompts` prompts.
    lost_acknowledgements: the next n messages go on the air and nothing is answered.
    refuse_sends / refuse_prompts: one entry for each coming send, None lets it pass, a number is a CMS error.
    network_lost: CREG 0,2 and CMS 38. unsolicited: lines put behind every line of every response.
    noise: bytes put before every response. lose_indications: no +CMTI. hold_indications: +CMTI kept until
    `release`, then all at once. ack_seconds: the network's time for each message. bad_time_stamps: so many of
    the next arrivals carry a time stamp that is none. behind_prompt: text in the same write as the prompt. prompts: counts
    the prompts given. reset_during_send: the next body ends in a restart.
    """

    hang: bool = False
    slow_prompt: float = 0.0
    slow_prompts: int = 0
    lost_acknowledgements: int = 0
    refuse_sends: deque[int | None] = field(default_factory=deque)
    refuse_prompts: deque[int | None] = field(default_factory=deque)
    network_lost: bool = False
    unsolicited: tuple[str, ...] = ()
    noise: bytes = b""
    lose_indications: bool = False
    hold_indications: bool = False
    ack_seconds: float = 0.0
    bad_time_stamps: int = 0
    reset_during_send: bool = False
    behind_prompt: str = ""
    prompts: int = 0

    def set(self, name: str, value: object) -> None:
        """By name, as the control socket does. Raises AttributeError for a name that is none."""
        getattr(self, name)
        if name in ("refuse_sends", "refuse_prompts"):
            value = deque(value if isinstance(value, list | tuple) else [value])
        elif name == "unsolicited" and isinstance(value, list):
            value = tuple(value)
        elif name == "noise" and isinstance(value, str):
            value = value.encode("latin-1")
        setattr(self, name, value)

    def clear(self) -> None:
        for name, value in ((name, getattr(Faults(), name)) for name in self.__slots__):
            setattr(self, name, value)
