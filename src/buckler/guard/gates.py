"""The gates: who is inside is counted in and out, however a request ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from buckler.core.answer import Answer
    from buckler.core.request import Request
    from buckler.guard.plan import Plan


def enter(plan: Plan, request: Request, scope: MutableMapping[str, Any]) -> Answer | None:
    """Count the request in at one gate after the other; the first that says no is the last that is asked."""
    for gate in plan.gates:
        request.inside += 1
        found = gate.enter(request, scope)
        if found is not None:
            return found
    return None


def leave(plan: Plan, request: Request) -> None:
    """Count the request out at every gate that counted it in."""
    for gate in plan.gates[: request.inside]:
        gate.leave(request)
