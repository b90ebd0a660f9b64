"""Where sessions, limits, bans and kept answers live. The articles themselves are in the database (`db`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.stores.sqlite import SQLite

if TYPE_CHECKING:
    from buckler.core.store import Store
    from examples.conduit.settings import Settings


def store_of(settings: Settings) -> Store:
    """Return the store that CONDUIT_STORE names: a file in the folder, which all workers of this machine share; `shared`, the same in
    memory; or a server, for several machines. Raises `ConfigError`: `MissingExtraError` says what to install."""
    kind = settings.store.partition("://")[0]
    if kind == "shared":
        from buckler.stores.shared import Shared  # noqa: PLC0415  # each needs a library that the others do not

        return Shared("conduit")
    if kind in {"redis", "rediss"}:
        from buckler.stores.redis import Redis  # noqa: PLC0415  # as above

        return Redis(settings.store, prefix="conduit")
    if kind == "postgresql":
        from buckler.stores.postgresql import PostgreSQL  # noqa: PLC0415  # as above

        return PostgreSQL(settings.store)
    return SQLite(settings.folder / "state.db")
