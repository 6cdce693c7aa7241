"""The page an administrator writes a type from: its example works, and it names every key, rule and finding there is."""

from __future__ import annotations

import re
from pathlib import Path

from approval_core.approvals import findings, migrating, organisation
from approval_core.definitions.queries import current
from approval_core.definitions.rules import check_forms, check_routes, check_steps
from approval_core.definitions.rules.blocks import MODELS, Step
from approval_core.definitions.rules.checking import findings_of
from approval_core.definitions.rules.document import TypeDocument, load_document
from approval_core.definitions.rules.shapes import FormField
from approval_core.definitions.service import publish
from approval_core.people.actor import SYSTEM
from approval_core.people.rules.approver_rules import RULES
from approval_core.store import Store
from tests.factories import NOW

PAGE = (Path(__file__).parents[3] / "docs/protocol/definitions.md").read_text(encoding="utf-8")
EXAMPLE = PAGE.split("```yaml\n")[1].split("```")[0]
WORDS = set(re.findall(r"`([^`\n]+)`", PAGE))
NAMED = {word for code in WORDS for word in re.findall(r"[A-Za-z_]+", code)}


def test_the_example_of_the_page_is_published_as_it_stands(store: Store) -> None:
    assert findings_of(load_document(EXAMPLE)) == []
    store.write(publish, EXAMPLE, actor=SYSTEM, now=NOW)
    found = store.read(current, "PURCHASE")
    assert found is not None
    assert [next(iter(block)) for block in found.route] == ["step", "choice", "copy"]


def test_the_page_names_every_key_of_a_document_a_field_and_a_step() -> None:
    for model in (TypeDocument, FormField, Step):
        assert set(model.model_fields) - NAMED == set(), model
    assert set(MODELS) <= set(re.findall(r"^\| (\w+) \|", PAGE, re.M)) | NAMED


def test_the_page_names_every_approver_rule_and_its_parameters() -> None:
    for name, rule in RULES.items():
        assert name in WORDS
        assert set(rule.parameters) <= NAMED, name


def test_the_page_names_every_finding() -> None:
    written = "".join(
        Path(str(one.__file__)).read_text(encoding="utf-8")
        for one in (check_forms, check_routes, check_steps)
    )
    codes = set(re.findall(r'(?:error|warning)\(\s*[^,]+?,\s*"(\w+)"', written))
    assert len(codes) > 35
    assert codes - NAMED == set()


def test_the_page_names_every_finding_over_people_and_every_fault_of_a_migration() -> None:
    written = "".join(Path(str(one.__file__)).read_text(encoding="utf-8") for one in (findings, organisation))
    codes = set(re.findall(r'"(?:error|warning|note)"(?: if \S+ else "\w+")?,\s*f?"(\w+?)[_"{]', written))
    assert len(codes) >= 6
    faults = set(re.findall(r'Fault\(\s*"(\w+)"', Path(str(migrating.__file__)).read_text(encoding="utf-8")))
    assert len(faults) == 7
    assert {one for one in codes if not any(name.startswith(one) for name in NAMED)} | (
        faults - NAMED
    ) == set()
