"""The AT side of our own modem: bytes in, bytes out, no port and no thread. PDU mode only."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sms_modem.transports.virtual_faults import Faults
from sms_modem.transports.virtual_pdu import BadPdu, Submit, read_submit, tpdu_length

Action = Callable[["AtEngine", str, str], None]
MAKER, MODEL, IMEI = "Pishi", "Virtual-1", "990000862471854"


@dataclass(slots=True)
class Stored:
    pdu: str
    read: bool = False


@dataclass(slots=True)
class Settings:
    """As after power-up, on purpose not as the gateway wants them."""

    echo: bool = True
    errors: int = 0
    text_mode: bool = True
    mode: int = 0
    arrivals: int = 0
    broadcasts: int = 0
    reports: int = 0
    buffered: int = 0
    memory: str = "SM"
    arrivals_memory: str = "SM"


@dataclass(slots=True)
class AtEngine:
    """`emit` takes bytes for the port; `put_on_air` takes a message and its TP-MR and returns a CMS error or None."""

    emit: Callable[[bytes], None]
    put_on_air: Callable[[Submit, int], int | None]
    faults: Faults
    number: str
    capacity: dict[str, int] = field(default_factory=lambda: {"SM": 50, "ME": 255})
    report_modes: tuple[int, ...] = (0, 1, 2)
    echo_at_start: bool = True
    pin: str | None = None
    memories: dict[str, dict[int, Stored]] = field(init=False)
    settings: Settings = field(init=False)
    reference: int = 0
    pin_attempts: int = 0
    waiting: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    bad_bodies: list[str] = field(default_factory=list)
    locked: bool = field(init=False)
    _buffer: bytearray = field(default_factory=bytearray)
    _body_length: int | None = None

    def __post_init__(self) -> None:
        self.memories = {name: {} for name in self.capacity}
        self.settings = Settings(echo=self.echo_at_start)
        self.locked = self.pin is not None

    def restart(self, mark: str) -> None:
        """Power-up: settings and a half-typed message are gone, what is stored stays."""
        self.settings = Settings(echo=self.echo_at_start)
        self._buffer.clear()
        self._body_length = None
        if mark:
            self.emit(f"\r\n{mark}\r\n".encode())

    # --- from the port ---

    def feed(self, data: bytes) -> None:
        for octet in data:
            if self._body_length is not None:
                self._take_body(octet)
            elif octet == 0x0D:
                line = self._buffer.decode("latin-1").strip()
                self._buffer.clear()
                if self.settings.echo:
                    self.emit(line.encode("latin-1") + b"\r")
                if line:
                    self._command(line)
            elif octet == 0x1B:
                self._buffer.clear()
            elif octet != 0x0A:
                self._buffer.append(octet)

    def _take_body(self, octet: int) -> None:
        if octet == 0x1B:
            self._buffer.clear()
            self._body_length = None
            self._respond()
        elif octet == 0x1A:
            body, length = self._buffer.decode("latin-1").strip(), self._body_length or 0
            self._buffer.clear()
            self._body_length = None
            if self.settings.echo:
                self.emit(body.encode("latin-1") + b"\x1a\r\n")
            self._send(body, length)
        else:
            self._buffer.append(octet)

    def _command(self, line: str) -> None:
        upper = line.upper()
        if not upper.startswith("AT"):
            self._fail()
            return
        name, sign, rest = upper[2:], "", ""
        for at, char in enumerate(name):
            if char in "=?":
                name, sign, rest = name[:at], char, line[2 + at + 1 :]
                break
        if self.locked and name in ("+CMGS", "+CMGL", "+CMGR", "+CMGD", "+CPMS", "+CNMI", "+CSCA"):
            self._fail("CMS", 311)
            return
        action = _ACTIONS.get(name)
        if action is None:
            self._fail()
        else:
            action(self, sign, rest)

    def _respond(self, *lines: str) -> None:
        strangers = "".join(f"\r\n{line}\r\n" for line in self.faults.unsolicited)
        out = "".join(f"\r\n{line}\r\n{strangers}" for line in lines)
        self.emit(self.faults.noise + f"{out}\r\nOK\r\n".encode())

    def _fail(self, kind: str = "", code: int = 0) -> None:
        word = f"+{kind} ERROR: {code}" if kind and (self.settings.errors or kind == "CMS") else "ERROR"
        self.emit(self.faults.noise + f"\r\n{word}\r\n".encode())

    # --- sending ---

    def _start_send(self, sign: str, rest: str) -> None:
        if sign != "=" or not rest.isdigit() or self.settings.text_mode:
            self._fail("CMS", 304)
            return
        if self.faults.refuse_prompts and (code := self.faults.refuse_prompts.popleft()) is not None:
            self._fail("CMS", code)
            return
        if self.faults.slow_prompts > 0:
            self.faults.slow_prompts -= 1
            time.sleep(self.faults.slow_prompt)
        self._body_length = int(rest)
        self.faults.prompts += 1
        self.emit(b"\r\n> " + self.faults.behind_prompt.encode())

    def _send(self, body: str, length: int) -> None:
        try:
            data = bytes.fromhex(body)
            tpdu = data[1 + data[0] :] if data else b""
            if len(tpdu) != length:
                raise BadPdu("length")
            submit = read_submit(tpdu)
        except ValueError:
            self.bad_bodies.append(body)
            self._fail("CMS", 304)
            return
        if self.faults.ack_seconds:
            time.sleep(self.faults.ack_seconds)
        code: int | None = 38 if self.faults.network_lost else None
        if code is None and self.faults.refuse_sends:
            code = self.faults.refuse_sends.popleft()
        if code is None:
            self.reference = (self.reference + 1) % 256
            code = self.put_on_air(submit, self.reference)
        if self.faults.reset_during_send:
            self.faults.reset_during_send = False
            self.restart("^SYSSTART")
        elif code is not None:
            self._fail("CMS", code)
        elif self.faults.lost_acknowledgements > 0:
            self.faults.lost_acknowledgements -= 1
        else:
            self._respond(f"+CMGS: {self.reference}")

    # --- receiving ---

    def arrive(self, pdu: str) -> None:
        """A message from the network: stored and announced, or kept by the network while there is no room."""
        if self.settings.arrivals == 2:
            self.emit(f"\r\n+CMT: ,{tpdu_length(pdu)}\r\n{pdu}\r\n".encode())
            return
        memory = self.settings.arrivals_memory
        index = self._store(memory, pdu)
        if index is None:
            self.waiting.append(pdu)
        elif self.settings.arrivals == 1:
            self._announce(f'+CMTI: "{memory}",{index}')

    def arrive_report(self, pdu: str) -> None:
        if self.settings.reports == 1:
            self.emit(f"\r\n+CDS: {tpdu_length(pdu)}\r\n{pdu}\r\n".encode())
        elif self.settings.reports == 2:
            index = self._store("SM", pdu)
            if index is not None:
                self._announce(f'+CDSI: "SM",{index}')

    def release(self) -> None:
        """What `hold_indications` kept, in one write."""
        lines, self.held[:] = list(self.held), []
        self.emit("".join(f"\r\n{line}\r\n" for line in lines).encode())

    def _announce(self, line: str) -> None:
        if self.faults.lose_indications:
            return
        if self.faults.hold_indications:
            self.held.append(line)
        else:
            self.emit(f"\r\n{line}\r\n".encode())

    def _store(self, memory: str, pdu: str) -> int | None:
        stored = self.memories[memory]
        for index in range(1, self.capacity[memory] + 1):
            if index not in stored:
                stored[index] = Stored(pdu)
                return index
        return None

    def _list(self, sign: str, rest: str) -> None:
        if sign != "=" or not rest.strip().isdigit() or self.settings.text_mode:
            self._fail("CMS", 302)
            return
        wanted = {"0": (False,), "1": (True,), "4": (False, True)}.get(rest.strip(), ())
        lines: list[str] = []
        for index, stored in sorted(self.memories[self.settings.memory].items()):
            if stored.read in wanted:
                lines += [f"+CMGL: {index},{int(stored.read)},,{tpdu_length(stored.pdu)}", stored.pdu]
                stored.read = True
        self._respond(*lines)

    def _read(self, _sign: str, rest: str) -> None:
        stored = self.memories[self.settings.memory].get(int(rest) if rest.strip().isdigit() else 0)
        if stored is None:
            self._fail("CMS", 321)
            return
        status, stored.read = int(stored.read), True
        self._respond(f"+CMGR: {status},,{tpdu_length(stored.pdu)}", stored.pdu)

    def _delete(self, _sign: str, rest: str) -> None:
        index = rest.split(",")[0].strip()
        if not index.isdigit() or self.memories[self.settings.memory].pop(int(index), None) is None:
            self._fail("CMS", 321)
            return
        self._respond()
        waiting, self.waiting[:] = list(self.waiting), []
        for pdu in waiting:
            self.arrive(pdu)

    # --- settings ---

    def _memory(self, sign: str, rest: str) -> None:
        names = [name.strip().strip('"').upper() for name in rest.split(",")]
        if sign == "=" and rest.strip() == "?":
            group = "(" + ",".join(f'"{name}"' for name in self.memories) + ")"
            self._respond(f"+CPMS: {group},{group},{group}")
            return
        if sign == "=":
            if any(name not in self.memories for name in names):
                self._fail("CMS", 302)
                return
            self.settings.memory = names[0]
            if len(names) > 2:
                self.settings.arrivals_memory = names[2]
        fills = [f"{len(self.memories[name])},{self.capacity[name]}" for name in self._chosen()]
        if sign == "?":
            fills = [f'"{name}",{fill}' for name, fill in zip(self._chosen(), fills, strict=True)]
        self._respond("+CPMS: " + ",".join(fills))

    def _chosen(self) -> tuple[str, str, str]:
        return self.settings.memory, self.settings.memory, self.settings.arrivals_memory

    def _indicate(self, sign: str, rest: str) -> None:
        now = self.settings
        if sign == "?":
            self._respond(f"+CNMI: {now.mode},{now.arrivals},{now.broadcasts},{now.reports},{now.buffered}")
            return
        values = [int(v) for v in rest.split(",") if v.strip().isdigit()]
        values += [now.mode, now.arrivals, now.broadcasts, now.reports, now.buffered][len(values) :]
        if values[0] > 2 or values[1] > 2 or values[3] not in self.report_modes:
            self._fail("CMS", 303)
            return
        now.mode, now.arrivals, now.broadcasts, now.reports, now.buffered = values[:5]
        self._respond()

    def _lock(self, sign: str, rest: str) -> None:
        if sign == "?":
            self._respond("+CPIN: SIM PIN" if self.locked else "+CPIN: READY")
            return
        self.pin_attempts += 1
        if rest.strip().strip('"') == self.pin:
            self.locked = False
            self._respond()
        else:
            self._fail("CME", 16)

    def _registration(self, sign: str, _rest: str) -> None:
        self._respond(*(["+CREG: 0,2" if self.faults.network_lost else "+CREG: 0,1"] if sign == "?" else []))

    def _signal(self, _sign: str, _rest: str) -> None:
        self._respond("+CSQ: 99,99" if self.faults.network_lost else "+CSQ: 23,99")

    def _mode(self, sign: str, rest: str) -> None:
        if sign == "?":
            self._respond(f"+CMGF: {int(self.settings.text_mode)}")
            return
        self.settings.text_mode = rest.strip() == "1"
        self._respond()

    def _errors(self, _sign: str, rest: str) -> None:
        self.settings.errors = int(rest) if rest.isdigit() else 0
        self._respond()

    def _reset(self, _sign: str, _rest: str) -> None:
        self.settings = Settings(echo=self.settings.echo)
        self._respond()


def _echo(on: bool) -> Action:
    def action(engine: AtEngine, _sign: str, _rest: str) -> None:
        engine.settings.echo = on
        engine._respond()

    return action


def _says(*lines: str) -> Action:
    return lambda engine, _sign, _rest: engine._respond(*lines)


_ACTIONS: dict[str, Action] = {
    "": _says(),
    "Z": AtEngine._reset,
    "&F": AtEngine._reset,
    "E0": _echo(False),
    "E": _echo(False),
    "E1": _echo(True),
    "+CMEE": AtEngine._errors,
    "+CPIN": AtEngine._lock,
    "+CMGF": AtEngine._mode,
    "+CSMS": _says("+CSMS: 1,1,1"),
    "+CPMS": AtEngine._memory,
    "+CNMI": AtEngine._indicate,
    "+CMGS": AtEngine._start_send,
    "+CMGL": AtEngine._list,
    "+CMGR": AtEngine._read,
    "+CMGD": AtEngine._delete,
    "+CSQ": AtEngine._signal,
    "+CREG": AtEngine._registration,
    "+COPS": _says('+COPS: 0,0,"PISHI"'),
    "+CSCA": _says('+CSCA: "+8613800250500",145'),
    "+CGMI": _says(MAKER),
    "+CGMM": _says(MODEL),
    "+CGSN": _says(IMEI),
    "+CNUM": lambda engine, _sign, _rest: engine._respond(f'+CNUM: "","{engine.number}",145'),
}
