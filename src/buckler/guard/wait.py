"""The wait phase: all questions of a request to the store, in one round trip; none where the store can answer where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from buckler.errors import StoreError
from buckler.guard.refuse import STORE_FAILED, event_of

if TYPE_CHECKING:
    from buckler.core.answer import Answer
    from buckler.core.protection import Wait
    from buckler.core.request import Request
    from buckler.core.store import Op, Quick, Reply
    from buckler.guard.plan import Plan

    Questions = list[tuple[Wait, list[Op]]]


async def judged(plan: Plan, request: Request) -> Answer | None:
    """Ask the store once for all protections that wait; a dead store means what each of them says it means."""
    questions = [(wait, ops) for wait in plan.waits if (ops := wait.ask(request)) is not None]
    asked = [op for _, ops in questions for op in ops]
    replies: list[Reply] | None = []
    try:
        if asked:
            replies = cast("Quick", plan.site.store).at_once(asked) if plan.quick else None
            if replies is None:
                replies = await plan.site.store.batch(asked)
    except StoreError:
        plan.events.append(event_of(STORE_FAILED, request, plan.clock.now(), "note"))
        replies = None
    return _answer(request, questions, replies)


def _answer(request: Request, questions: Questions, replies: list[Reply] | None) -> Answer | None:
    """What the protections make of the store's answers; None: it did not answer."""
    at = 0
    for wait, ops in questions:
        if replies is None and ops:
            found: Answer | None = None if wait.on_failure == "allow" else STORE_FAILED
        else:
            found = wait.judge(request, (replies or [])[at : at + len(ops)])
            at += len(ops)
        if found is not None:
            return found
    return None
