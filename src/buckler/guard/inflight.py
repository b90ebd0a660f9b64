"""Requests that are at work. One timer for all of them: a timer a request would cost more than the whole guard."""

from __future__ import annotations

import asyncio
from threading import get_ident
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

from buckler.core.marks import marks_of
from buckler.guard.refuse import event_of
from buckler.guard.routes import endpoint_of
from buckler.protections.deadline import TOO_SLOW, TOO_SLOW_BODY

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from buckler.core.pace import Pace
    from buckler.core.request import Request
    from buckler.guard.plan import Plan

    Scope = MutableMapping[str, Any]
    Entry = tuple[asyncio.Task[Any] | None, float, Scope, str]  # the task, since when, and what says which route it is

_LOOKS = 8  # per shortest limit: a deadline is passed by a quarter of it at most
_NEVER = float("inf")


class InFlight:
    """Ends handlers that have sent no head in time, and bodies that do not arrive in time.

    `entries` are the requests at work; whoever has entered one takes it out with `entries.pop(request, None)`. Entering costs no
    system call: the time is that of the next look, and the running loop is asked for only when the thread is not the last one
    (`asyncio.get_running_loop` calls `getpid` before Python 3.12, which was measured to cost as much as all the rest twice).
    """

    def __init__(self, plan: Plan) -> None:
        limits = plan.limits
        given = [limit_s for limit_s in (limits.handler_s, limits.body_s) if limit_s is not None]
        self.watches = bool(given)
        self.entries: dict[Request, Entry] = {}
        self._plan = plan
        self._handler_s = _NEVER if limits.handler_s is None else limits.handler_s
        self._every_s = min(given, default=_NEVER) / _LOOKS
        self._loops: set[asyncio.AbstractEventLoop] = set()  # those whose timer runs
        self._loop: asyncio.AbstractEventLoop | None = None  # the one that runs in …
        self._thread = 0  # … this thread; 0: unknown
        self._next_s = 0.0  # when the timer looks next

    def enter(self, request: Request, scope: Scope) -> None:
        """Start to watch `request`, which runs in the current task."""
        task = asyncio.current_task(self._loop) if get_ident() == self._thread else None
        if task is None:
            task = self._find_task()
        self.entries[request] = (task, self._next_s, scope, scope.get("root_path", ""))

    def _find_task(self) -> asyncio.Task[Any] | None:
        loop = asyncio.get_running_loop()
        self._loop, self._thread = loop, get_ident()
        if loop not in self._loops:
            self._loops.add(loop)
            self._look_later(loop)
        return asyncio.current_task(loop)

    def _look_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._next_s = monotonic() + self._every_s
        loop.call_later(self._every_s, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now_s = monotonic()
        # A copy, which is one step: another thread's loop may add to it meanwhile.
        here = [(request, entry) for request, entry in list(self.entries.items()) if _runs_on(entry[0], loop)]
        for request, entry in here:
            pace = request.pace
            if pace is not None and pace.reader is not None:
                self._look_at_body(request, pace, now_s)
            elif request.started:
                del self.entries[request]  # what streams is not timed
            else:
                self._look_at_handler(request, entry, now_s)
        if here:
            self._look_later(loop)
        else:  # nothing to watch: the next request starts the timer again
            self._loops.discard(loop)
            self._thread = 0

    def _look_at_body(self, request: Request, pace: Pace, now_s: float) -> None:
        if now_s < pace.due_s:
            return
        if "body_s" in self._plan.reported_limits:
            self._plan.events.append(event_of(TOO_SLOW_BODY, request, self._plan.clock.now(), "report"))
            pace.due_s = pace.left_s = _NEVER
            return
        pace.is_late = True
        cast("asyncio.Task[Any]", pace.reader).cancel()

    def _look_at_handler(self, request: Request, entry: Entry, now_s: float) -> None:
        task, since_s, scope, root_path = entry
        took_s = now_s - max(since_s, request.pace.read_s if request.pace else 0.0)
        if took_s < self._handler_s:
            return
        own_s = marks_of(endpoint_of(self._plan.routes, scope, request.path, root_path)).get(TOO_SLOW.mark or "")
        if isinstance(own_s, float) and took_s < own_s:
            return
        if "handler_s" in self._plan.reported_limits:
            self._plan.events.append(event_of(TOO_SLOW, request, self._plan.clock.now(), "report"))
            del self.entries[request]
            return
        request.refusal = request.refusal or TOO_SLOW
        self.entries[request] = (task, now_s, scope, root_path)  # once more later, for a handler that swallows the cancellation
        cast("asyncio.Task[Any]", task).cancel()  # only those with a task of this loop are looked at


def _runs_on(task: asyncio.Task[Any] | None, loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return task is not None and task.get_loop() is loop
    except RuntimeError:
        return False  # a server's own kind of task (granian with `--task-impl rust`): it can not be cancelled
