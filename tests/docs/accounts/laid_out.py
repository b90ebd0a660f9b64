"""A page's code as files, and a browser that uses what they serve."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, Self

import httpx

from tests.docs.pages import ROOT, blocks
from tests.frameworks.accounts.window import Reader

if TYPE_CHECKING:
    from pathlib import Path

START_S, STOP_S = 120, 60
_RUNS = re.compile(r"Uvicorn running on http://\S+:(\d+)")
_NAMED = re.compile(r"# (\w+\.py)\n")


def lay_out(page: str, folder: Path) -> list[str]:
    """Write every Python block that begins with the name of a file; return the names."""
    made = []
    for block in blocks(page, "python"):
        named = _NAMED.match(block)
        if named:
            (folder / named[1]).write_text(block, encoding="utf-8")
            made.append(named[1])
    return made


def unnamed(page: str) -> list[str]:
    """The Python blocks that are no files, in order."""
    return [block for block in blocks(page, "python") if not _NAMED.match(block)]


def run(folder: Path, *words: str, **environment: str) -> str:
    """Run Python in `folder`, as a person does in a shell; return what it printed."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


class Visitor:
    """A browser without JavaScript. As a real one, it sends Secure cookies to this machine over plain HTTP; httpx's own jar does not."""

    def __init__(self, base: str, language: str) -> None:
        headers = {"origin": base, "sec-fetch-site": "same-origin", "accept": "text/html", "accept-language": language}
        self._client = httpx.Client(base_url=base, headers=headers, timeout=60)
        self._cookies: dict[str, str] = {}
        self.answer: httpx.Response = httpx.Response(0)

    def close(self) -> None:
        self._client.close()

    @property
    def where(self) -> str:
        return self.answer.url.path

    @property
    def page(self) -> Reader:
        return Reader(self.answer.text)

    def open(self, path: str) -> Visitor:
        self.answer = self._send("GET", path)
        while self.answer.has_redirect_location:
            self.answer = self._send("GET", self.answer.headers["location"])
        return self

    def press(self, button: str = "", **fields: str) -> Visitor:
        """Send the form that has this button, or the only one, and follow where it leads."""
        (form,) = [form for form in self.page.forms if not button or button in form.buttons]
        assert set(fields) <= set(form.fields), form
        self.answer = self._send("POST", form.action or self.where, data={**form.fields, **fields})
        return self.open(self.answer.headers["location"]) if self.answer.has_redirect_location else self

    def open_mail(self, path: str) -> Visitor:
        """Open the newest link to `path` among the letters of a site in development."""
        found = re.findall(r'href="http://localhost:\d+(/[^"]+)"', self.open("/account/mailbox").answer.text)
        return self.open(next(link for link in found if link.startswith(f"{path}?token=")))

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """What a script of the page asks, by JSON."""
        return self._send(method, path, headers={"accept": "application/json"}, **given)

    def _send(self, method: str, path: str, headers: dict[str, str] | None = None, **given: Any) -> httpx.Response:
        self._client.cookies.clear()
        cookies = {"cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())} if self._cookies else {}
        answer = self._client.request(method, path, headers={**(headers or {}), **cookies}, **given)
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self._cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self._cookies[name]
        return answer


class Served:
    """`uvicorn MODULE:app` in `folder`, until the block ends."""

    def __init__(self, folder: Path, module: str) -> None:
        self.port = 0
        self._folder, self._module, self._log = folder, module, folder / "uvicorn.log"
        self._visitors: list[Visitor] = []

    def __enter__(self) -> Self:
        words = [sys.executable, "-m", "uvicorn", f"{self._module}:app", "--no-server-header", "--port", "0"]
        with self._log.open("w") as out:
            self._process = subprocess.Popen(words, cwd=self._folder, stdout=out, stderr=out)
        until = time.monotonic() + START_S
        while self._process.poll() is None and time.monotonic() < until:
            found = _RUNS.search(self.log)
            if found:
                self.port = int(found[1])  # its own find: one that was free a moment ago may be somebody else's by now
                return self
            time.sleep(0.1)
        self._process.kill()
        self._process.wait()
        raise AssertionError(self.log)

    def __exit__(self, *_: object) -> None:
        for visitor in self._visitors:
            visitor.close()
        self._process.terminate()
        self._process.wait(STOP_S)

    def visitor(self, language: str = "en") -> Visitor:
        self._visitors.append(Visitor(f"http://localhost:{self.port}", language))
        return self._visitors[-1]

    @property
    def log(self) -> str:
        return self._log.read_text()
