"""python-gsmmodem-new, wrapped and not trusted.

Kept of the library: the port object, the write path that waits for a response, the PDU codecs. Replaced: the
read loop, the matching of lines, the error handling of `write`, `connect` (it asks forty questions that many
modems do not answer), and every callback: a line nobody asked for only sets an event.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable

import serial

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the library's source has invalid escapes and compares with `is`
    from gsmmodem import pdu as codecs
    from gsmmodem.exceptions import TimeoutException
    from gsmmodem.modem import GsmModem

from sms_modem.transports.base import TransportDown

logging.getLogger("gsmmodem").setLevel(logging.WARNING)  # at DEBUG it writes down every text and the PIN

__all__ = ["ANY", "HEX", "NOTHING", "NoAnswer", "OwnedModem", "Refused", "codecs"]

ESC, CTRL_Z, CR = "\x1b", "\x1a", "\r"
NOTHING, HEX, ANY = "nothing", "hex", "any"  # which lines beside those with the prefix belong to a response

_FINAL = re.compile(r"(?:OK|ERROR|\+CM[ES] ERROR:.*|COMMAND NOT SUPPORT|TOO MANY PARAMETERS)\Z")
_ERROR = re.compile(r"\+(CM[ES]) ERROR:\s*(.*)\Z")
_HEX = re.compile(r"[0-9A-Fa-f]{8,}\Z")
_STRANGER = re.compile(
    r"[+^%*#$&!]|(?:RING|NO CARRIER|BUSY|NO ANSWER|NO DIALTONE|CONNECT|RDY|CALL READY|SMS READY|SMS DONE|PB DONE"
    r"|NORMAL POWER DOWN|POWER DOWN|UNDER-VOLTAGE.*|OVER-VOLTAGE.*|STIN:.*|HANGUP:.*|VOICE CALL:.*)\Z",
    re.IGNORECASE,
)
_BOOTED = re.compile(
    r"(?:\^SYSSTART.*|RDY|\+CPIN:\s*READY|CALL READY|SMS READY|SMS DONE|PB DONE)\Z", re.IGNORECASE
)
_STORED = re.compile(r'\+(?:CMTI|CDSI):\s*"?(\w+)"?\s*,\s*\d+')
_DIRECT = re.compile(r"\+(?:CDS|CMT):\s*(?:.*,)?\s*(\d+)\s*\Z")
_BUSY_TEXT = {"SIM BUSY": 314, "MEMORY FULL": 322, "NO NETWORK SERVICE": 331, "NETWORK TIMEOUT": 332}
_PORT_LOST, _RESET = "<port lost>", "<reset>"


class Refused(Exception):  # noqa: N818  # the modem's own answer, named as the office says it
    """The modem answered with an error. `kind` is CMS, CME or "" (a bare ERROR); `code` its number if given."""

    def __init__(self, command: str, kind: str = "", code: int | None = None, words: str = "") -> None:
        super().__init__(f"{command.split('=')[0]}: {kind or 'ERROR'} {code if code is not None else words}")
        self.kind, self.code, self.words = kind, code, words


class NoAnswer(Exception):  # noqa: N818  # silence, not an error of ours
    """No final line in time. `lines` is what came."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("no answer")
        self.lines = lines


class Port(serial.Serial):  # type: ignore[misc]  # pyserial ships no types
    """Opening throws nothing away: a report that came while nobody read may still lie in the line's buffer."""

    def _reset_input_buffer(self) -> None:
        pass


class OwnedModem(GsmModem):  # type: ignore[misc]  # the library ships no types
    """The library's modem with one owner thread. `awake` is set by whatever may need attention."""

    def __init__(
        self,
        port: str,
        baudrate: int,
        awake: threading.Event,
        *,
        flow_control: bool = False,
        patience: float = 5.0,
    ) -> None:
        super().__init__(port, baudrate)
        self._patience = patience
        self._flow_control = flow_control
        self._awake = awake
        self.fault: str | None = None
        self.booted = False  # the modem started anew by itself: settings are gone
        self.setting_up = True  # signs of a start are expected
        self.echo_expected = True  # until ATE0 has been seen to work
        self.dirty: set[str] = set()  # memories named by +CMTI/+CDSI since the last listing
        self.direct: deque[str] = deque()
        self._prefix, self._data, self._sent = "", NOTHING, ""
        self._direct_length: int | None = None
        self._heard = 0.0

    # --- the port ---

    def connect(self, pin: str | None = None, waitingForModemToStartInSeconds: int = 0) -> None:  # noqa: ARG002, N803  # the library's signature
        """Open the port only; `gsm_setup` does the talking."""
        try:
            self.serial = Port(
                self.port,
                self.baudrate,
                timeout=0.5,
                write_timeout=5,
                rtscts=self._flow_control,
                exclusive=True,
            )
        except (OSError, ValueError) as error:
            raise TransportDown("port_gone", f"{self.port}: {error}") from error
        self.alive = True
        self.rxThread = threading.Thread(target=self._readLoop, name=f"modem {self.port}", daemon=True)
        self.rxThread.start()

    def close(self) -> None:
        self.alive = False
        port = getattr(self, "serial", None)
        if port is None:
            return
        with contextlib.suppress(OSError, AttributeError, TypeError, ValueError):
            port.cancel_read()
        self.rxThread.join(2)
        with contextlib.suppress(OSError):
            port.close()

    def _readLoop(self) -> None:  # noqa: N802  # the library's name
        """Bytes to lines, latin-1, ends of line of any kind. Whatever goes wrong ends it and frees the waiter."""
        buffer = b""
        try:
            while self.alive:
                data = self.serial.read(1)
                if not data:
                    continue
                if waiting := self.serial.in_waiting:
                    data += self.serial.read(waiting)
                self._heard = time.monotonic()
                *lines, buffer = re.split(rb"[\r\n]", buffer + data)
                for line in lines:
                    self._take(line)
                if self._expectResponseTermSeq and re.sub(rb"[^!-~]", b"", buffer) == b">":
                    buffer = b""
                    self._answer(">", final=True)
        except Exception as error:  # noqa: BLE001  # a dead reader that nobody notices is the library's worst fault
            self._lose(str(error) or type(error).__name__)
        else:
            self._lose("closed")

    def _lose(self, reason: str) -> None:
        self.alive = False
        self.fault = self.fault or reason
        self._answer(_PORT_LOST, final=True)
        self._awake.set()

    # --- lines ---

    def _take(self, raw: bytes) -> None:
        line = "".join(c for c in raw.decode("latin-1") if " " <= c <= "~").strip()
        if line == ">" and self._expectResponseTermSeq:  # something followed the prompt at once
            self._answer(line, final=True)
            return
        if line.startswith(">"):  # a prompt that came late, or stands before an echo
            line = line[1:].strip()
        if line:
            self._handleLineRead(line)

    def _handleLineRead(self, line: str, checkForResponseTerm: bool = True) -> None:  # noqa: ARG002, N802, N803
        waiting = self._responseEvent is not None and not self._responseEvent.is_set()
        if self._is_direct(line, waiting):
            return
        if waiting:
            if self._sent and line == self._sent:
                self._see_echo()
                return
            if _FINAL.match(line):
                self._answer(line, final=True)
                return
            if self._belongs(line):
                self._answer(line, final=False)
                return
        self._unsolicited(line)

    def _belongs(self, line: str) -> bool:
        if self._prefix and line.upper().startswith(self._prefix):
            return True
        if self._data == NOTHING:
            return False
        return bool(_HEX.match(line)) or (self._data == ANY and not _STRANGER.match(line))

    def _answer(self, line: str, *, final: bool) -> None:
        event, response = self._responseEvent, self._response
        if event is not None and response is not None and not event.is_set():
            response.append(line)
            if final:
                event.set()

    def _see_echo(self) -> None:
        if not self.echo_expected and self._sent.startswith("AT"):  # some echo a body whatever was set
            self.booted = True

    def _is_direct(self, line: str, waiting: bool) -> bool:
        """+CDS (and +CMT, never asked for) has two lines; the second is no line of the response around it."""
        if match := _DIRECT.match(line):
            self._direct_length = int(match[1])
            return True
        length, self._direct_length = self._direct_length, None
        if length is None:
            return False
        if not _HEX.match(line):
            self._direct_length = length  # something slipped between the two lines
            return False
        if waiting and len(line) != 2 * (length + 1 + int(line[:2], 16)):
            return False
        self.direct.append(line)
        self._awake.set()
        return True

    def _unsolicited(self, line: str) -> None:
        if match := _STORED.match(line):
            self.dirty.add(match[1].upper())
            self._awake.set()
        elif _BOOTED.match(line):
            self.booted = True
            if not self.setting_up:
                self._answer(_RESET, final=True)  # nothing that was asked before will be answered
            self._awake.set()

    # --- commands ---

    def command(
        self,
        text: str,
        *,
        prefix: str = "",
        data: str = NOTHING,
        timeout: float | None = None,
        prompt: bool = False,
        end: str = CR,
    ) -> list[str]:
        """One command, its response lines without the final one. Raises Refused, NoAnswer, TransportDown."""
        self._check_alive()
        self._prefix, self._data, self._sent = prefix, data, text
        try:
            lines: list[str] = self.write(
                text,
                timeout=self._patience if timeout is None else timeout,
                parseError=False,  # the library would retry SIM busy for ever
                writeTerm=end,
                expectedResponseTermSeq=">" if prompt else None,
            )
        except TimeoutException as silence:
            self._check_alive()
            raise NoAnswer(list(silence.data or [])) from None
        except OSError as error:
            self.fault = self.fault or str(error)
            raise TransportDown("port_gone", f"{self.port}: {error}") from error
        finally:
            self._responseEvent = None
            self._expectResponseTermSeq = None
            self._sent = ""
        return self._read_final(text, lines, prompt)

    def _read_final(self, text: str, lines: list[str], prompt: bool) -> list[str]:
        *body, final = lines
        if final == _PORT_LOST:
            self._check_alive()
        if final == _RESET:
            raise TransportDown("modem_reset", f"{self.port}: the modem started anew")
        if match := _ERROR.match(final):
            words = match[2].strip()
            code = int(words) if words.isdigit() else _BUSY_TEXT.get(words.upper())
            raise Refused(text, match[1], code, words)
        if final not in ("OK", ">"):
            raise Refused(text, words=final)
        if prompt and final != ">":
            raise Refused(text, words="no prompt")
        return body

    def _check_alive(self) -> None:
        if self.fault is not None or not self.alive:
            raise TransportDown("port_gone", f"{self.port}: {self.fault or 'closed'}")

    def patient(
        self, text: str, *, prefix: str = "", data: str = NOTHING, timeout: float | None = None
    ) -> list[str]:
        """As `command`; a busy SIM is asked again, five times at the most; silence is TransportDown."""
        for pause in (0.2, 0.4, 0.8, 1.6, None):
            try:
                return self.command(text, prefix=prefix, data=data, timeout=timeout)
            except NoAnswer:
                raise TransportDown("no_answer", f"{self.port}: no answer to {text.split('=')[0]}") from None
            except Refused as refusal:
                if pause is None or not is_busy(refusal):
                    raise
                time.sleep(pause)
        raise AssertionError("unreachable")

    def tolerant(
        self, text: str, *, prefix: str = "", data: str = NOTHING, timeout: float | None = None
    ) -> list[str] | None:
        """As `patient`; None where the modem refuses."""
        with contextlib.suppress(Refused):
            return self.patient(text, prefix=prefix, data=data, timeout=timeout)
        return None

    def quiet(self, span: float, limit: float = 3.0, pause: Callable[[float], None] = time.sleep) -> None:
        """Until nothing has been heard for `span` seconds."""
        start = time.monotonic()
        while (now := time.monotonic()) - start < limit and now - max(self._heard, start) < span:
            pause(0.02)

    def come_to_terms(self, attempts: int = 3) -> None:
        """Out of any half-typed message, then AT until it is answered and nothing stale is left."""
        timeout = min(1.5, self._patience)
        for _ in range(attempts):
            self._check_alive()
            try:
                self.write(ESC, waitForResponse=False, writeTerm="")
                self.quiet(0.05)
                self.command("AT", timeout=timeout)
            except (NoAnswer, Refused):
                continue
            except OSError as error:
                raise TransportDown("port_gone", f"{self.port}: {error}") from error
            self.quiet(0.05)
            with contextlib.suppress(NoAnswer, Refused):
                self.command("AT", timeout=timeout)
                return
        raise TransportDown("no_answer", f"{self.port}: the modem does not answer AT")


def is_busy(refusal: Refused) -> bool:
    return (refusal.kind, refusal.code) in {
        ("CMS", 314),
        ("CMS", 512),
        ("CMS", 515),
        ("CME", 14),
        ("CME", 515),
    }
