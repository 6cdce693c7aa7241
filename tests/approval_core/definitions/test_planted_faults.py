"""Faults planted into the types of the house and the page's example are found where they were planted (B9)."""

from __future__ import annotations

import copy
import json
import random
from decimal import Decimal
from typing import Any

import tests.approval_core.definitions.planted_fields  # noqa: F401  # its planters join the list
from approval_core.definitions.rules.checking import findings_of
from approval_core.definitions.rules.document import load_document
from approval_core.definitions.rules.yaml_text import load
from approval_core.errors import Invalid
from gateway.shipped import shipped_files
from tests.approval_core.definitions.planted import PLANTERS, Doc, Planter
from tests.approval_core.definitions.test_page import EXAMPLE

SOILS = [load(text) for _, text in shipped_files()] + [load(EXAMPLE)]
EACH = 4  # documents per planter


def as_text(doc: Doc) -> str:
    """JSON is YAML; a Decimal is written as the number it is."""
    return json.dumps(
        doc, ensure_ascii=False, default=lambda value: float(value) if isinstance(value, Decimal) else value
    )


def found_in(text: str) -> list[tuple[str, str]]:
    try:
        return [(one.code, one.place) for one in findings_of(load_document(text)) if one.severity == "error"]
    except Invalid as refused:
        faults: list[dict[str, Any]] = refused.data.get("faults") or [refused.data]
        return [(refused.code, one["place"]) for one in faults]


def planted(planter: Planter, rng: random.Random) -> list[tuple[str, str, str]]:
    """(code, place, text) of the fault in a few documents drawn at random."""
    done = []
    for soil in rng.sample(SOILS, len(SOILS)):
        doc = copy.deepcopy(soil)
        expected = planter(doc, rng)
        if expected is not None:
            done.append((*expected, as_text(doc)))
        if len(done) == EACH:
            break
    return done


def test_planted_faults_are_found_where_they_are(seed: int) -> None:
    rng = random.Random(seed)
    every = [fault for planter in PLANTERS for fault in planted(planter, rng)]
    missed = [
        (code, place, found_in(text))
        for code, place, text in every
        if not any(seen == code and at.startswith(place) for seen, at in found_in(text))
    ]
    assert len(every) >= 200
    assert len(missed) <= len(every) * 0.02, missed


def test_the_soil_itself_is_clean() -> None:
    """What is found in a planted document was planted: the same documents, written the same way, give nothing."""
    for soil in SOILS:
        assert findings_of(load_document(as_text(soil))) == [], soil["type"]


def test_every_planter_finds_soil(seed: int) -> None:
    rng = random.Random(seed)
    assert all(planted(planter, rng) for planter in PLANTERS)
