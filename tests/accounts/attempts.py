"""Attempts without an application around them: each is a visit of its own, as a request would bring it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.accounts import throttle
from buckler.accounts.problems import AccountError
from buckler.accounts.visit import Visit
from buckler.errors import StoreError
from buckler.stores.memory import Memory
from tests.requests import request_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from buckler.core.store import Op, Reply
    from tests.accounts.stage import Stage

    Maker = Callable[..., Awaitable[Stage]]

HERE = "203.0.113.7"
JOHN = "john@mail.example"
WIDE: dict[str, Any] = {"client": ["100000/day"], "account": ["100000/day"], "total": "100000/s"}  # what is not under test


class Spy(Memory):
    """Counts round trips, and fails when it is told to."""

    trips = 0
    fails = False

    def at_once(self, ops: list[Op]) -> list[Reply]:
        self.trips += 1
        if self.fails:
            raise StoreError("down")
        return super().at_once(ops)


def spied(stage: Stage) -> Spy:
    """Put a spy in the place of the store."""
    spy = Spy(clock=stage.clock)
    object.__setattr__(stage.guard.plan.site, "store", spy)
    return spy


def a_visit(stage: Stage, client: str = HERE, device: str = "", **changes: Any) -> Visit:
    """A visit whose database nobody asks; `device`: the cookie of a known browser."""
    headers = ((b"cookie", f"a=1; __Host-device={device}".encode()),) if device else ()
    request = request_of(*headers, client=client, **{"site": stage.guard.plan.site, **changes})
    nothing: Any = None
    return Visit(stage.accounts, request, nothing)


async def refused(stage: Stage, channel: str = "page", name: str = JOHN, **changes: Any) -> AccountError | None:
    """One attempt: None when it was admitted."""
    try:
        await throttle.admit(a_visit(stage, **changes), channel, name)
    except AccountError as error:
        return error
    return None


async def admitted(stage: Stage, times: int, channel: str = "page", name: str = JOHN, **changes: Any) -> int:
    """How many of so many attempts, one after the other, are admitted."""
    return [await refused(stage, channel, name, **changes) for _ in range(times)].count(None)


async def known_device(stage: Stage, name: str = JOHN, device: str = "", **changes: Any) -> str:
    """Succeed once and return the value of the cookie that came of it."""
    visit = a_visit(stage, device=device, **changes)
    await throttle.succeeded(visit, name)
    return device_of(visit)


def device_of(visit: Visit) -> str:
    """What the answer to this visit sets as the cookie of the device."""
    (value,) = (value.decode() for name, value in visit.request.extra_headers if name == b"set-cookie" and b"__Host-device=" in value)
    return value.partition("=")[2].partition(";")[0]
