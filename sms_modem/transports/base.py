"""What a transport and the daemon say to each other: values, the Protocol, and the one exception.

The daemon drives a transport from ONE owner thread; only `wake` and `state` may be used from elsewhere.
Nothing here blocks for more than about ten seconds except `send`, where the network may take 35 s a part.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from approval_core.errors import Unavailable


class TransportDown(Unavailable):
    """The port is dead, the modem does not answer, or the SIM is locked: close, back off (≤ 10 s), open again.

    `code` says which: port_gone, no_answer, sim_locked, sim_pin_wrong, sim_missing, refused, closed.
    """


# --- out ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PartSent:
    """One part the network has taken: its number (from 1) and TP-MR, which its status report will name."""

    index: int
    reference: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One SMS to send.

    `id` must be the same at every attempt: the concatenation reference comes from it, so that the missing
    parts of a message begun before a restart join the parts on the phone. `parts_done` are the parts that an
    earlier attempt handed over; they are not sent again. `valid_minutes` becomes TP-VP (5 min steps, at least
    5, rounded down; None leaves it to the service centre).
    """

    id: int
    to: str
    text: str
    parts_done: tuple[PartSent, ...] = ()
    want_report: bool = True
    valid_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """Every part is with the network. `parts` holds the earlier ones too."""

    parts: tuple[PartSent, ...]

    @property
    def references(self) -> tuple[int, ...]:
        return tuple(part.reference for part in self.parts)


@dataclass(frozen=True, slots=True)
class Failed:
    """The missing parts were certainly NOT sent.

    `permanent`: the same text to the same number will never go. `line`: nothing can go over this transport
    now (network lost, port gone, no service centre): the queue should stand still, and this is no failure of
    the message. `reason` is stable, lower_snake_case: demo_number, bad_number, too_long, no_prompt, port_gone,
    network_lost, congestion, temporary, sim_busy, sim_full, no_service_centre, barred, unknown_number,
    rejected, modem_error, provider_error. `code` is the CMS/CME number, if one was given.
    """

    permanent: bool
    reason: str
    parts: tuple[PartSent, ...] = ()
    code: int | None = None
    line: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Part `part` left us and no acknowledgement came: it may or may not be on the air. Never resend blindly.

    A status report settles it. `expected_reference` is the TP-MR the part most likely got (modems count up),
    None when nothing is known; trust the recipient first.
    """

    reason: str
    part: int
    parts: tuple[PartSent, ...] = ()
    expected_reference: int | None = None


Outcome = Sent | Failed | Unknown

# --- in ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Concat:
    """Which part of which message: join on (sender, reference, total, bits). `number` counts from 1."""

    reference: int
    total: int
    number: int
    bits: Literal[8, 16]


@dataclass(frozen=True, slots=True)
class Inbound:
    """One stored SMS, or one part of one. `text` is None and `undecodable` says why when the PDU is beyond us.

    A bad time stamp alone leaves `smsc_time` None and the text good. The text can always be stored as UTF-8: half
    an emoji at the seam of two parts is carried as a private-use character, so put the parts in order through
    `joined`. `memory` and `index` say where it lies.
    `alphanumeric`: the sender is a name, not a number, and can never approve.
    """

    sender: str
    text: str | None
    pdu: str
    smsc_time: datetime | None
    memory: str = ""
    index: int | None = None
    concat: Concat | None = None
    undecodable: str | None = None
    alphanumeric: bool = False


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What the service centre says of one part. Key: (reference, recipient).

    `pending` = still trying, another report follows. `at` is the discharge time. `status` is TP-ST.
    A report stored on the SIM has `memory` and `index` and is deleted like an Inbound; a direct one has none.
    """

    reference: int
    recipient: str
    state: Literal["delivered", "pending", "failed"]
    at: datetime | None
    pdu: str
    status: int = 0
    memory: str = ""
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    inbound: tuple[Inbound, ...] = ()
    reports: tuple[StatusReport, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.inbound or self.reports)


_HALVES = 0x10F000 - 0xD800  # surrogates D800–DFFF are carried as U+10F000–U+10F7FF


def storable(text: str) -> str:
    """Lone surrogates, which no database takes, to private-use characters."""
    return "".join(chr(ord(c) + _HALVES) if "\ud800" <= c <= "\udfff" else c for c in text)


def joined(texts: Iterable[str]) -> str:
    """Parts in order to one text; surrogate halves at the seams meet; what stays lone becomes U+FFFD."""
    halves = "".join(
        chr(ord(c) - _HALVES) if "\U0010f000" <= c <= "\U0010f7ff" else c for c in "".join(texts)
    )
    return halves.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


# --- the transport -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ModemState:
    """For metrics and the operator. `signal` is 0–31 (CSQ), None when unknown. `since`: of `connected`."""

    name: str
    connected: bool = False
    signal: int | None = None
    registered: bool | None = None
    sim_used: int = 0
    sim_total: int = 0
    since: datetime | None = None
    last_error: str | None = None
    failures: int = 0
    model: str = ""

    @property
    def sim_nearly_full(self) -> bool:
        """80 % of any memory: time for an alarm."""
        return self.sim_total > 0 and self.sim_used * 5 >= self.sim_total * 4


class SmsTransport(Protocol):
    """One modem or provider. Every method may raise TransportDown, except `send`, `close`, `wake`."""

    name: str
    kind: Literal["own_sim", "provider"]
    allows_demo_numbers: bool
    own_number: str | None

    @property
    def state(self) -> ModemState: ...

    def open(self) -> None:
        """Open the port and set the modem up. Opening an open transport closes it first."""

    def close(self) -> None:
        """Never raises, may be called twice."""

    def fetch(self) -> Batch:
        """Everything that lies in the memories now, and the direct reports since the last call.

        Stored messages stay until `delete`, so a second call returns them again: record, commit, delete, and
        call again until the Batch is false. Direct reports are returned once, and again after an `open` unless
        they were given to `delete`.
        """

    def delete(self, received: Inbound | StatusReport) -> None:
        """After the commit, for everything a Batch held. Only takes from the SIM what was listed there since `open`."""

    def send(self, outgoing: Outgoing) -> Outcome:
        """Never raises: a dead port is Failed(line=True) before the text left, Unknown after."""

    def check(self) -> ModemState:
        """The watchdog, every 30 s: is it alive, are the settings still there (else set up again), how full."""

    def wait(self, timeout: float) -> bool:
        """Sleep until something may have arrived, the port died, or `wake` was called; False on time-out."""

    def wake(self) -> None:
        """From any thread: end the present or the next `wait` at once."""
