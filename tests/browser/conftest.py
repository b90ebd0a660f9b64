"""Conduit in a process of its own, over TLS, and a real browser that writes down everything that goes wrong on a page."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
import trustme
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.servers.program import free_port

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Locator, Response

    from tests.browser.books import Books

ROOT = Path(__file__).parents[2]
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
START_S = 180.0
WAIT_MS = 60_000  # for a machine that is busy with other tests; nothing is ever waited for in vain
PASSWORD = "nine green bottles"
PICTURES = "https://pictures.example"  # another site, which is not there: the window answers for it
PICTURE = "<svg xmlns='http://www.w3.org/2000/svg' width='60' height='40'><path fill='teal' d='M0 0h60v40H0z'/></svg>"
# Whatever the policy stops is told to the console by the browser itself too; the listener also hears what it keeps to itself.
_LISTEN = "addEventListener('securitypolicyviolation', (e) => console.error('violation', e.effectiveDirective, e.blockedURI))"
_REFUSED = re.compile(r"status of (\d{3})")


@dataclass(frozen=True)
class Site:
    """A running Conduit."""

    url: str
    folder: Path
    authority: trustme.CA

    def get(self, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body, without a browser."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        with urlopen(Request(self.url + path, headers=headers), context=context, timeout=10) as answer:  # noqa: S310  # https, ours
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Site]:
    """Start Conduit with `settings` in `folder`, wait for its first answer, and stop it in the end."""
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost", "127.0.0.1")
    key, chain = folder / "key.pem", folder / "chain.pem"
    certificate.private_key_pem.write_to_path(key)
    for position, part in enumerate(certificate.cert_chain_pems):
        part.write_to_path(chain, append=position > 0)
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CONDUIT_")}
    environment |= {"CONDUIT_FOLDER": str(folder), "CONDUIT_INSECURE_CHEAP_PASSWORDS": "true", **settings}
    command = [
        sys.executable, "-m", "uvicorn", "examples.conduit:app", "--host", "127.0.0.1", "--port", str(port), "--no-server-header",
        "--no-access-log", "--ssl-keyfile", str(key), "--ssl-certfile", str(chain),
    ]  # fmt: skip
    site = Site(f"https://localhost:{port}", folder, authority)
    log = folder / "server.log"
    with log.open("wb") as out, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out) as server:
        try:
            await_answer(site, server, log)
            yield site
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def await_answer(site: Site, server: subprocess.Popen[bytes], log: Path) -> None:
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s and server.poll() is None:
        try:
            site.get("/login")
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"Conduit did not start:\n{log.read_text()[-4000:]}")


@pytest.fixture(scope="session")
def conduit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With the demo content. Limits only report: all the tests are one client."""
    with running(tmp_path_factory.mktemp("conduit"), CONDUIT_INSECURE_ONLY_REPORT_RATE_LIMITS="true") as site:
        yield site


@pytest.fixture(scope="session")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """The site of accounts, with a mail server."""
    from tests.browser.books import open_books  # noqa: PLC0415  # which needs what is here

    with open_books(tmp_path_factory.mktemp("books")) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One a module, not a session: Playwright's own event loop would be in the way of asynchronous tests elsewhere."""
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield started
        started.close()


def leave(page: Page, by: str | Locator) -> None:
    """Click on what leads to another page, and wait until that is there, with its scripts: a click by itself waits for nothing."""
    with page.expect_event("load"):
        if isinstance(by, str):
            page.click(by)
        else:
            by.click()


def leave_by_key(page: Page, key: str = "Enter") -> None:
    """The same with the keyboard."""
    with page.expect_event("load"):
        page.keyboard.press(key)


@dataclass
class Visitor:
    """A browser window with its own cookies, and what went wrong in it. `refusals` are statuses that the test means to meet."""

    site: Site
    page: Page
    refusals: set[int] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)
    scripts: bool = True

    def go(self, path: str) -> Response:
        answer = self.page.goto(self.site.url + path)
        assert answer is not None
        return answer

    def sign_up(self, name: str) -> None:
        """As a person does: the form, the letter, the link in it, the button behind that."""
        self.go("/register")
        self.page.fill("input[name=username]", name)
        self.page.fill("input[name=email]", f"{name}@conduit.example")
        self.page.fill("input[name=password]", PASSWORD)
        leave(self.page, "button:has-text('Sign up')")
        leave(self.page, "a[href='/account/mailbox']")
        self.open_letter(name)
        leave(self.page, "button:has-text('Yes, create my account')")
        assert self.page.url == self.site.url + "/"

    def open_letter(self, name: str) -> None:
        """On the page with the letters, open the link in the newest one to somebody."""
        leave(self.page, self.page.locator(".card").filter(has_text=f"{name}@conduit.example").locator("a[href*='token=']").first)

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        self.page.fill("input[name=email]", f"{name}@conduit.example")
        self.page.fill("input[name=password]", password)
        leave(self.page, "button:has-text('Sign in')")

    def publish(self, title: str, body: str = "A short text.", tags: str = "") -> str:
        """Write an article; return its path."""
        self.go("/editor")
        self.page.fill("input[name=title]", title)
        self.page.fill("input[name=description]", "What it is about")
        self.page.fill("textarea[name=body]", body)
        self.page.fill("input[placeholder='Enter tags']", tags)
        leave(self.page, "button:has-text('Publish Article')")
        assert "/article/" in self.page.url
        return self.page.url.removeprefix(self.site.url)

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            status = _REFUSED.search(message.text)
            if status is None or int(status[1]) not in self.refusals:
                self.troubles.append(f"{message.type}: {message.text} ({self.page.url})")


Opener = Callable[..., Visitor]


@pytest.fixture
def open_window(browser: Browser, conduit: Site) -> Iterator[Opener]:
    """Return a function that opens a window; in the end no window may have had any trouble."""
    opened: list[tuple[Any, Visitor]] = []

    def open_one(site: Site = conduit, *, scripts: bool = True, **options: Any) -> Visitor:
        context = browser.new_context(ignore_https_errors=True, java_script_enabled=scripts, **options)
        context.set_default_timeout(WAIT_MS)
        context.route(f"{PICTURES}/**", lambda route: route.fulfill(content_type="image/svg+xml", body=PICTURE))
        if scripts:
            context.add_init_script(_LISTEN)
        visitor = Visitor(site, context.new_page(), scripts=scripts)
        page = visitor.page
        page.on("console", visitor.hear)
        page.on("pageerror", lambda error: visitor.troubles.append(f"script error: {error}"))
        page.on("dialog", lambda dialog: note_dialog(visitor, dialog))
        page.on("requestfailed", lambda request: note_failed(visitor, request))
        opened.append((context, visitor))
        return visitor

    yield open_one
    for context, _ in opened:
        context.close()
    troubles = [trouble for _, visitor in opened for trouble in visitor.troubles]
    assert troubles == []


def note_dialog(visitor: Visitor, dialog: Any) -> None:
    """Conduit asks nothing by a dialog: this is somebody else's script."""
    visitor.troubles.append(f"dialog: {dialog.message}")
    dialog.dismiss()


def note_failed(visitor: Visitor, request: Any) -> None:
    """A request that leaves unfinished because the visitor went on is no trouble."""
    if request.failure != "net::ERR_ABORTED":
        visitor.troubles.append(f"request failed: {request.url} {request.failure}")


@pytest.fixture
def visitor(open_window: Opener) -> Visitor:
    """A window with JavaScript."""
    return open_window()


@pytest.fixture
def plain_visitor(open_window: Opener) -> Visitor:
    """A window without JavaScript."""
    return open_window(scripts=False)
