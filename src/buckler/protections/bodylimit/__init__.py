"""`bodylimit`: a body has a size."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from buckler.core.answer import Refusal, refusal
from buckler.core.options import need_positive, options
from buckler.core.protection import Card, Limits, Steps

if TYPE_CHECKING:
    from buckler.core.request import Request
    from buckler.core.site import Site

TOO_LARGE = refusal(413, "bodylimit.too_large", "The request is too large.", "Send less at once.", mark="bodylimit")


@options
class BodyLimit:
    """`max_bytes`: of a whole body."""

    card: ClassVar[Card] = Card("bodylimit", (TOO_LARGE,))
    cases: ClassVar = ()
    max_bytes: int = 1_048_576
    report_only: bool = False

    def __post_init__(self) -> None:
        need_positive(self, max_bytes=self.max_bytes)

    def steps(self, site: Site) -> Steps:  # noqa: ARG002
        limit = self.max_bytes

        def check(request: Request) -> Refusal | None:
            declared = request.headers.get(b"content-length")
            return TOO_LARGE if declared is not None and declared.isdigit() and int(declared) > limit else None

        return Steps(check=check, limits=Limits(max_body_bytes=limit))
