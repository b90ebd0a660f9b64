"""Where sessions, limits, bans and kept answers live. The articles themselves are in the database (`db`)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from buckler.stores.sqlite import SQLite

if TYPE_CHECKING:
    from buckler.stores.postgresql import PostgreSQL
    from buckler.stores.redis import Redis
    from buckler.stores.shared import Shared
    from examples.conduit.settings import Settings

    Store = SQLite | Shared | Redis | PostgreSQL


def store_of(settings: Settings) -> Store:
    """Return the store that CONDUIT_STORE names: a file in the folder, which all workers of this machine share; `shared`, the same in
    memory; or a server, for several machines, of which each site needs a database of its own (`redis://…/1`). Raises
    `ConfigError`: `MissingExtraError` says what to install."""
    kind = settings.store.partition("://")[0]
    if kind == "shared":
        from buckler.stores.shared import Shared  # noqa: PLC0415  # each needs a library that the others do not

        # Of this folder alone: two sites of one user have other articles each.
        return Shared(f"conduit-{sha256(bytes(settings.folder.resolve())).hexdigest()[:16]}")
    if kind in {"redis", "rediss"}:
        from buckler.stores.redis import Redis  # noqa: PLC0415  # as above

        return Redis(settings.store, prefix="conduit")
    if kind == "postgresql":
        from buckler.stores.postgresql import PostgreSQL  # noqa: PLC0415  # as above

        return PostgreSQL(settings.store)
    return SQLite(settings.folder / "state.db")
