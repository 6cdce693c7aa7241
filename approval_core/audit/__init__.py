"""The proof of what was done: written with the deed, never updated, verifiable by others.

`append` writes an entry into the chain of its matter; `sequence` makes every entry a leaf of one RFC 6962 log with
signed checkpoints; `verify` names each row that is not as it was written. It never decides anything, and it never
leaves the database: a checkpoint is brought to a witness by somebody else.
"""

from approval_core.audit.canonical import note
from approval_core.audit.chain import append, redact
from approval_core.audit.findings import Problem, VerifyReport
from approval_core.audit.log import (
    InclusionProof,
    last_checkpoint,
    log_size,
    prove_entry,
    prove_growth,
    root_at,
    sequence,
)
from approval_core.audit.verification import verify

__all__ = [
    "InclusionProof",
    "Problem",
    "VerifyReport",
    "append",
    "last_checkpoint",
    "log_size",
    "note",
    "prove_entry",
    "prove_growth",
    "redact",
    "root_at",
    "sequence",
    "verify",
]
