"""Verifies the whole proof in one pass over chains and log, with memory that does not grow with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from approval_core.audit.findings import Problem, Progress, VerifyReport
from approval_core.audit.sm2 import Sm2Public
from approval_core.audit.verify_chains import verify_chains
from approval_core.audit.verify_cosignatures import verify_cosignatures
from approval_core.audit.verify_log import verify_log
from approval_core.store import Tx

#: compares the rows of the office with their entries, and names those that differ
Facts = Callable[[Tx], Iterable[Problem]]


def verify(
    tx: Tx,
    *,
    public_key: Ed25519PublicKey | Sequence[Ed25519PublicKey] | None = None,
    sm2: Sequence[Sm2Public] = (),
    witnessed: Mapping[int, str] | None = None,
    facts: Facts | None = None,
    progress: Progress | None = None,
) -> VerifyReport:
    """Recompute every hash, link, leaf, node, root and signature; every row that is not as written is named.

    Run it with `store.read`: it needs one snapshot and changes nothing. `public_key`: the key, or all keys that
    have ever signed; without it signatures are not checked; `sm2`: the same of second signatures. `witnessed`: size -> root in hex, kept elsewhere.
    """
    report = VerifyReport()
    keys = [public_key] if isinstance(public_key, Ed25519PublicKey) else list(public_key or ())
    verify_chains(tx, report, progress)
    verify_log(tx, report, keys=keys, witnessed=witnessed or {}, progress=progress)
    verify_cosignatures(tx, report, sm2)
    if facts is not None:
        _compare_facts(tx, report, facts)
    return report


def _compare_facts(tx: Tx, report: VerifyReport, facts: Facts) -> None:
    """An entry that is no longer readable stops the comparison; it was named before, else the fault is ours."""
    try:
        for problem in facts(tx):
            report.add(problem)
    except (LookupError, TypeError, ValueError, AttributeError) as unreadable:
        if report.ok:
            raise
        what = f"the rows of the office were not compared to the end: an entry cannot be read ({unreadable})"
        report.add(Problem("audit_entry", "…", what))
