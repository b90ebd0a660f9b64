"""Public helpers for tests: a probe application on which every case can be played, and how to play it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from buckler.core.case import Case, Place, Target, Transcript
from buckler.core.clock import Clock, HandClock
from buckler.core.play import Player, Witness
from buckler.guard import Guard, off
from buckler.protections import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.protection import Protection
    from buckler.guard.plan import Off

SECRET = "a secret of the tests: thirty-two bytes or more"  # noqa: S105  # of the tests alone
_NOT_UNDER_TEST = "another protection is under test"

PROBE = Target(
    paths={
        Place.PAGE: "/",
        Place.PRIVATE: "/private",
        Place.WRITE: "/write",
        Place.SIGN_IN: "/sign-in",
        Place.SIGN_OUT: "/sign-out",
        Place.SOCKET: "/socket",
        Place.SLOW: "/slow",
        Place.UPLOAD: "/upload",
    },
    sign_in_body=b"name=mira&password=correct+horse",
)


async def probe_app(scope: Any, receive: Any, send: Any) -> None:
    """The smallest application with every place. It trusts everybody: all safety must come from the guard."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1000})
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    if scope["path"] == "/upload":
        while (await receive()).get("more_body"):
            pass
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


def guarded(app: Any, *changes: Protection | Off, clock: Clock | None = None, **site: Any) -> Guard:
    """Return a guard for tests around `app`, answering for `shop.example`."""
    facts = {"hosts": ["shop.example"], "secrets": [SECRET], "clock": clock or HandClock(), **site}
    return Guard(app, *changes, **facts)


def only(*protections: Protection) -> list[Protection | Off]:
    """Return the changes that leave nothing on but `protections`."""
    names = {item.card.name for item in protections}
    return [*protections, *(off(kind, because=_NOT_UNDER_TEST) for kind in DEFAULTS if kind.card.name not in names)]


async def play(case: Case, changes: Sequence[Protection | Off], app: Any = probe_app, target: Target = PROBE) -> Transcript:
    """Play `case` on `app` behind a guard with `changes`, and return what was heard."""
    witness, clock = Witness(app), HandClock()
    guard = guarded(witness, *changes, clock=clock, **dict(case.site))
    return await Player(guard, witness, target, clock).play(case)
