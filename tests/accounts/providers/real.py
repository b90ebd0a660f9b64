"""A real OpenID provider, started from its package on a free port, and a person who signs in there with a browser."""

from __future__ import annotations

import re
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import httpx

from buckler.accounts.providers import Provider
from tests.node import environment, module

if TYPE_CHECKING:
    from collections.abc import Iterator

BACK = "https://shop.example/account/provider/real/back"
_SCRIPT = Path(__file__).with_name("oidc.mjs")
_START_S, _STOP_S = 120, 60
_FIELD = re.compile(r'<form[^>]* action="([^"]+)"')
_MAX_STEPS = 12


@contextmanager
def serving(log: Path) -> Iterator[str]:
    """Run the provider; yield its issuer."""
    with log.open("w") as file:
        command: list[str | Path] = ["node", _SCRIPT, module("oidc-provider"), BACK]
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment(), stdin=subprocess.DEVNULL)
        try:
            yield _issuer(process, log)
        finally:
            process.terminate()
            process.wait(_STOP_S)


def _issuer(process: subprocess.Popen[bytes], log: Path) -> str:
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        found = re.search(r"^listening (\S+)$", log.read_text(), re.MULTILINE)
        if found:
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"the provider did not start:\n{log.read_text()}")


def provider_at(issuer: str, client: str = "basic", **options: Any) -> Provider:
    """The provider as an application configures it, for one of its clients."""
    given: dict[str, Any] = {"client_secret": f"secret of {client}: + and %", "timeout_s": 60.0, **options}
    return Provider(name="real", label="Real", issuer=issuer, client_id=client, insecure_http_on_loopback=True, **given)


def come_back(url: str, login: str, *, cancel: bool = False) -> dict[str, str]:
    """Go to `url` as a person does, sign in there as `login`, agree; return the query with which one is sent back to this site."""
    with httpx.Client(trust_env=False, timeout=60) as browser:
        answer = browser.get(url)
        for _ in range(_MAX_STEPS):
            if answer.is_redirect:
                there = urljoin(str(answer.url), answer.headers["location"])
                if there.startswith(BACK):
                    return dict(parse_qsl(urlsplit(there).query, strict_parsing=True))
                answer = browser.get(there)
                continue
            assert answer.status_code == 200, answer.text
            if cancel:
                answer = browser.get(f"{answer.url}/abort")
                continue
            form = _FIELD.search(answer.text)
            assert form is not None, answer.text
            prompt = "consent" if 'value="consent"' in answer.text else "login"
            answer = browser.post(urljoin(str(answer.url), form[1]), data={"prompt": prompt, "login": login, "password": "any"})
    raise AssertionError(f"the provider sent nobody back: {answer.url}")
