"""What a decision is about: the content of one revision, and one hash of it for every viewer.

The hash covers the ordered list of (field, SHA-256(salt, value)), so that a viewer who may not see a field
is given its digest and still arrives at the same hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical(value: Any) -> str:
    """One spelling for equal JSON values: sorted keys, no blanks, nothing escaped that need not be."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def fields_of(
    *,
    type: str,  # noqa: A002 — the office's word
    title: str,
    summary: str,
    applicant: str,
    form: Mapping[str, Any],
    papers: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """`papers`: `name#n` → sha256 of the files, as `files.queries.digests` gives them."""
    fixed = {"type": type, "title": title, "summary": summary, "applicant": applicant}
    written = {f"form.{name}": value for name, value in form.items()}
    return fixed | written | {f"file.{label}": sha256 for label, sha256 in (papers or {}).items()}


def field_digest(salt: str, value: Any) -> str:
    return hashlib.sha256(f"{salt}\n{canonical(value)}".encode("utf-8", "surrogatepass")).hexdigest()


def content_hash(fields: Mapping[str, Any], salts: Mapping[str, str]) -> str:
    """SHA-256 (hex) over the sorted (field, digest) pairs; KeyError when a field has no salt."""
    pairs = [[name, field_digest(salts[name], fields[name])] for name in sorted(fields)]
    return hashlib.sha256(canonical(pairs).encode()).hexdigest()
