"""Whatever the document allows, and what it does not: no answer is a 5xx, and every refusal is a problem."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from gateway.app import openapi
from tests.gateway.story import System

EXAMPLES = {"small": 40, "full": 2000}


def check(system: System, case: Case[Any]) -> None:
    answer = case.call(base_url=system.site.address, headers={"Authorization": f"Bearer {system.key}"})
    assert answer.status_code < 500, f"{case.as_curl_command()} → {answer.status_code} {answer.text}"
    if answer.status_code >= 400 and answer.status_code != 405:
        kind = answer.headers.get("content-type", [""])[0]
        assert kind.startswith("application/problem+json"), (answer.status_code, kind, answer.text)


def test_no_request_breaks_the_systems_api(system: System, scale: str, seed: int) -> None:
    document: dict[str, Any] = openapi(system.site.app)
    schema = schemathesis.openapi.from_dict(document)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == 5
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            strategy = operation.as_strategy(generation_mode=mode)

            @seeded(seed)
            @settings(
                max_examples=EXAMPLES[scale],
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=strategy)
            def run(case: Case[Any]) -> None:
                check(system, case)

            run()
