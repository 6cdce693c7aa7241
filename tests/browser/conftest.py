"""A demonstration on a real port with the whole demo bureau, and a real Chromium in two sizes."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from approval_core.clock import utc_now
from approval_core.people import demo
from approval_core.store import Store
from gateway.serve import Site
from gateway.settings import load
from tests.databases import SqliteFiles
from tests.gateway.conftest import running

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZES = {"desktop": (1366, 900), "phone": (375, 740)}
#: department heads of the demo bureau; each test takes a fresh one
LEADERS = itertools.count(21)


@pytest.fixture(scope="session")
def demonstration(sqlite_files: SqliteFiles) -> Iterator[Site]:
    url = sqlite_files.migrated()
    store = Store(url)
    store.write(demo.seed, now=utc_now())
    store.close()
    with running(
        load(database=url, port=0, demo=True, modem=["virtual"], approvals={"demo_hold_seconds": 3})
    ) as site:
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For one module: while it runs, the library keeps an event loop running in this thread, and nobody else can."""
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is missing: apt-get install chromium fonts-noto-cjk")
        pytest.skip("Chromium is missing: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@dataclass
class Visitor:
    """Somebody at the page, with one leader's handset open. `complaints`: errors the browser wrote down."""

    page: Page
    site: Site
    account: str
    language: str
    complaints: list[str] = field(default_factory=list)

    def opens(self) -> None:
        self.page.goto(f"{self.site.address}/demo?lang={self.language}&handset={self.account}")

    def submits(self, title: str = "申请年休假3天", **fields: str) -> None:
        self.page.fill("input[name=title]", title)
        for name, value in fields.items():
            self.page.fill(f"form.ask input[name={name}]", value)
        self.page.click("form.ask button.main")

    def answers(self, text: str) -> None:
        self.page.fill("#text", text)
        self.page.click("form.reply button.main")

    def reads(self, text: str) -> str:
        """Waits until an SMS on the handset holds `text`, without a reload; the whole SMS."""
        found = self.page.locator("#texts .theirs p", has_text=text).last
        found.wait_for(timeout=60_000)
        return found.inner_text()

    def sees(self, text: str, where: str = "#course") -> None:
        self.page.locator(where, has_text=text).first.wait_for(timeout=60_000)


@pytest.fixture(params=[("desktop", "zh"), ("phone", "en")], ids=["desktop", "phone"])
def visitor(request: pytest.FixtureRequest, browser: Browser, demonstration: Site) -> Iterator[Visitor]:
    size, language = request.param
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, has_touch=size == "phone")
    page = context.new_page()
    found = Visitor(page, demonstration, f"hy{next(LEADERS):05d}", language)

    def complain(message: ConsoleMessage) -> None:
        if message.type == "error" and "422" not in message.text:
            found.complaints.append(message.text)

    page.on("console", complain)
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.opens()
    yield found
    context.close()
    assert found.complaints == []
