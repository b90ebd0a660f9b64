"""The stage on which cases are played: the real application, running, behind any choice of its protections."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from buckler.balance.subject import Subject
from buckler.core.case import Target
from buckler.core.clock import HandClock
from buckler.core.play import Player, Witness
from buckler.errors import BackendError
from buckler.guard.plan import Off
from buckler.guard.routes import RouteTable
from buckler.protections import DEFAULTS
from buckler.stores.memory import Memory
from buckler.testing import PROBE, Probe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping, MutableMapping

    from buckler.core.case import Case, Transcript
    from buckler.core.protection import Protection
    from buckler.guard import Guard

HOST = Target(paths={}).host  # cases speak of this host by name
_SECRET = "kept by nobody: the sheet's own secret, of 32 bytes or more"  # noqa: S105  # signs what nobody keeps
_WEIGHED = "it is being weighed"


class Stage:
    """One running application. `names` are its protections, in their order; `needed` those that offer it something to work with."""

    def __init__(self, subject: Subject, state: dict[str, Any]) -> None:
        self._subject, self._guard, self._state = subject, subject.guard, state
        self.target = replace(subject.target, host=HOST)
        self.protections: dict[str, Protection] = {item.card.name: item for item in subject.guard.plan.protections}
        self.names = frozenset(self.protections)
        self.needed = frozenset(subject.guard.plan.site.offers) & self.names

    async def app(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        """The application without its guard, with the state that its start left."""
        scope["state"] = dict(self._state)
        await self._guard.app(scope, receive, send)

    def careless(self) -> Stage:
        """Return a stage with the same protections around an application that trusts everybody and has every place."""
        probe = Probe()
        guard = self.guard(self.names, probe, routes=RouteTable(probe))
        return Stage(Subject(self._subject.name, guard, PROBE), {})

    def guard(self, keep: Collection[str], app: Any, changed: Mapping[str, Protection] | None = None, **facts: Any) -> Guard:
        """Return a guard around `app` with those of the application's protections that `keep` names.

        `changed` replaces protections by name, or adds some. As in production (`development` is off), under the name `HOST`, with
        its own clock and store: nothing is carried from one play to the next.
        """
        chosen = {**{name: item for name, item in self.protections.items() if name in keep}, **(changed or {})}
        dropped = [Off(kind.card.name, _WEIGHED) for kind in DEFAULTS if kind.card.name not in chosen]
        own: dict[str, Any] = {"hosts": [HOST], "development": False, "routes": self._guard.plan.routes}
        return self._guard.variant(*chosen.values(), *dropped, app=app, **{"secrets": [_SECRET], **own, **facts})

    def player(self, case: Case, keep: Collection[str], changed: Mapping[str, Protection] | None = None) -> Player:
        """Return somebody who can play `case`, once, with only `keep` on."""
        clock = HandClock()
        witness = Witness(self.app)
        facts = {"clock": clock, "store": Memory(clock=clock), **case.site}
        return Player(Served(self.guard(keep, witness, changed, **facts)), witness, self.target, clock)

    async def play(self, case: Case, keep: Collection[str], changed: Mapping[str, Protection] | None = None) -> Transcript:
        """Play `case` with only `keep` on, and return what was heard."""
        return await self.player(case, keep, changed).play(case)


class Served:
    """Answers 500 where the application raises and has said nothing yet, as a server would."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        started = False

        async def noted(message: Any) -> None:
            nonlocal started
            started = True
            await send(message)

        # In a task of its own, whose outcome is looked at: nothing is caught, so nothing but failures of the application is hidden.
        task = asyncio.ensure_future(self._app(scope, receive, noted))
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
        if not task.cancelled() and task.exception() is not None and not started and scope["type"] == "http":
            await send({"type": "http.response.start", "status": 500, "headers": []})
            await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def staged(subject: Subject) -> AsyncIterator[Stage]:
    """Start the application (ASGI lifespan), yield the stage, and stop it again. Raises `BackendError` when it does not start."""
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    state: dict[str, Any] = {}
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}
    task = asyncio.ensure_future(subject.guard.app(scope, inbox.get, outbox.put))
    await inbox.put({"type": "lifespan.startup"})
    said = await _first(outbox, task)
    if said is not None and said["type"] == "lifespan.startup.failed":
        raise BackendError(f"{subject.name} does not start: {said.get('message') or 'it does not say why'}")
    try:
        yield Stage(subject, state)
    finally:
        if said is not None:
            await inbox.put({"type": "lifespan.shutdown"})
            await _first(outbox, task)
        task.cancel()
        await asyncio.wait({task})


async def _first(outbox: asyncio.Queue[dict[str, Any]], task: asyncio.Future[Any]) -> dict[str, Any] | None:
    """The next word of the application; None when it ended without one: an application may know nothing of lifespan."""
    asked = asyncio.ensure_future(outbox.get())
    await asyncio.wait({asked, task}, return_when=asyncio.FIRST_COMPLETED)
    if asked.done():
        return asked.result()
    asked.cancel()
    task.exception()  # looked at, so that nobody complains of it
    return None
