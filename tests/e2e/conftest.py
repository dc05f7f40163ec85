"""A browser before the running house: Debian's chromium, on a phone and on a desk, with and without JavaScript."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}


@pytest.fixture(scope="module")
def browser(site: Any) -> Iterator[Browser]:
    """One browser per module, begun after the house and gone before other tests want an event loop of their own."""
    path = shutil.which("chromium")
    if path is None:
        from tests.conftest import missing  # noqa: PLC0415 - only where a browser is missing

        missing("chromium (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


class Seen:
    """A page with everything the browser complained of."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, message: Any) -> None:
        # A missing network for tiles is no mistake of the page; what the policy blocks always is.
        if message.type == "error" and "net::ERR" not in message.text:
            self.complaints.append(message.text)

    def open(self, path: str) -> Page:
        """Go there, and wait for the map where there is one."""
        self.page.goto(self.url + path)
        drawn = self.page.locator(".map[data-map]")
        if drawn.count() and self.page.evaluate("() => matchMedia('(scripting: enabled)').matches"):
            drawn.first.scroll_into_view_if_needed()
            self.page.wait_for_selector(".map[data-ready]", timeout=30_000)
        return self.page


@pytest.fixture
def look(browser: Browser, site: Any) -> Iterator[Callable[..., Seen]]:
    """A function that opens a fresh browser window: `look("phone")`, `look("desk", javascript=False)`."""
    contexts: list[BrowserContext] = []

    def opened(size: str = "desk", *, javascript: bool = True, language: str = "ja-JP", **more: Any) -> Seen:
        context = browser.new_context(viewport=SIZES[size] | more, java_script_enabled=javascript, locale=language)
        contexts.append(context)
        return Seen(context.new_page(), site.url)

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def place(site: Any) -> str:
    """The page of an evacuation site of the sample region."""
    page = httpx.get(f"{site.url}/search?kind=EvacuationSite").text
    return page.split('class="to" href="')[1].split('"')[0]


@pytest.fixture
def sign_in_link(site: Any) -> str:
    """A fresh link that signs the operator in."""
    done = subprocess.run(
        [sys.executable, "-m", "hiroba", "sign-in", "--data", str(site.data)],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()[-1].removeprefix(site.url)
