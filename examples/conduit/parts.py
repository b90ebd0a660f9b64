"""What lives as long as the application, and how a request gets at it."""

from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from buckler.accounts import Accounts
from buckler.frameworks.fastapi.accounts import VisitDep
from examples.conduit.accounts import make_accounts
from examples.conduit.db import Database
from examples.conduit.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """`app.state.parts`, of the site and of the API alike."""

    settings: Settings
    database: Database
    accounts: Accounts

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the parts that `settings` ask for. No connection is opened, no thread started yet. Raises `ConfigError`."""
        settings.make_folder()
        database = Database(settings.database)
        return cls(settings, database, make_accounts(settings, database))

    async def close(self) -> None:
        """Send the letters that wait; end threads and connections."""
        await self.accounts.close()
        await self.database.close()


def parts_of(request: Request) -> Parts:
    """Return the parts of the application that serves `request`."""
    parts: Parts = request.app.state.parts
    return parts


async def database_session(visit: VisitDep) -> AsyncSession:
    """Lend the session of the request: the one in which accounts work too, so that a request has one connection and one transaction."""
    return visit.db


Db = Annotated[AsyncSession, Depends(database_session)]
