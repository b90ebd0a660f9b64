"""`deadline`: a body arrives in time, and a handler answers in time.

Stops:
    Clients that send a body byte by byte to keep a connection and a handler for themselves; handlers that hang, so that their
    visitors, connections and memory pile up.

How:
    A body has `body_s` seconds, and one more second for every `min_body_bytes_per_s` of it that have arrived: a large upload on a
    slow line passes, a trickle does not (a total alone would have to be as long as the longest honest upload). Only the
    time spent waiting for the client counts. Then the application hears that the client is gone, and the guard answers 408. A handler
    has `handler_s` seconds from the last piece of the body until it sends the response head; then its task is cancelled, and the
    guard answers 503. What streams after the head (server-sent events, downloads) and WebSockets are not timed. One timer
    watches all requests and looks eight times in the shortest limit, so that a limit is passed by up to a quarter. A route that needs
    longer says so: `time_limit(handler_s=…)`.

Does not stop:
    A handler that blocks the event loop, or that does not let itself be cancelled. Slow request heads are the server's to time
    (`buckler.serve` does, granian does, plain uvicorn does not), and so are clients that read slowly.

Turn off when:
    A layer in front times both, and no handler calls anything that may hang.

Sources:
    RFC 9110 sections 15.5.9 and 15.6.4; ASVS 5.0 V13.1.3, V13.2.6; CWE-400, CWE-772.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from buckler.core.answer import refusal
from buckler.core.marks import mark
from buckler.core.options import need, need_positive, options
from buckler.core.protection import Card, Limits, Steps
from buckler.protections.deadline.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.site import Site

T = TypeVar("T")
MARK = "deadline"
TOO_SLOW = refusal(503, "deadline.handler", "The answer took too long.", "Try again later.", mark=MARK)
TOO_SLOW_BODY = refusal(408, "deadline.body", "The request took too long to arrive.", "Try again on a faster connection.")


@options
class Deadline:
    """`handler_s`: seconds until the response head. `body_s`: seconds for a body to arrive, and `min_body_bytes_per_s`: how many bytes
    of it earn one second more."""

    card: ClassVar[Card] = Card("deadline", (TOO_SLOW, TOO_SLOW_BODY))
    cases: ClassVar = CASES
    handler_s: float = 30.0  # as gunicorn's `--timeout`; nobody waits longer for a page
    body_s: float = 30.0  # Apache's mod_reqtimeout starts with 20; a phone in a tunnel gets ten more
    min_body_bytes_per_s: int = 4096  # a slow mobile line; mod_reqtimeout's 500 would let 1 MiB hold a handler for 35 minutes
    report_only: bool = False

    def __post_init__(self) -> None:
        need_positive(self, handler_s=self.handler_s, body_s=self.body_s, min_body_bytes_per_s=self.min_body_bytes_per_s)

    def steps(self, site: Site) -> Steps:  # noqa: ARG002  # the same on every site
        """Return the numbers that the guard keeps; there is nothing to check."""
        limits = Limits(handler_s=self.handler_s, body_s=self.body_s, min_body_bytes_per_s=self.min_body_bytes_per_s)
        return Steps(limits=limits)


def time_limit(*, handler_s: float) -> Callable[[T], T]:
    """Return a decorator that gives a route's handler `handler_s` seconds until the response head, where that is longer than the general
    limit."""
    good = isinstance(handler_s, (int, float)) and not isinstance(handler_s, bool) and handler_s > 0
    need(good, "time_limit.handler_s", handler_s, "give a number of seconds over zero")
    return mark(MARK, float(handler_s))
