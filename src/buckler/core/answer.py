"""What the guard says itself, without asking the application."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from buckler.core.headers import Headers


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer of the guard's own: a CORS preflight, an accepted report. Not a refusal, so it makes no Event."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def with_headers(self, *extra: tuple[bytes, bytes]) -> Self:
        """Return the same answer with `extra` headers after its own. Costs one allocation; for answers that carry a value."""
        return replace(self, headers=(*self.headers, *extra))


@dataclass(frozen=True, slots=True)
class Refusal(Answer):
    """A value that says no. Made once, at import, and returned by a check; the guard renders it for the caller.

    `code` is the one id used everywhere: the problem's code, the Event's kind, the metric's label, the anchor in the docs.
    `title` says in one sentence what happened, `advice` what an honest visitor can do; neither says how to get round it.
    `mark`: a route that carries a mark of this name takes the request nonetheless (see `core.marks`).
    """

    code: str = ""
    title: str = ""
    advice: str = ""
    mark: str | None = None


def refusal(status: int, code: str, title: str, advice: str, *, mark: str | None = None) -> Refusal:
    """Return a refusal without headers; the one way protections write theirs."""
    return Refusal(status, code=code, title=title, advice=advice, mark=mark)
