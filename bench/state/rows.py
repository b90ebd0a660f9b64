"""The rows of pages and of signed-in visitors, and what each must show before it is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bench.checks import CheckFailedError, ask
from bench.peers import signed
from bench.peers.common import HOST
from bench.peers.page import CALLS
from bench.rows import REQUEST, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

_CALLERS = [("Host", HOST)]


class Cell(NamedTuple):
    """A row, and what it is asked. `kept`: the page comes from a cache. `signs_in`: the visitor has a session in Redis."""

    row: Row
    kept: bool = False
    signs_in: bool = False

    @property
    def key(self) -> str:
        return self.row.key


PAGES = (
    Cell(Row(key="page_plain", title="FastAPI, makes the page", app="page_plain", packages=("fastapi", "jinja2"))),
    Cell(Row(key="page_limit", title="bare ASGI, sends the bytes of Buckler's hit (the limit)", app="page_limit")),
    Cell(
        Row(key="page_buckler", title="FastAPI + Buckler, everything on, from its cache", app="page_buckler", packages=("fastapi",)),
        kept=True,
    ),
    Cell(Row(key="page_cache2", title="FastAPI + fastapi-cache2", app="page_fastapi_cache2", packages=("fastapi-cache2",)), kept=True),
    Cell(Row(key="page_litestar", title="Litestar, its own cache", app="page_litestar", packages=("litestar",)), kept=True),
    Cell(Row(key="page_django", title="Django (ASGI), cache_page", app="page_django", packages=("django",)), kept=True),
)
SIGNED = (
    Cell(Row(key="signed_buckler", title="FastAPI + Buckler, everything on", app="signed_buckler", packages=("fastapi",)), signs_in=True),
    Cell(
        Row(key="signed_limited", title="the same, a limit counted in Redis on the route", app="signed_buckler_limited"),
        signs_in=True,
    ),
    Cell(
        Row(key="signed_glue", title="FastAPI + starsessions + slowapi", app="signed_glue", packages=("starsessions", "slowapi", "redis")),
        signs_in=True,
    ),
)
BY_KEY = {cell.key: cell for cell in (*PAGES, *SIGNED)}


def request_of(cell: Cell, port: int) -> Sequence[tuple[str, str]]:
    """Return what the row is asked: by a signed-in visitor with their cookie. Raises `CheckFailedError` when it does not do its work."""
    if not cell.signs_in:
        _check_page(cell, port)
        return REQUEST
    heard = ask(port, path=signed.SIGN_IN, headers=_CALLERS)
    cookies = "; ".join(part.split(";")[0] for part in heard.headers.get("set-cookie", "").split(", ") if "=" in part.split(";")[0])
    request = [*REQUEST, ("Cookie", cookies)]
    found = ask(port, headers=request)
    _need(found.status == 200 and found.body == signed.BODY, f"does not know who is signed in: {found.status} {found.body[:200]!r}")
    nobody = ask(port, headers=REQUEST)
    _need(nobody.body != signed.BODY, "takes everybody for the person who is signed in")
    return request


def _check_page(cell: Cell, port: int) -> None:
    pages = [ask(port, headers=REQUEST) for _ in range(3)]
    _need(all(page.status == 200 and b"How to fold a chart, part 39" in page.body for page in pages), "does not send the page")
    if cell.key != "page_limit":
        made = int(ask(port, path=CALLS, headers=_CALLERS).body)
        _need(made == (1 if cell.kept else 3), f"has made the page {made} times for 3 visitors")


def _need(good: bool, what: str) -> None:
    if not good:
        raise CheckFailedError(what)
