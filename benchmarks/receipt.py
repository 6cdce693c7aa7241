"""A receipt in a log of a million entries: made from the database, and checked offline by the one file.

The floor is SHA-256 alone, over as many bytes in as many calls as the proof hashes; beside it, the start of a bare
interpreter, since a stranger starts one. `python -m benchmarks.receipt [ENTRIES]`
"""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import insert

from approval_core import audit
from approval_core.audit import receipts
from approval_core.audit.canonical import GENESIS, canonical, data_digest, entry_hash, moment
from approval_core.audit.models import entries
from approval_core.audit.offline import verify_record
from approval_core.store import Store, Tx
from benchmarks.measuring import interleaved, machine, percentile, show
from migrations import upgrade

ENTRIES, PORTION, TRIED = 1_000_000, 20_000, 200
NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw().hex()
TARGET_MS = 100


def rows(first: int, last: int) -> list[dict[str, object]]:
    """Chains of one entry: what the log costs does not depend on them."""
    found: list[dict[str, object]] = []
    at, salt = moment(NOW), "00" * 16
    for number in range(first, last):
        told = {"chain": f"request:{number}", "seq": 1, "actor": "hy00001", "verb": "decided", "at": at}
        told["thing"] = f"decision:{number}"
        data = canonical({"verdict": "approve", "comment": "同意，请尽快办理", "task_id": number})
        digest = data_digest(salt, data)
        link = entry_hash(prev=GENESIS, digest=digest, **told)  # type: ignore[arg-type]  # words and one number
        found.append(
            {**told, "prev_hash": GENESIS, "hash": link, "digest": digest, "salt": salt, "data": data}
        )
    return found


def fill(store: Store, count: int) -> None:
    def write(tx: Tx, first: int) -> None:
        tx.execute(insert(entries), rows(first, min(first + PORTION, count)))

    for first in range(0, count, PORTION):
        store.write(write, first)
        store.write(audit.sequence, now=NOW, key=KEY, limit=PORTION)


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def rate(work: Callable[[], object], times: int) -> float:
    """How often a second."""
    return times / timed(lambda: [work() for _ in range(times)])


def check(path: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        assert verify_record.check(str(path), [PUBLIC]).failed == 0


def bare(steps: int) -> None:
    current = bytes(32)
    for _ in range(steps):
        current = sha256(b"\x01" + current + current).digest()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else ENTRIES
    show("machine", said=machine())
    with tempfile.TemporaryDirectory() as folder:
        upgrade(f"sqlite:///{folder}/log.db")
        store = Store(f"sqlite:///{folder}/log.db")
        spent = timed(lambda: fill(store, count))
        show("log filled", entries=count, seconds=spent)
        chance, last = Random(7), store.read(audit.last_checkpoint)
        assert last is not None

        def made(number: int) -> dict[str, Any]:
            return store.read(receipts.receipt, number, keys=[KEY.public_key()], checkpoint=last.number)

        times = [timed(partial(made, chance.randrange(1, count + 1))) * 1000 for _ in range(TRIED)]
        show(
            "a receipt is made", p50_ms=percentile(times, 0.5), p99_ms=percentile(times, 0.99), entries=count
        )
        report_append(store, count)
        shown = made(chance.randrange(1, count + 1))
        path = Path(folder) / "receipt.json"
        path.write_text(receipts.as_json(shown), encoding="utf-8")
        report_check(path, len(shown["entry"]["proof"]))
        store.close()


def report_append(store: Store, count: int) -> None:
    """What an entry adds to the transaction that it belongs to, and what a second of entries costs the sequencer."""

    def write(tx: Tx, number: int) -> float:
        told = {
            "chain": f"request:{number}",
            "actor": "hy00001",
            "verb": "decided",
            "thing": f"decision:{number}",
        }
        return timed(lambda: audit.append(tx, data={"verdict": "approve"}, now=NOW, **told)) * 1000

    times = [store.write(write, count + one) for one in range(TRIED)]
    sequenced = timed(lambda: store.write(audit.sequence, now=NOW, key=KEY)) * 1000
    show(
        "an entry is appended", p50_ms=percentile(times, 0.5), p95_ms=percentile(times, 0.95), target_p95_ms=5,
        met=percentile(times, 0.95) < 5, entries=count, sequence_of_200_ms=sequenced,
    )  # fmt: skip


def report_check(path: Path, steps: int) -> None:
    taken = interleaved(lambda: rate(partial(bare, steps + 4), 2000), lambda: rate(partial(check, path), 50))
    times = [timed(partial(check, path)) * 1000 for _ in range(TRIED)]
    show(
        "a receipt is checked, in a running interpreter",
        p50_ms=percentile(times, 0.5), p99_ms=percentile(times, 0.99), target_ms=TARGET_MS,
        met=percentile(times, 0.99) < TARGET_MS, ratio_to_sha256_alone=taken.ratio, steps=steps,
    )  # fmt: skip
    file = str(Path(verify_record.__file__))
    alone = [sys.executable, "-I", "-S", file, str(path), "--key", PUBLIC]
    run = partial(subprocess.run, check=True, capture_output=True)
    started = interleaved(
        lambda: rate(lambda: run([sys.executable, "-I", "-S", "-c", "pass"]), 5),
        lambda: rate(lambda: run(alone), 5),
    )
    show(
        "a receipt is checked by a stranger, interpreter and all",
        ms=1000 / started.value, bare_interpreter_ms=1000 / started.floor, target_ms=TARGET_MS,
        met=1000 / started.value < TARGET_MS,
    )  # fmt: skip


if __name__ == "__main__":
    main()
