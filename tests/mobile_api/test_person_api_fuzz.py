"""Whatever the person's document allows, and what it does not: no answer is a 5xx, and every refusal is a problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from gateway.app import openapi
from gateway.serve import Site
from tests.gateway.conftest import register
from tests.mobile_api.browser import Browser
from web.signin import COOKIE

EXAMPLES = {"small": 15, "full": 2000}
LOCKS = {"/api/v1/sign-out"}  # would end the session of the other examples; it takes nothing anyway


def test_no_request_breaks_the_persons_api(
    site: Site, at: Callable[..., Browser], scale: str, seed: int
) -> None:
    browser = at("hy00001")
    with register(site, "erp") as system:
        assert system.ask().status_code == 201
    document: dict[str, Any] = openapi(site.app, "person")
    schema = schemathesis.openapi.from_dict(document)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == len([1 for path in document["paths"].values() for _ in path])
    for operation in operations:
        if operation.path in LOCKS:
            continue
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
            def run(case: Any) -> None:
                headers = {"X-CSRF-Token": browser.csrf, "Cookie": f"{COOKIE}={browser.cookies[COOKIE]}"}
                case.headers = {name: value for name, value in (case.headers or {}).items() if name.lower() not in {"authorization", "x-csrf-token", "cookie"}}  # fmt: skip
                case.cookies = {}
                answer = case.call(base_url=site.address, headers=headers)
                assert answer.status_code < 500, (
                    f"{case.as_curl_command()} → {answer.status_code} {answer.text}"
                )
                if answer.status_code >= 400 and answer.status_code != 405:
                    kind = answer.headers.get("content-type", [""])[0]
                    assert kind.startswith("application/problem+json"), (
                        answer.status_code,
                        kind,
                        answer.text,
                    )
                assert answer.status_code != 401 or case.path.endswith("sign-in"), "still signed in"

            run()
