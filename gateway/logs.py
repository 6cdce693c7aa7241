"""One JSON object per line on standard error. Ids and numbers only: no name, phone, title or text of anybody."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType

#: The only extra members of a record that are written.
FACTS = (
    "request_id", "method", "route", "status", "ms", "callback", "state", "event", "reaction", "modem", "inbound",
    "sms", "approval", "count", "client", "path", "revision", "code", "reason", "used",
)  # fmt: skip
OURS = ("pishi", "approval_core", "sms_modem", "gateway", "web")


class JsonLines(logging.Formatter):
    """Our own messages as they are; of foreign ones only where they come from; of errors the frames, never the text."""

    def format(self, record: logging.LogRecord) -> str:
        own = record.name.split(".")[0] in OURS
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "log": record.name,
            "said": record.getMessage()
            if own or record.name.startswith("uvicorn")
            else f"{record.module}.{record.funcName}",
        }
        line |= {name: getattr(record, name) for name in FACTS if hasattr(record, name)}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["frames"] = frames(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False, default=str)


def frames(trace: TracebackType | None) -> list[str]:
    """The last places of a traceback; an error's own text can hold a statement's parameters and stays out."""
    return [
        f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(trace)[-8:]
    ]


def set_up(level: str) -> None:
    """For the whole process; called once by the command that serves."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel("WARNING")
    for name in (*OURS, "uvicorn.error"):
        logging.getLogger(name).setLevel(level)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers[:] = []
        logging.getLogger(name).propagate = True
    access = logging.getLogger("uvicorn.access")
    access.handlers[:], access.propagate = [], False  # its lines carry addresses with refs in them
