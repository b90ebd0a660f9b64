"""What lives as long as the application, and how a request gets at it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Self

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from buckler.accounts import Accounts
from buckler.frameworks.fastapi.accounts import VisitDep
from examples.conduit.accounts import make_accounts
from examples.conduit.db import Database
from examples.conduit.kept import Kept
from examples.conduit.settings import Settings
from examples.conduit.state import store_of

if TYPE_CHECKING:
    from examples.conduit.state import Store


@dataclass(frozen=True, slots=True)
class Parts:
    """`app.state.parts`, of the site and of the API alike."""

    settings: Settings
    database: Database
    accounts: Accounts
    store: "Store"
    kept: Kept

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the parts that `settings` ask for. No connection is opened, no thread started yet. Raises `ConfigError`."""
        settings.make_folder()
        database, store = Database(settings.database), store_of(settings)
        return cls(settings, database, make_accounts(settings, database), store, Kept(database, store, settings.secret()))

    async def close(self) -> None:
        """Send the letters that wait; end threads and connections."""
        await self.accounts.close()
        await self.database.close()
        await self.store.close()


def parts_of(request: Request) -> Parts:
    """Return the parts of the application that serves `request`."""
    parts: Parts = request.app.state.parts
    return parts


def kept_of(request: Request) -> Kept:
    """Return what is kept for everybody."""
    return parts_of(request).kept


async def database_session(visit: VisitDep) -> AsyncSession:
    """Lend the session of the request: the one in which accounts work too, so that a request has one connection and one transaction."""
    return visit.db


Db = Annotated[AsyncSession, Depends(database_session)]
KeptDep = Annotated[Kept, Depends(kept_of)]
