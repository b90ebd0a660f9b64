"""`Data`: the cache for an application's own data, over the store of its choice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from buckler.cache.data import Bounds, Memos
from buckler.core.clock import Clock, SystemClock
from buckler.core.event import Events
from buckler.core.options import need
from buckler.core.sign import Keys
from buckler.core.store import Reach, able
from buckler.errors import UnknownOptionError
from buckler.guard.state import sealed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.store import Store


class Data(Memos):
    """Keeps what functions return: `cache = Data(store=…, secrets=[…])`, then `@cache.memo(ttl_s=60)`.

    Without a store, in this process alone. What is kept for one person is encrypted for them with keys derived from `secrets`; so is what
    leaves the machine authenticated with them. Both need secrets, the same in all processes. Raises ConfigError. See docs/memo.md.
    """

    def __init__(
        self,
        *,
        store: Store | None = None,
        secrets: Sequence[str | bytes] = (),
        clock: Clock | None = None,
        events: Events | None = None,
        **bounds: Unpack[Bounds],
    ) -> None:
        for name in bounds:
            if name not in Bounds.__annotations__:
                raise UnknownOptionError("Data", name, {*Bounds.__annotations__, "store", "secrets", "clock", "events"})
        clock, events = clock or SystemClock(), events if events is not None else Events()
        keys = Keys(secrets) if secrets else None
        if store is not None and able(store).reach is Reach.NETWORK:
            need(keys is not None, "Data.secrets", (), "give secrets: what is kept outside this machine must prove that it comes from here")
        behind = sealed(store, keys, events, clock) if store is not None and keys is not None else store
        super().__init__(behind, keys=keys, clock=clock, events=events, **bounds)
