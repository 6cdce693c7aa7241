"""The demo's doors: only in the demo, only from its own page, only callbacks that are genuine."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from gateway.demo.asking import CALLBACK_PATH
from gateway.demo.stage import Stage
from gateway.serve import Site
from gateway.settings import Settings, load
from tests.gateway.conftest import running


def test_outside_the_demo_there_is_no_page(sqlite_url: str, tmp_path: Path) -> None:
    settings: Settings = load(database=sqlite_url, port=0, secret_file=str(tmp_path / "secret"))
    with running(settings) as site, httpx.Client(base_url=site.address) as http:
        for path in ("/", "/demo", "/demo/live", CALLBACK_PATH):
            assert http.get(path).status_code == 404


def test_a_forged_callback_is_refused_and_shown_as_not_genuine(demo_site: Site) -> None:
    stage: Stage = demo_site.app.state.stage
    headers = {"webhook-id": "evt_1", "webhook-timestamp": "1", "webhook-signature": "v1,AAAA"}
    answer = httpx.post(demo_site.address + CALLBACK_PATH, content=b'{"data":{}}', headers=headers)
    assert answer.status_code == 401
    assert [one.genuine for one in stage.asking.received] == [False]
    page = httpx.get(demo_site.address + "/demo?lang=en").text
    assert "Callbacks refused because their signature is not ours (HTTP 401): 1" in page


@pytest.mark.parametrize(
    "foreign",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
)
@pytest.mark.parametrize(
    "path",
    ["handsets/+8612900000009/sms", "approvals", "approvals/LEAVE-1/content", "approvals/LEAVE-1/withdraw"],
)
def test_a_form_of_another_page_is_refused(demo_site: Site, path: str, foreign: dict[str, str]) -> None:
    answer = httpx.post(f"{demo_site.address}/demo/{path}", data={"text": "Y", "title": "T"}, headers=foreign)
    assert answer.status_code == 403
    stage: Stage = demo_site.app.state.stage
    handset = stage.handset("+8612900000009")
    assert handset is not None
    assert handset.sent == []


def test_the_page_runs_nothing_but_its_own_files(demo_site: Site) -> None:
    page = httpx.get(demo_site.address + "/demo")
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "<script>" not in page.text
    assert " style=" not in page.text
    assert " onclick=" not in page.text
    for name in ("demo.css", "demo.js"):
        file = httpx.get(f"{demo_site.address}/demo/{name}")
        assert file.status_code == 200
        assert "default-src 'self'" in file.headers["content-security-policy"]
    assert httpx.get(f"{demo_site.address}/demo/words.py").status_code == 404
