"""The flood limit: one quota a client, in this process, decided without waiting, in bounded memory.

Two generations of dictionaries: a client is written into the young one, and looked up in both. When the young one is full, it becomes
the old one, and the old one is forgotten. So

- a client is forgotten at the earliest when `max_clients` others have come since it was last let in;
- what forgetting gives to an attacker: one fresh quota for every `max_clients` requests from as many other addresses, each of
  which had a quota of its own. Whoever has those addresses gains one part in `max_clients`; nobody else gains anything.

Deliberately not a table of hashed slots: it would be smaller, but strangers who share a slot would pay for each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.answer import Refusal
    from buckler.core.rate import Rate
    from buckler.core.request import Request


def flood_check(
    rate: Rate, max_clients: int, monotonic: Callable[[], float], refused: Callable[[Request, float], Refusal]
) -> Callable[[Request], Refusal | None]:
    """Return the check that takes one call from the client's quota; `refused` makes its refusal from the seconds to wait.

    A closure, and one function: with a class, or a call more, it would cost half as much again.
    """
    interval_s = rate.period_s / rate.limit
    allowance_s = rate.period_s - interval_s * (1 - 1e-6)  # a rounding error must not cost an honest client a call
    young: dict[str, float] = {}
    old: dict[str, float] = {}

    def met(client: str, now_s: float) -> float:
        """A client that the young generation does not know."""
        nonlocal young, old
        if len(young) >= max_clients:
            old, young = young, {}
        return old.get(client, now_s)

    def check(request: Request) -> Refusal | None:
        client = request.client
        now_s = monotonic()
        try:
            due_s = young[client]
        except KeyError:
            due_s = met(client, now_s)
        if due_s <= now_s:
            young[client] = now_s + interval_s
        elif due_s - now_s <= allowance_s:
            young[client] = due_s + interval_s
        else:
            return refused(request, due_s - now_s - allowance_s)
        return None

    return check
