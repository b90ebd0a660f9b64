"""A third party's protection, a store that is broken, and one question to a guard: what the tests of the guard share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from buckler.core.answer import refusal
from buckler.core.protection import Card, Steps
from buckler.errors import StoreError
from tests.asgi import Wire

if TYPE_CHECKING:
    from buckler.core.case import Case
    from buckler.core.site import Site
    from buckler.core.store import Op, Reply

NO = refusal(403, "odd.no", "No.", "Ask nicely.", mark="odd")
CROSS = (b"sec-fetch-site", b"cross-site")


class Odd:
    """A third party's protection: any object of the right shape. `steps_made` is what it does."""

    card: ClassVar[Card] = Card("odd", (NO,))
    cases: ClassVar[tuple[Case, ...]] = ()

    def __init__(self, steps_made: Steps, *, report_only: bool = False) -> None:
        self._steps, self.report_only = steps_made, report_only

    def steps(self, site: Site) -> Steps:  # the contract hands it in
        return self._steps


class BrokenStore:
    async def batch(self, ops: list[Op]) -> list[Reply]:
        raise StoreError(f"{len(ops)} operations went nowhere")

    async def close(self) -> None: ...


async def talk(guard: Any, scope: dict[str, Any]) -> Wire:
    wire = Wire()
    await guard(scope, wire.receive, wire.send)
    return wire


async def ok(scope: Any, receive: Any, send: Any) -> None:  # the ASGI triple
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"one", "more_body": True})
    await send({"type": "http.response.body", "body": b"two"})
