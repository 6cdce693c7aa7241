"""Whoever changes what other systems see, changes the committed document in the same commit."""

from __future__ import annotations

from tests.architecture.tree import ROOT
from tools.openapi import document


def test_the_committed_document_is_what_the_gateway_serves() -> None:
    committed = (ROOT / "docs/protocol/openapi.json").read_text(encoding="utf-8")
    assert committed == document(), (
        "the systems API has changed: run `make openapi` and look at the difference"
    )
