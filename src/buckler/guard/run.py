"""The hot path: the way of one request, in order. Read it from top to bottom."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Unpack

from buckler.core.answer import Answer, Refusal
from buckler.core.marks import marks_of
from buckler.core.request import SAFE_METHODS
from buckler.guard.body import bounded, peek
from buckler.guard.dress import dressing
from buckler.guard.inflight import InFlight
from buckler.guard.plan import Facts, Off, Plan, make_plan
from buckler.guard.refuse import APP_FAILED, STORE_FAILED, answer, event_of, may_have_body
from buckler.protections.deadline import TOO_SLOW
from buckler.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from buckler.core.protection import Protection, Wait
    from buckler.core.request import Request
    from buckler.core.store import Op

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
        handler_s = self.plan.limits.handler_s
        self._inflight = InFlight(handler_s, TOO_SLOW) if handler_s and "handler_s" not in self.plan.reported_limits else None

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] not in _ACTS:
            await self.app(scope, receive, send)  # lifespan, and whatever ASGI adds: no request, nothing to guard
            return
        plan = self.plan
        request = plan.read(scope)
        safe = request.method in SAFE_METHODS and request.kind == "http"
        for check in plan.checks if safe else plan.unsafe_checks:
            found = check(request)
            if found is not None and stands(plan, scope, request, found):
                await answer(plan, scope, request, found, (receive, send))
                return
        questions = [(wait, ops) for wait in plan.waits if (ops := wait.ask(request)) is not None]
        if questions:
            if request.want_body_bytes:
                receive = await peek(request, receive)
            found = await judged(plan, request, questions)
            if found is not None and stands(plan, scope, request, found):
                await answer(plan, scope, request, found, (receive, send))
                return
        scope["buckler"] = request
        if request.kind == "websocket":
            await self.app(scope, receive, send)
        else:
            await self._serve(scope, request, receive, send)

    async def _serve(self, scope: MutableMapping[str, Any], request: Request, receive: Any, send: Any) -> None:
        plan, inflight = self.plan, self._inflight
        if may_have_body(request):
            receive = bounded(plan, scope, request, receive)
        if inflight is not None:
            inflight.enter(request)
        try:
            await self.app(scope, receive, dressing(plan, request, send))
        except asyncio.CancelledError:
            if request.refusal is not TOO_SLOW:
                raise  # the server ended the request, not we
            task = asyncio.current_task()
            if task is not None:
                task.uncancel()
        except Exception:
            if request.refusal is None:
                if not request.started:
                    await answer(plan, scope, request, APP_FAILED, (receive, send))
                raise
        finally:
            if inflight is not None:
                inflight.leave(request)
        if not request.started:
            await answer(plan, scope, request, request.refusal or APP_FAILED, (receive, send))

    def variant(self, *changes: Protection | Off) -> Guard:
        """Return a guard around the same application with other changes. For tests, audit and balance."""
        return Guard(self.app, *changes, **self._facts)


def stands(plan: Plan, scope: MutableMapping[str, Any], request: Request, found: Answer) -> bool:
    """Whether an answer stands: a refusal does not where the route that takes the request carries the refusal's mark."""
    if not isinstance(found, Refusal) or found.mark is None:
        return True
    value = marks_of(plan.routes.endpoint(scope)).get(found.mark)
    if isinstance(value, int):
        request.max_body_bytes = value
    return value is None


async def judged(plan: Plan, request: Request, questions: list[tuple[Wait, list[Op]]]) -> Answer | None:
    """Ask the store once for all of them; a dead store means what each protection says it means."""
    ops = [op for _, asked in questions for op in asked]
    try:
        replies = await plan.site.store.batch(ops) if ops else []
    except StoreError:
        plan.events.append(event_of(STORE_FAILED, request, plan.clock.now(), "note"))
        return None if all(wait.on_failure == "allow" for wait, asked in questions if asked) else STORE_FAILED
    at = 0
    for wait, asked in questions:
        found = wait.judge(request, replies[at : at + len(asked)])
        if found is not None:
            return found
        at += len(asked)
    return None
