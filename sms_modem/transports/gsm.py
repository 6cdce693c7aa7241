"""A GSM modem on a serial line: what goes out, what comes in, and how it is kept alive.

One owner thread calls everything but `wake` and `state`. Any fault of the port is TransportDown; the owner
closes, backs off and opens again by the same (stable) path.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, TypeVar

from approval_core.clock import utc_now
from sms_modem.transports import gsm_setup
from sms_modem.transports.base import (
    Batch,
    Failed,
    Inbound,
    ModemState,
    Outcome,
    Outgoing,
    PartSent,
    Sent,
    StatusReport,
    TransportDown,
    Unknown,
)
from sms_modem.transports.cms_errors import ANSWER_LOST, failure
from sms_modem.transports.gsm_library import CTRL_Z, NoAnswer, OwnedModem, Refused, is_busy
from sms_modem.transports.gsm_memory import Memories
from sms_modem.transports.listing import read_numbers
from sms_modem.transports.submit import Pdu, Unsendable, concat_reference, submit_pdus

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. The network may take half a minute to acknowledge; a prompt takes milliseconds."""

    answer: float = 5.0
    prompt: float = 5.0
    acknowledgement: float = 35.0
    listing: float = 10.0
    prompt_attempts: int = 2
    busy_pauses: tuple[float, ...] = (0.2, 0.4, 0.8, 1.6)


class GsmTransport:
    """`SmsTransport` over python-gsmmodem-new, PDU mode only."""

    kind: Literal["own_sim", "provider"] = "own_sim"

    def __init__(
        self,
        device: str,
        *,
        name: str = "",
        pin: str | None = None,
        baudrate: int = 115200,
        flow_control: bool = False,
        own_number: str | None = None,
        demo_prefix: str | None = None,
        allows_demo_numbers: bool = False,
        stored_reports: bool = False,
        patience: Patience | None = None,
    ) -> None:
        """`stored_reports`: ask for reports in the memory (+CDSI) before direct ones (+CDS). They survive a
        restart of ours, and take places on the SIM."""
        self.name = name or device
        self.allows_demo_numbers = allows_demo_numbers
        self.own_number = own_number
        self._configured_number = own_number
        self._device, self._baudrate, self._flow_control = device, baudrate, flow_control
        self._pin, self._pin_refused = pin, False
        self._demo_prefix = demo_prefix
        self._stored_reports = stored_reports
        self._patience = patience or Patience()
        self._awake = threading.Event()
        self._modem: OwnedModem | None = None
        self._settings = gsm_setup.Settings()
        self._state = ModemState(self.name)
        self._memories = Memories(self._patience.listing)
        self._last_reference: int | None = None

    @property
    def state(self) -> ModemState:
        return self._state

    # --- alive or not ---

    def open(self) -> None:
        self.close()
        self._memories.forget()
        modem = OwnedModem(
            self._device,
            self._baudrate,
            self._awake,
            flow_control=self._flow_control,
            patience=self._patience.answer,
        )
        try:
            modem.connect()
            self._modem = modem
            self._set_up(modem)
            self._look(modem)
        except TransportDown as down:
            self._fall(down)
            raise
        self._awake.set()

    def close(self) -> None:
        modem, self._modem = self._modem, None
        if modem is None:
            return
        modem.close()
        self._memories.keep_direct(modem.direct)
        if self._state.connected:
            self._state = replace(self._state, connected=False, since=utc_now())

    def check(self) -> ModemState:
        return self._guarded(self._watch)

    def wait(self, timeout: float) -> bool:
        if self._memories.direct_waiting or (
            self._modem is not None and (self._modem.direct or self._modem.fault)
        ):
            self._awake.clear()
            return True
        woken = self._awake.wait(timeout)
        self._awake.clear()
        return woken

    def wake(self) -> None:
        self._awake.set()

    def _set_up(self, modem: OwnedModem) -> None:
        if self._pin_refused:
            raise TransportDown(
                "sim_pin_wrong", f"{self.name}: the PIN was refused; correct it and start again"
            )
        try:
            self._settings = gsm_setup.set_up(modem, self._pin, stored_reports=self._stored_reports)
        except TransportDown as down:
            self._pin_refused = down.code == "sim_pin_wrong"
            raise
        except Refused as refusal:
            raise TransportDown("refused", f"{self.name}: {refusal}") from refusal
        self._memories.unselect()
        self.own_number = self._configured_number or self._settings.number

    def _watch(self, modem: OwnedModem) -> ModemState:
        modem.patient("AT")
        if not gsm_setup.still_set_up(modem, self._settings):
            self._set_up(modem)
            self._awake.set()  # indications were lost for a while: look into the memories
        self._look(modem)
        return self._state

    def _look(self, modem: OwnedModem) -> None:
        for memory in self._settings.memories or [""]:
            self._memories.select(modem, memory)
        used, total = self._memories.fullest
        self._state = replace(
            self._state,
            connected=True,
            since=self._state.since if self._state.connected else utc_now(),
            signal=gsm_setup.signal_of(modem),
            registered=gsm_setup.registration_of(modem),
            sim_used=used,
            sim_total=total,
            model=self._settings.model,
        )

    def _fall(self, down: TransportDown) -> None:
        since = utc_now() if self._state.connected or self._state.since is None else self._state.since
        self._state = replace(
            self._state,
            connected=False,
            since=since,
            last_error=f"{down.code}: {down.message}",
            failures=self._state.failures + 1,
        )
        self.close()

    def _guarded(self, work: Callable[[OwnedModem], T]) -> T:
        """Settings first if the modem started anew; whatever the modem refuses here means: open it again."""
        modem = self._modem
        if modem is None:
            raise TransportDown("closed", f"{self.name} is not open")
        try:
            if modem.booted:
                self._set_up(modem)
            return work(modem)
        except TransportDown as down:
            self._fall(down)
            raise
        except Refused as refusal:
            refused = TransportDown("refused", f"{self.name}: {refusal}")
            self._fall(refused)
            raise refused from refusal

    # --- in ---

    def fetch(self) -> Batch:
        return self._guarded(self._fetch)

    def delete(self, received: Inbound | StatusReport) -> None:
        if self._memories.holds(received):
            self._guarded(lambda modem: self._memories.delete(modem, received))

    def _fetch(self, modem: OwnedModem) -> Batch:
        named = [memory for memory in self._settings.memories if memory in modem.dirty]
        strange = modem.dirty - set(self._settings.memories)
        modem.dirty.clear()
        memories = named if named and not strange else self._settings.memories or [""]
        inbound: list[Inbound] = []
        reports: list[StatusReport] = []
        stored = self._memories.list_all(modem, memories)
        self._memories.keep_direct(modem.direct.popleft() for _ in range(len(modem.direct)))
        for found in (*stored, *self._memories.take_direct()):
            if isinstance(found, Inbound):
                inbound.append(found)
            else:
                reports.append(found)
        return Batch(tuple(inbound), tuple(reports))

    # --- out ---

    def send(self, outgoing: Outgoing) -> Outcome:
        parts = {part.index: part for part in outgoing.parts_done}

        def done() -> tuple[PartSent, ...]:
            return tuple(parts[index] for index in sorted(parts))

        if self._demo_prefix and outgoing.to.startswith(self._demo_prefix) and not self.allows_demo_numbers:
            return Failed(True, "demo_number", done())
        try:
            pdus = submit_pdus(
                outgoing.to,
                outgoing.text,
                reference=concat_reference(outgoing.id, outgoing.to),
                report=outgoing.want_report,
                valid_minutes=outgoing.valid_minutes,
            )
        except Unsendable as fault:
            return Failed(True, str(fault), done())
        for index, pdu in enumerate(pdus, 1):
            if index in parts:
                continue
            result = self._send_part(pdu, index, done())
            if not isinstance(result, PartSent):
                return result
            parts[index] = result
        return Sent(done())

    def _send_part(self, pdu: Pdu, index: int, done: tuple[PartSent, ...]) -> PartSent | Failed | Unknown:
        refusal: Refused | None = None
        for pause in (*self._patience.busy_pauses, None):
            try:
                self._guarded(lambda modem: self._reach_prompt(modem, pdu))
            except _Refusal as refused:
                refusal = refused.refusal
            except NoAnswer:
                return Failed(False, "no_prompt", done)
            except TransportDown as down:
                return Failed(False, down.code, done, line=True)
            else:
                answer = self._hand_over(pdu, index, done)
                if not isinstance(answer, Refused):
                    return answer
                refusal = answer
            if pause is None or not is_busy(refusal):
                break
            time.sleep(pause)
        assert refusal is not None  # noqa: S101  # the loop left only through a refusal
        return failure(refusal.kind, refusal.code, done)

    def _reach_prompt(self, modem: OwnedModem, pdu: Pdu) -> None:
        """Raises _Refusal, NoAnswer (after ESC: nothing was sent and the modem is in step again), TransportDown."""
        for attempt in range(self._patience.prompt_attempts):
            try:
                modem.command(f"AT+CMGS={pdu.tpdu_length}", prompt=True, timeout=self._patience.prompt)
            except Refused as refusal:
                raise _Refusal(refusal) from refusal
            except NoAnswer:
                modem.come_to_terms()
                if attempt + 1 == self._patience.prompt_attempts:
                    raise
            else:
                return

    def _hand_over(
        self, pdu: Pdu, index: int, done: tuple[PartSent, ...]
    ) -> PartSent | Refused | Unknown | Failed:
        """From here on the part may be on the air: only an answer of the modem says that it is not."""
        modem = self._modem
        expected = None if self._last_reference is None else (self._last_reference + 1) & 0xFF
        lost = "no_reference"
        if modem is None or modem.fault:
            return Failed(False, "port_gone", done, line=True)
        try:
            lines = modem.command(
                pdu.hex, prefix="+CMGS:", end=CTRL_Z, timeout=self._patience.acknowledgement
            )
        except Refused as refusal:
            if (refusal.kind, refusal.code) != ("CMS", ANSWER_LOST):
                return refusal
            return Unknown("network_timeout", index, done, expected)
        except TransportDown as down:
            self._fall(down)
            return Unknown(
                "modem_reset" if down.code == "modem_reset" else "port_lost", index, done, expected
            )
        except NoAnswer as silence:
            lines, lost = silence.lines, "no_acknowledgement"
            self._step_in(modem)
        numbers = read_numbers([line for line in lines if re.match(r"\+CMGS:", line, re.IGNORECASE)])
        if not numbers:
            return Unknown(lost, index, done, expected)
        self._last_reference = numbers[0] & 0xFF
        return PartSent(index, self._last_reference)

    def _step_in(self, modem: OwnedModem) -> None:
        try:
            modem.come_to_terms()
        except TransportDown as down:
            self._fall(down)


class _Refusal(Exception):  # noqa: N818  # carries a refusal past `_guarded`, which would close the modem on it
    def __init__(self, refusal: Refused) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal
