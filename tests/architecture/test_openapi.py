"""Whoever changes what other systems see, changes the committed document in the same commit."""

from __future__ import annotations

import pytest

from gateway.commands.office import openapi
from tests.architecture.tree import ROOT


def test_the_committed_document_is_what_the_gateway_serves(capsys: pytest.CaptureFixture[str]) -> None:
    openapi()
    committed = (ROOT / "docs/protocol/openapi.json").read_text(encoding="utf-8")
    assert committed == capsys.readouterr().out, (
        "the systems API has changed: run `make openapi` and read the difference"
    )
