"""What lives as long as the application, and how a request gets at it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from examples.conduit.db import Database
from examples.conduit.passwords import CHEAPEST_FOR_TESTS, RFC9106_LOW_MEMORY, Passwords
from examples.conduit.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """`app.state.parts`, of the site and of the API alike."""

    settings: Settings
    database: Database
    passwords: Passwords

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the parts that `settings` ask for. No connection is opened, no thread started yet. Raises `ConfigError`."""
        settings.make_folder()
        profile = CHEAPEST_FOR_TESTS if settings.insecure_cheap_passwords else RFC9106_LOW_MEMORY
        passwords = Passwords(workers=settings.password_workers, wait_s=settings.password_wait_s, profile=profile)
        return cls(settings, Database(settings.database), passwords)

    async def close(self) -> None:
        """End threads and connections."""
        self.passwords.close()
        await self.database.close()


def parts_of(request: Request) -> Parts:
    """Return the parts of the application that serves `request`."""
    parts: Parts = request.app.state.parts
    return parts


PartsOf = Annotated[Parts, Depends(parts_of)]


async def database_session(parts: PartsOf) -> AsyncIterator[AsyncSession]:
    """Lend a session for one request. What was not committed is rolled back."""
    async with parts.database.session() as session:
        yield session


Db = Annotated[AsyncSession, Depends(database_session)]
