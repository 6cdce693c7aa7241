"""The demo's doors: only in the demo, only from its own page, only callbacks that are genuine; every word in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from gateway.demo import words
from gateway.demo.asking import CALLBACK_PATH
from gateway.demo.stage import Stage
from gateway.serve import Site
from gateway.settings import Settings, load
from tests.factories import insert_person
from tests.gateway.conftest import running

PAGE_FILES = list((Path(words.__file__).parent).rglob("*.html")) + list(
    Path(words.__file__).parent.glob("*.py")
)


@pytest.fixture
def demo_site(sqlite_url: str) -> Iterator[Site]:
    with running(load(database=sqlite_url, port=0, demo=True, modem=["virtual"])) as site:
        site.store.write(insert_person, "hy00009", name="曹福军", number="+8612900000009")
        yield site


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


@pytest.mark.parametrize("site_of", ["cross-site", "same-site"])
def test_a_form_of_another_page_is_refused(demo_site: Site, site_of: str) -> None:
    answer = httpx.post(
        f"{demo_site.address}/demo/handsets/+8612900000009/sms",
        data={"text": "Y"},
        headers={"Sec-Fetch-Site": site_of},
    )
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
    for name in ("demo.css", "demo.js"):
        assert httpx.get(f"{demo_site.address}/demo/{name}").status_code == 200
    assert httpx.get(f"{demo_site.address}/demo/words.py").status_code == 404


@pytest.mark.parametrize(
    ("accepted", "language"), [("en-GB,en;q=0.9", "en"), ("zh-CN", "zh"), ("fr", "zh"), ("", "zh")]
)
def test_the_browsers_language_is_taken_unless_one_is_chosen(accepted: str, language: str) -> None:
    assert words.language_of(None, accepted) == language
    assert words.language_of("en", accepted) == "en"


def test_every_word_is_said_in_both_languages_and_is_used() -> None:
    text = "\n".join(file.read_text("utf-8") for file in PAGE_FILES if file.name != "words.py")
    literal = set(re.findall(r"""words\(["']([\w.]+)["']\)""", text))
    assert literal <= set(words.WORDS)
    prefixes = ("mode.", "on_reject.", "state.", "task.", "decision.", "verdict.", "verb.", "step", "about")
    states = {"received", "in_the_air", "sent", "delivered", "unknown", "failed", "queued", "leased", "dead"}
    unused = {key for key in words.WORDS if key not in literal | states and not key.startswith(prefixes)}
    assert unused == set()
    assert [key for key, said in words.WORDS.items() if len(said) != 2 or not all(said)] == []
