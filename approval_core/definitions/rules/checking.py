"""Looks over a document without anybody's data: what can never run, never be decided, never be seen, or contradicts."""

from __future__ import annotations

from approval_core.definitions.rules.check_forms import form_findings
from approval_core.definitions.rules.check_routes import route_findings
from approval_core.definitions.rules.check_steps import step_findings
from approval_core.definitions.rules.document import TypeDocument
from approval_core.definitions.rules.findings import Finding

__all__ = ["Finding", "errors_in", "findings_of"]


def findings_of(document: TypeDocument) -> list[Finding]:
    """Everything found, errors first, each place and code once."""
    found = [*form_findings(document), *route_findings(document), *step_findings(document)]
    kept: dict[tuple[str, str], Finding] = {}
    for one in found:
        kept.setdefault((one.place, one.code), one)
    return sorted(kept.values(), key=lambda one: one.severity == "warning")


def errors_in(findings: list[Finding]) -> list[Finding]:
    return [one for one in findings if one.severity == "error"]
