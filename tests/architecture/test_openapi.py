"""Whoever changes what other systems or a person's phone see, changes the committed document in the same commit."""

from __future__ import annotations

import pytest

from gateway.commands.office import openapi
from tests.architecture.tree import ROOT


@pytest.mark.parametrize(("part", "file"), [("systems", "openapi.json"), ("person", "person-api.json")])
def test_the_committed_document_is_what_the_gateway_serves(
    part: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    openapi(part)
    committed = (ROOT / "docs/protocol" / file).read_text(encoding="utf-8")
    assert committed == capsys.readouterr().out, (
        f"the API for {part} has changed: run `make openapi` and read the difference"
    )
