"""`deadline`: a body arrives in time, and a handler answers in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from buckler.core.answer import refusal
from buckler.core.options import need_positive, options
from buckler.core.protection import Card, Limits, Steps

if TYPE_CHECKING:
    from buckler.core.site import Site

TOO_SLOW = refusal(503, "deadline.handler", "The answer took too long.", "Try again later.")
TOO_SLOW_BODY = refusal(408, "deadline.body", "The request took too long to arrive.", "Try again on a faster connection.")


@options
class Deadline:
    """`handler_s`: seconds until the response head. `body_s`: seconds for a whole body to arrive."""

    card: ClassVar[Card] = Card("deadline", (TOO_SLOW, TOO_SLOW_BODY))
    cases: ClassVar = ()
    handler_s: float = 30.0
    body_s: float = 30.0
    report_only: bool = False

    def __post_init__(self) -> None:
        need_positive(self, handler_s=self.handler_s, body_s=self.body_s)

    def steps(self, site: Site) -> Steps:  # noqa: ARG002
        return Steps(limits=Limits(handler_s=self.handler_s, body_s=self.body_s))
