"""The database: one engine an application, one session a request."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from contextlib import asynccontextmanager
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm.exc import StaleDataError

from buckler.errors import StoreError
from examples.conduit.errors import MET, ConduitError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from examples.conduit.models import Base

# WAL: readers do not wait for the writer. The busy timeout makes writers queue instead of failing. NORMAL: with WAL, a power
# cut may lose the last transactions but never the file (sqlite.org/pragma.html#pragma_synchronous).
_PRAGMAS = ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=5000", "synchronous=NORMAL")
ARTICLES, TAGS = "articles", "tags"  # what lists are about: names of what is kept
_CHANGED, _TELL = "conduit.changed", "conduit.tell"  # in `AsyncSession.info`
_log = logging.getLogger(__name__)
_LOCK = 0x636F6E64  # one number for all workers of one PostgreSQL database


class Session(AsyncSession):
    """Tells what has changed once it is committed. Earlier, somebody would read the old rows and keep them."""

    async def commit(self) -> None:
        """Commit, and tell."""
        await super().commit()
        tags: set[str] = self.info.pop(_CHANGED, set())
        for tell in self.info[_TELL] if tags else ():
            try:
                await tell(*tags)
            except StoreError:  # it is committed: who is told to try again would write it twice. What is kept ends by itself.
                _log.warning("other workers may show old lists until those run out", exc_info=True)


def changed(session: AsyncSession, *tags: str) -> None:
    """Note what the changes of this session are about, for when they are committed."""
    session.info.setdefault(_CHANGED, set()).update(tags)


class Database:
    """Opens nothing until the first statement."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        self._told: list[Callable[..., Awaitable[None]]] = []
        # Objects stay readable after a commit: no statement behind one's back.
        self.session: async_sessionmaker[AsyncSession] = async_sessionmaker(
            self.engine, class_=Session, expire_on_commit=False, info={_TELL: self._told}
        )

    def on_change(self, tell: Callable[..., Awaitable[None]]) -> None:
        """Have `tell` called with the names of what has changed, after each commit that changed any."""
        self._told.append(tell)

    async def close(self) -> None:
        """Give back all connections."""
        await self.engine.dispose()


def make_engine(url: str) -> AsyncEngine:
    """Return an engine for `url`; nothing is opened yet."""
    # No bound values in the log or in error messages: they are people's data.
    engine = create_async_engine(url, hide_parameters=True, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def make_private(database: Database) -> None:
    """Make the file of an SQLite database readable by its owner alone; what SQLite puts beside it follows."""
    name = database.engine.url.database
    if database.engine.dialect.name == "sqlite" and name:
        os.close(os.open(name, os.O_CREAT | os.O_RDWR, 0o600))


@asynccontextmanager
async def alone(database: Database, folder: Path) -> AsyncIterator[None]:
    """Let one worker at a time change tables or fill them. For SQLite, `folder` holds the lock."""
    if database.engine.dialect.name == "postgresql":
        async with database.engine.begin() as connection:
            await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})  # until the transaction ends
            yield
        return
    with await asyncio.to_thread(_locked, folder / "prepare.lock"):
        yield


def _locked(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("w")
    fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
    return file


@asynccontextmanager
async def contested(session: AsyncSession) -> AsyncIterator[None]:
    """Turn a lost race into an answer: somebody else removed meanwhile what this change hangs on. Raises `ConduitError` 409."""
    try:
        yield
    except (IntegrityError, StaleDataError):
        await session.rollback()
        raise ConduitError(*MET) from None


async def insert_if_new(session: AsyncSession, table: type[Base], **values: object) -> None:
    """Insert a row, or do nothing when it is there already: of two at once, neither fails."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    await session.execute(insert(table).values(**values).on_conflict_do_nothing())
