"""The hot path: the way of one request, in order. Read it from top to bottom."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Unpack

from buckler.core.answer import Answer, Refusal
from buckler.core.marks import is_hung, marks_of
from buckler.core.request import SAFE_METHODS
from buckler.guard.body import Body, peek, takes
from buckler.guard.dress import dresser
from buckler.guard.inflight import InFlight
from buckler.guard.plan import Facts, Off, Plan, make_plan
from buckler.guard.refuse import APP_FAILED, Talk, answer, may_have_body
from buckler.guard.wait import judged
from buckler.protections.bodylimit import TOO_LARGE

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from buckler.core.protection import Protection
    from buckler.core.request import Request

_ACTS = frozenset({"http", "websocket"})


class Guard:
    """An ASGI application around `app`, with every protection on.

    `changes` replace a default protection by type, add a third party's, or switch one off (`off`). Keywords are facts of the
    site: `hosts`, `secrets`, `store`, `trusted_proxies`, `development` (see `Facts`). Raises `ConfigError` at once for any
    setting that cannot work; never while serving.
    """

    def __init__(self, app: Any, *changes: Protection | Off, **facts: Unpack[Facts]) -> None:
        self.app, self._changes, self._facts = app, changes, facts
        self.plan: Plan = make_plan(app, changes, facts)
        self._dressing = dresser(self.plan)
        if self.plan.cache is not None:
            self.plan.cache.bind(self.plan, app, self._dressing)
        self._inflight = InFlight(self.plan)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        plan = self.plan
        if scope["type"] not in _ACTS:
            await self.app(scope, receive, send)  # lifespan, and whatever ASGI adds: no request, nothing to guard
            return
        request = plan.read(scope)
        for check in plan.checks if request.method in SAFE_METHODS and request.kind == "http" else plan.unsafe_checks:
            found = check(request)
            if found is not None and stands(plan, scope, request, found):
                await answer(plan, scope, request, found, (receive, send))
                return
        if request.kind == "websocket":
            await self._connect(scope, request, receive, send)
            return
        kept = None if plan.cache is None else plan.cache.kept(scope, request, send)
        if kept is not None:
            await kept
            return
        if may_have_body(request):
            receive = Body(plan, scope, request, receive).receive
        if self._inflight.watches:
            self._inflight.enter(request, scope)
        inside = None
        try:
            found = None
            if request.waits:
                receive = await peek(request, receive) if request.want_body_bytes else receive
                found = request.refusal or await judged(plan, request)
            if found is None and request.turn is not None and await request.turn.is_served(scope, request, send):
                return
            if plan.gate is not None and (found is None or not stands(plan, scope, request, found)):
                inside = plan.gate
                found = inside.enter(request, scope)
            if found is not None and stands(plan, scope, request, found):
                await answer(plan, scope, request, found, (receive, send))
                return
            if plan.cache is not None:
                send = plan.cache.prepare(scope, request, send)
            scope["buckler"] = request
            await self.app(scope, receive, self._dressing(request, send))
        except BaseException as failure:
            if not await self._ended(scope, request, failure, (receive, send)):
                raise
        finally:
            self._inflight.entries.pop(request, None)
            if inside is not None:
                inside.leave(request)
            if request.turn is not None:
                request.turn.end()
        if not request.started:
            await answer(plan, scope, request, request.refusal or APP_FAILED, (receive, send))

    @property
    def at_work(self) -> int:
        """How many requests the application is working on."""
        return len(self._inflight.entries)

    async def _connect(self, scope: MutableMapping[str, Any], request: Request, receive: Any, send: Any) -> None:
        """Hand a WebSocket to the application, once store and gates have been asked. It has no body, no head, and no deadline."""
        plan, inside = self.plan, None
        try:
            found = await judged(plan, request) if request.waits else None
            if plan.gate is not None and (found is None or not stands(plan, scope, request, found)):
                inside = plan.gate
                found = inside.enter(request, scope)
            if found is not None and stands(plan, scope, request, found):
                await answer(plan, scope, request, found, (receive, send))
                return
            scope["buckler"] = request
            await self.app(scope, receive, send)
        finally:
            if inside is not None:
                inside.leave(request)

    async def _ended(self, scope: MutableMapping[str, Any], request: Request, failure: BaseException, talk: Talk) -> bool:
        """Whether `failure` is only how the application ended a request that the guard refuses. Everything else is raised again,
        after a page for the visitor when it is an error of the application's."""
        if isinstance(failure, asyncio.CancelledError) and request.refusal is not None:
            task = asyncio.current_task()
            while task is not None and task.cancelling():
                task.uncancel()  # the deadline has cancelled it, and this is where the cancellation ends
            return True
        if not isinstance(failure, Exception):
            return False
        if (
            request.refusal is None
            and not request.started
            and (request.turn is None or not await request.turn.is_rescued(request, talk[1]))
        ):
            await answer(self.plan, scope, request, APP_FAILED, talk)
        return request.refusal is not None

    def variant(self, *changes: Protection | Off, app: Any = None, **facts: Unpack[Facts]) -> Guard:
        """Return a guard with other changes, around `app` (the same by default), other `facts` over its own. For tests and balance."""
        return Guard(app or self.app, *changes, **(self._facts | facts))


def stands(plan: Plan, scope: MutableMapping[str, Any], request: Request, found: Answer) -> bool:
    """Whether an answer stands: a refusal does not where the route that takes the request carries the refusal's mark."""
    if not isinstance(found, Refusal) or found.mark is None or not is_hung(found.mark):
        return True
    value = marks_of(plan.routes.endpoint(scope)).get(found.mark)
    return value is None or (found is TOO_LARGE and not takes(request, value))
