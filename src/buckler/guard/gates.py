"""The gates: who is inside is counted in and out, however a request ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.core.protection import Gate

if TYPE_CHECKING:
    from collections.abc import MutableMapping, Sequence

    from buckler.core.answer import Answer
    from buckler.core.request import Request


def joined(gates: Sequence[Gate]) -> Gate | None:
    """Return one gate for all: it counts a request in at one after the other, where the first that says no is the last that is asked, and
    out at those that have counted it in. A single gate is its own, which is what nearly every guard has; None where there is none."""
    if len(gates) < 2:
        return gates[0] if gates else None

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

    return Gate(enter, leave)
