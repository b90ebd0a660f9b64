"""The headers in a real browser: what the policy stops does not happen, what it allows does, and the browser's report arrives."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple
from urllib.request import urlopen

import pytest
import trustme
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM, ROOT, START_S, WAIT_MS
from tests.servers.program import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

APP = """
import os
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from buckler import CSP, NONE, Guard
from buckler.frameworks.starlette import guarded_request

inner = FastAPI()
HEAD = '<!doctype html><html lang="en"><title>t</title><link rel="icon" href="/icon.svg"><p id="out">nothing</p>'
SET = "document.getElementById('out').textContent"

@inner.get("/attacked")
def attacked(request: Request):
    nonce = guarded_request(request.scope).nonce
    return HTMLResponse(HEAD + f'''
<base href="https://evil.example/">
<script>{SET} = "injected"</script>
<img src="data:," onerror="{SET} = 'handler'">
<script src="https://evil.example/x.js"></script>
<p id="styled" style="color: rgb(1, 2, 3)">styled</p>
<script nonce="{nonce}">
try {{ eval("{SET} = 'evaluated'") }} catch (e) {{ {SET} += " but mine" }}
</script>''')

@inner.get("/loads")
def loads(request: Request):
    return HTMLResponse(HEAD + f'<script nonce="{guarded_request(request.scope).nonce}" src="/first.js"></script>')

@inner.get("/first.js")
def first():
    load = "const s = document.createElement('script'); s.src = '/second.js'; document.head.append(s)"
    return Response(load, media_type="text/javascript")

@inner.get("/second.js")
def second():
    return Response(f"{SET} = 'second'", media_type="text/javascript")

@inner.get("/icon.svg")
def icon():
    return Response('<svg xmlns="http://www.w3.org/2000/svg"/>', media_type="image/svg+xml")

@inner.get("/events")
def events():
    return [[event.kind, event.path, event.detail] for event in app.plan.events.drain()]

production = os.environ["MODE"] == "production"
facts = {"hosts": ["localhost"], "secrets": ["x" * 32]} if production else {"development": True}
app = Guard(inner, CSP(trial=CSP(img_src=[NONE], trusted_types=True)), **facts)
"""


class Shop(NamedTuple):
    """The running application."""

    url: str
    context: ssl.SSLContext | None

    def events(self) -> list[list[str]]:
        with urlopen(self.url + "/events", context=self.context, timeout=5) as answer:  # noqa: S310  # ours
            found: list[list[str]] = json.load(answer)
        return found


@pytest.fixture(scope="module")
def quick() -> Iterator[Browser]:
    """A browser that sends reports at once, not after a minute."""
    path = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    arguments = [*ARGUMENTS, "--short-reporting-delay", "--ignore-certificate-errors"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=arguments)
        yield started
        started.close()


@pytest.fixture(scope="module", params=["development", "production"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """In development over plain HTTP; in production over TLS."""
    folder, port, mode = tmp_path_factory.mktemp("policy"), free_port(), request.param
    (folder / "policy_app.py").write_text(APP)
    command = [sys.executable, "-m", "uvicorn", "policy_app:app", "--app-dir", str(folder), "--port", str(port), "--no-server-header"]
    made = Shop(f"http://localhost:{port}", None)
    if mode == "production":
        made = Shop(f"https://localhost:{port}", _trusting(folder))
        command += ["--ssl-keyfile", str(folder / "key.pem"), "--ssl-certfile", str(folder / "chain.pem")]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, cwd=ROOT, env={**os.environ, "MODE": mode}, stdout=log, stderr=log) as server,
    ):
        try:
            _await(made, server, folder / "log")
            yield made
        finally:
            server.terminate()


def _trusting(folder: Path) -> ssl.SSLContext:
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for position, part in enumerate(certificate.cert_chain_pems):
        part.write_to_path(folder / "chain.pem", append=position > 0)
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def _await(shop: Shop, server: subprocess.Popen[bytes], log: Path) -> None:
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s and server.poll() is None:
        try:
            shop.events()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(log.read_text())


@pytest.fixture
def page(quick: Browser) -> Iterator[Page]:
    context = quick.new_context(ignore_https_errors=True)
    context.set_default_timeout(WAIT_MS)
    yield context.new_page()
    context.close()


def test_what_was_injected_does_nothing_and_the_pages_own_script_runs(page: Page, shop: Shop) -> None:
    page.goto(shop.url + "/attacked")
    expect(page.locator("#out")).to_have_text("nothing but mine")
    expect(page.locator("#styled")).not_to_have_css("color", "rgb(1, 2, 3)")
    expect(page).to_have_url(shop.url + "/attacked")


def test_what_a_trusted_script_loads_is_trusted(page: Page, shop: Shop) -> None:
    """And the headers themselves are no trouble to the browser: no warning of a word that it does not know."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(shop.url + "/loads")
    expect(page.locator("#out")).to_have_text("second")
    assert [text for text in said if "The policy is report-only" not in text] == [], "only what the trial would have stopped"


def test_no_other_site_frames_a_page(page: Page, shop: Shop) -> None:
    """A page that does not forbid it is framed by the same other site, so it is the header that makes the difference."""
    with _other_site(shop.url + "/loads") as other, page.expect_console_message(lambda message: "frame-ancestors 'none'" in message.text):
        page.goto(other)
        expect(page.locator("#careless").content_frame.locator("#out")).to_have_text("framed")
        expect(page.locator("#guarded")).to_be_visible()
    assert page.locator("#guarded").content_frame.locator("#out").count() == 0


@contextmanager
def _other_site(url: str) -> Iterator[str]:
    """A careless site at another origin, whose first page frames one of its own pages, by another name, and `url`."""

    class Careless(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            own = f"http://localhost:{server.server_port}/inner"
            outer = f'<iframe id="careless" src="{own}"></iframe><iframe id="guarded" src="{url}"></iframe>'
            body = (outer if self.path == "/" else '<p id="out">framed</p>').encode()
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *values: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Careless) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_the_browsers_report_arrives(page: Page, shop: Shop) -> None:
    """By `report-uri` in development, by the Reporting API over TLS; of the enforced policy and of the trial."""
    shop.events()
    page.goto(shop.url + "/attacked?token=secret")
    found: list[list[str]] = []
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s and not _tells_both(found):
        page.wait_for_timeout(200)
        found += shop.events()
    told = [event for event in found if event[0] == "csp.violation"]
    assert _tells_both(found), found
    assert {event[1] for event in told} == {shop.url + "/attacked"}, "the query is not kept"
    assert [event for event in found if event[0] != "csp.violation"] == []


def _tells_both(found: list[list[str]]) -> bool:
    details = " ".join(event[2] for event in found)
    return "script-src-elem blocked inline" in details and "would have blocked" in details
