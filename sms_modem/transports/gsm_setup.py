"""A short set-up that any AT modem survives: what is essential is checked, the rest may be refused."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

from sms_modem.transports.base import TransportDown
from sms_modem.transports.gsm_library import ANY, NoAnswer, OwnedModem, Refused
from sms_modem.transports.listing import read_memories, read_numbers

# Never mt=2: a message routed past the memory is gone for good if we die with it.
INDICATIONS = (
    "2,1,0,1,0",
    "1,1,0,1,0",
    "2,1,0,2,0",
    "1,1,0,2,0",
    "2,1,0,0,0",
    "1,1,0,0,0",
    "3,1,0,1,0",
    "2,1",
    "1,1",
)
_REGISTERED = {1, 5, 6, 7}  # home, roaming, and the two "SMS only" of LTE


@dataclass(slots=True)
class Settings:
    """What the modem answered after set-up; the watchdog compares with it."""

    memories: list[str] = field(default_factory=list)
    indication: str | None = None
    indication_reads: str | None = None
    model: str = ""
    number: str | None = None


def set_up(modem: OwnedModem, pin: str | None, *, stored_reports: bool = False) -> Settings:
    """From any state, a half-typed message of a killed process included. Raises TransportDown."""
    settings = Settings()
    modem.echo_expected = modem.setting_up = True
    modem.quiet(0.02)
    modem.come_to_terms()
    modem.tolerant("ATE0")
    modem.tolerant("AT+CMEE=1")
    _unlock(modem, pin)
    modem.tolerant("AT+CSMS=0")  # in phase 2+ mode every report would wait for an acknowledgement
    _pdu_mode(modem)
    settings.memories = _memories(modem)
    for variant in sorted(INDICATIONS, key=lambda v: stored_reports and ",2,0" not in v):
        if modem.tolerant(f"AT+CNMI={variant}") is not None:
            settings.indication = variant
            break
    settings.indication_reads = read_indication(modem)
    settings.model = " ".join(_words(modem, command) for command in ("AT+CGMI", "AT+CGMM")).strip()
    settings.number = _own_number(modem)
    modem.booted = False  # what the set-up itself provoked
    modem.patient("AT")
    modem.echo_expected = modem.booted = False
    modem.patient("AT")
    if modem.booted:  # it echoes whatever we say: echo is no sign of a restart here
        modem.echo_expected, modem.booted = True, False
    modem.setting_up = False
    return settings


def still_set_up(modem: OwnedModem, settings: Settings) -> bool:
    """Whether what set-up left is still there."""
    if modem.booted:
        return False
    mode = modem.tolerant("AT+CMGF?", prefix="+CMGF:")
    if mode and read_numbers(mode) not in ([], [0]):
        return False
    return settings.indication_reads is None or read_indication(modem) == settings.indication_reads


def read_indication(modem: OwnedModem) -> str | None:
    lines = modem.tolerant("AT+CNMI?", prefix="+CNMI:")
    return re.sub(r"\s", "", lines[0].partition(":")[2]) if lines else None


def signal_of(modem: OwnedModem) -> int | None:
    numbers = read_numbers(modem.tolerant("AT+CSQ", prefix="+CSQ:") or [])
    return numbers[0] if numbers and numbers[0] <= 31 else None


def registration_of(modem: OwnedModem) -> bool | None:
    """None when the modem cannot say. LTE-only modems are registered under +CEREG alone."""
    known = None
    for name in ("CREG", "CEREG"):
        lines = modem.tolerant(f"AT+{name}?", prefix=f"+{name}:")
        for line in lines or []:
            fields = [part.strip() for part in line.partition(":")[2].split(",")]
            if len(fields) >= 2 and fields[1].isdigit():  # an unsolicited one has the state alone
                known = int(fields[1]) in _REGISTERED
        if known:
            return True
    return known


def _words(modem: OwnedModem, command: str) -> str:
    lines = modem.tolerant(command, prefix=command[2:] + ":", data=ANY)
    return lines[0].partition(": ")[2] or lines[0] if lines else ""


def _own_number(modem: OwnedModem) -> str | None:
    for line in modem.tolerant("AT+CNUM", prefix="+CNUM:") or []:
        if match := re.search(r'"(\+\d{6,15})"', line):
            return match[1]
    return None


def _pdu_mode(modem: OwnedModem) -> None:
    try:
        modem.patient("AT+CMGF=0")
    except Refused as refusal:
        mode = modem.tolerant("AT+CMGF?", prefix="+CMGF:")
        if mode is None or read_numbers(mode) == [0]:
            return
        raise TransportDown("refused", f"{modem.port}: no PDU mode: {refusal}") from refusal


def _memories(modem: OwnedModem) -> list[str]:
    """SM, ME and SR as far as they are there; an empty list: read what is selected, and never select."""
    offered = read_memories(modem.tolerant("AT+CPMS=?", prefix="+CPMS:") or [])
    found: list[str] = [name for name in ("SM", "ME", "SR") if name in offered]
    if "SM" not in found and "ME" not in found and "MT" in offered:
        found.insert(0, "MT")
    usable = [name for name in found if modem.tolerant(f'AT+CPMS="{name}"', prefix="+CPMS:") is not None]
    if usable:
        return usable
    # It would not say what it has: try the memory of the SIM.
    return ["SM"] if modem.tolerant('AT+CPMS="SM"', prefix="+CPMS:") is not None else []


def _unlock(modem: OwnedModem, pin: str | None) -> None:
    """The PIN is tried once; a second wrong one is a step to the PUK."""
    try:
        state = _pin_state(modem)
    except Refused as refusal:
        if refusal.kind == "CME" and refusal.code == 10:
            raise TransportDown("sim_missing", f"{modem.port}: there is no SIM") from refusal
        if refusal.kind == "CME" and refusal.code == 11:
            state = "SIM PIN"
        else:
            return  # no AT+CPIN here: a SIM without a lock, or a modem without the command
    if state in ("READY", ""):
        return
    if state != "SIM PIN":
        raise TransportDown("sim_locked", f"{modem.port}: the SIM asks for {state}")
    if pin is None:
        raise TransportDown("sim_locked", f"{modem.port}: the SIM asks for its PIN and none is configured")
    try:
        modem.command(f'AT+CPIN="{pin}"', prefix="+CPIN:", timeout=10)
    except Refused as refusal:
        raise TransportDown("sim_pin_wrong", f"{modem.port}: the SIM refuses the configured PIN") from refusal
    except NoAnswer as silence:
        raise TransportDown("no_answer", f"{modem.port}: no answer to the PIN") from silence
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            if _pin_state(modem) == "READY":
                return
        except Refused:
            pass  # still starting
        time.sleep(0.2)
    raise TransportDown("sim_locked", f"{modem.port}: the SIM is still locked after the PIN")


def _pin_state(modem: OwnedModem) -> str:
    try:
        lines = modem.command("AT+CPIN?", prefix="+CPIN:")
    except NoAnswer as silence:
        lines = silence.lines  # some modems leave out the final OK here
        if not lines:
            raise TransportDown("no_answer", f"{modem.port}: no answer to AT+CPIN?") from silence
    return lines[0].partition(":")[2].strip().upper() if lines else ""
