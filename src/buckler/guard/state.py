"""What stands between the guard and its store: a seal where it is reached over a network, and a memory where it says what changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from buckler.core.event import Event
from buckler.core.options import need
from buckler.core.store import EVERYTHING, Reach, able
from buckler.stores.local import Local

if TYPE_CHECKING:
    from buckler.core.clock import Clock
    from buckler.core.event import Events
    from buckler.core.sign import Keys
    from buckler.core.store import Store
    from buckler.stores.local import Pushes


def prepared(store: Store, keys: Keys, events: Events, clock: Clock) -> Store:
    """Return `store` as protections use it. Raises `ConfigError` when it cannot keep the state of a guard, `MissingExtraError` when the
    library that seals is not installed."""
    can, name = able(store), type(store).__name__
    lacking = ", ".join(sorted(op.__name__ for op in EVERYTHING - can.ops))
    fix = "it is fit for a cache; give the guard a store that {}, as SQLite or Redis"
    need(not lacking, "Guard.store", name, fix.format(f"can do everything ({lacking} is lacking here)"))
    need(can.keeps, "Guard.store", name, fix.format("keeps what it was given"))
    return sealed(store, keys, events, clock)


def sealed(store: Store, keys: Keys, events: Events, clock: Clock) -> Store:
    """Return `store` with what its reach needs, whatever it can do: also for the store of a cache. Nothing is sealed twice."""
    if able(store).reach is not Reach.NETWORK or isinstance(store, Local):
        return store
    from buckler.stores.sealed import Sealed  # noqa: PLC0415  # only what leaves the machine needs a library

    if isinstance(store, Sealed):
        return store

    def forged(detail: str) -> None:
        """Tell that a value counts as absent, because this site has not written it, or not there and for now."""
        events.append(Event("store.forged", clock.now(), "note", detail=detail))

    def unheard() -> None:
        """Tell that the store works but does not say what changes, so that every question goes to it."""
        events.append(Event("store.unheard", clock.now(), "note"))

    behind = Sealed(store, keys, clock=clock, forged=forged)
    return Local(behind, cast("Pushes", store), clock=clock, unheard=unheard) if hasattr(store, "pushes") else behind
