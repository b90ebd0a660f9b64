"""The gates: who is inside is counted in and out, however a request ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping, Sequence

    from buckler.core.answer import Answer
    from buckler.core.protection import Gate
    from buckler.core.request import Request

    Enter = Callable[[Request, MutableMapping[str, Any]], Answer | None]
    Leave = Callable[[Request], None]


def joined(gates: Sequence[Gate]) -> tuple[Enter | None, Leave]:
    """Return what counts a request in at one gate after the other, where the first that says no is the last that is asked; and what
    counts it out at those that have counted it in. A single gate is its own: that is what nearly every guard has."""
    if not gates:
        return None, _nothing
    if len(gates) == 1:
        return gates[0].enter, gates[0].leave

    def enter(request: Request, scope: MutableMapping[str, Any]) -> Answer | None:
        for gate in gates:
            request.inside += 1
            found = gate.enter(request, scope)
            if found is not None:
                return found
        return None

    def leave(request: Request) -> None:
        for gate in gates[: request.inside]:
            gate.leave(request)

    return enter, leave


def _nothing(_: Request) -> None:
    """Nobody counts."""
