"""The facts of one site, gathered once at startup and handed to every protection's `steps`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from buckler.core.clock import Clock
    from buckler.core.event import Events
    from buckler.core.sign import Keys
    from buckler.core.store import Store


@dataclass(frozen=True, slots=True)
class Site:
    """`hosts` are lower-case names, `*.name` for all sub-domains; `development` relaxes only what a laptop cannot have."""

    hosts: tuple[str, ...]
    keys: Keys
    store: Store
    clock: Clock
    events: Events
    development: bool = False
    behind_proxies: bool = False  # whether anybody's forwarding headers are believed
    # What protections offer to framework adapters, by the protection's name: `sessions` offers the maker of new sessions.
    offers: dict[str, Any] = field(default_factory=dict)
