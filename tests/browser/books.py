"""The site of accounts in a process of its own, over TLS, with a mail server that really takes its letters."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import SMTPUTF8
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from aiosmtpd.controller import Controller

from tests.browser.conftest import ROOT, START_S, Site, Visitor, leave
from tests.servers.program import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from playwright.sync_api import CDPSession

PASSWORD = "walk the quiet harbour at dawn"
_LINK = re.compile(r"https://\S+token=\S+")
_ARRIVES_S = 20.0
# Tells the page's root that a passkey is asked for, and how.
_ASKED = """{
  const get = navigator.credentials.get.bind(navigator.credentials);
  navigator.credentials.get = (what) => {
    const answer = get(what);
    document.documentElement.dataset.asked = what.mediation ?? "";
    return answer;
  };
}"""
_HEARD_MS = 300  # from the page to the authenticator, which tells nobody that it was asked


@dataclass
class Mails:
    """What the mail server took, by recipient."""

    taken: list[EmailMessage] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        message = message_from_bytes(envelope.content, policy=SMTPUTF8)
        self.taken.append(message)
        return "250 taken"

    def newest(self, to: str, subject: str = "") -> str:
        """The text of the newest letter to somebody, as soon as it is there."""
        until = time.monotonic() + _ARRIVES_S
        while time.monotonic() < until:
            for message in reversed(self.taken):
                if message["To"] == to and subject in message["Subject"]:
                    part = message.get_body(("plain",))
                    assert part is not None
                    text: str = part.get_content()
                    return text
            time.sleep(0.05)
        pytest.fail(f"no letter {subject!r} to {to}")

    def link(self, to: str, subject: str = "") -> str:
        found = _LINK.search(self.newest(to, subject))
        assert found is not None
        return found[0]


@dataclass(frozen=True)
class Books:
    """The running site and its mail."""

    site: Site
    mails: Mails


@contextmanager
def open_books(folder: Path, **settings: str) -> Iterator[Books]:
    """Start both; stop both. `settings` are the site's environment."""
    mails = Mails()
    controller = Controller(mails, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)
    controller.start()
    try:
        with serving(folder, SITE_SMTP_PORT=str(controller.port), **settings) as site:
            yield Books(site, mails)
    finally:
        controller.stop()


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Site]:
    authority, port = trustme.CA(), free_port()
    certificate = authority.issue_cert("localhost")
    key, chain = folder / "key.pem", folder / "chain.pem"
    certificate.private_key_pem.write_to_path(key)
    certificate.cert_chain_pems[0].write_to_path(chain)
    command = [
        sys.executable, "-m", "uvicorn", "tests.account_site:app", "--host", "127.0.0.1", "--port", str(port), "--no-server-header",
        "--no-access-log", "--ssl-keyfile", str(key), "--ssl-certfile", str(chain),
    ]  # fmt: skip
    site, log = Site(f"https://localhost:{port}", folder, authority), folder / "server.log"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}", "SITE_FOLDER": str(folder), **settings}
    with log.open("wb") as out, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out) as server:
        try:
            wait_for(site, server, log)
            yield site
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()


def wait_for(site: Site, server: subprocess.Popen[bytes], log: Path) -> None:
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s and server.poll() is None:
        try:
            site.get("/")
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the site of accounts did not start:\n{log.read_text()[-4000:]}")


class Device:
    """A virtual authenticator of the browser: `passkeys` like a phone's, or a security key on USB that only proves that it is there."""

    def __init__(self, visitor: Visitor, *, passkeys: bool = True) -> None:
        self.devtools: CDPSession = visitor.page.context.new_cdp_session(visitor.page)
        self.devtools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal" if passkeys else "usb",
            "hasResidentKey": passkeys,
            "hasUserVerification": passkeys,
            "isUserVerified": passkeys,
            "automaticPresenceSimulation": True,
        }
        self.id = self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.devtools.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]
        return found

    def is_touched(self, touched: bool) -> None:
        """Whether somebody is there to confirm."""
        self.devtools.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": self.id, "enabled": touched})


# ---- what people do


def leave_suggestion(visitor: Visitor, device: Device, path: str) -> None:
    """Open the form to sign in, and do not take the passkey that the browser suggests in it."""
    device.is_touched(False)
    visitor.page.add_init_script(_ASKED)
    visitor.go(path)
    visitor.page.wait_for_selector("html[data-asked=conditional]")
    visitor.page.wait_for_timeout(_HEARD_MS)
    device.is_touched(True)


def sign_up(visitor: Visitor, books: Books, email: str) -> None:
    """With a password; ends on the front page, signed in."""
    page = visitor.page
    visitor.go("/account/sign-up")
    page.fill("#email", email)
    page.fill("#nickname", "Mira")
    page.fill("#password", PASSWORD)
    leave(page, "button:has-text('Create account')")
    page.wait_for_url("**/account/sign-up/sent")
    page.goto(books.mails.link(email))
    leave(page, "button:has-text('Yes, create my account')")
    page.wait_for_url(books.site.url + "/")


def sign_in(visitor: Visitor, email: str, password: str = PASSWORD, to: str = "/") -> None:
    """As far as the first factor leads."""
    visitor.go(f"/account/sign-in?next={to}")
    visitor.page.fill("#email", email)
    visitor.page.fill("#password", password)
    leave(visitor.page, "button:text-is('Sign in')")


def follow(visitor: Visitor, *links: str) -> None:
    """One link after the other, by their names."""
    for link in links:
        leave(visitor.page, visitor.page.get_by_role("link", name=link, exact=True))


def send(visitor: Visitor, button: str) -> None:
    """Press the button of a form, by its name; ends on the page that follows."""
    leave(visitor.page, visitor.page.get_by_role("button", name=button, exact=True))


def sign_out(visitor: Visitor) -> None:
    visitor.go("/account/sign-out")
    leave(visitor.page, "button:has-text('Sign out')")
    visitor.page.wait_for_url(visitor.site.url + "/")
