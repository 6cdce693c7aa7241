"""A small record for tests of receipts, packages and witnesses: entries in chains, sequenced and signed in batches."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from approval_core import audit
from approval_core.audit.models import entries
from approval_core.audit.offline import verify_record
from approval_core.store import Store, Tx

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC = KEY.public_key().public_bytes_raw().hex()


def decide(store: Store, first: int, last: int, *, chains: int = 5) -> list[int]:
    """One entry for each number, spread over chains; their row numbers."""

    def work(tx: Tx) -> list[int]:
        return [
            audit.append(
                tx,
                chain=f"request:{number % chains}",
                actor="hy00001",
                verb="decided",
                thing=f"decision:{number}",
                data={"verdict": "approve", "comment": f"同意 {number} \ud83d"},
                now=NOW + timedelta(seconds=number),
            )
            for number in range(first, last)
        ]

    return store.write(work)


def sign(store: Store, *, key: Ed25519PrivateKey = KEY, seconds: int = 0) -> int:
    return store.write(audit.sequence, now=NOW + timedelta(seconds=seconds), key=key)


def some_days(store: Store) -> list[int]:
    """37 entries under five checkpoints."""
    found: list[int] = []
    for first, last in ((0, 1), (1, 7), (7, 8), (8, 30), (30, 37)):
        found += decide(store, first, last)
        sign(store, seconds=last)
    return found


def every_entry(store: Store) -> list[int]:
    return store.read(lambda tx: list(tx.execute(select(entries.c.id).order_by(entries.c.id)).scalars()))


def verdict(path: Path, *keys: str, witness: Path | None = None) -> tuple[int, str]:
    """What the verifier says, called in this process: how many facts failed, and its lines."""
    lines = io.StringIO()
    with contextlib.redirect_stdout(lines):
        found = verify_record.check(str(path), list(keys), None if witness is None else str(witness))
    return found.failed, lines.getvalue()


def alone(
    path: Path, *options: str, folder: Path, letters: str = "utf-8"
) -> subprocess.CompletedProcess[str]:
    """The verifier as a stranger runs it: the one file, copied elsewhere, with nothing of ours on its path."""
    copy = folder / "verify_record.py"
    copy.write_bytes(Path(verify_record.__file__).read_bytes())
    return subprocess.run(
        [sys.executable, "-S", str(copy), str(path), *options],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={"PYTHONIOENCODING": letters},
    )
