"""What is read by everybody and changed by few, and so is kept: the tags in use, and the first page of articles as strangers see it.

Whoever is signed in has favourites and follows of their own, so theirs is read from the database each time. What changes articles says so
with `db.changed`; after its commit it is forgotten here, in all workers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler import Data
from examples.conduit.db import ARTICLES, TAGS
from examples.conduit.schemas import ArticleFilter
from examples.conduit.services import articles
from examples.conduit.views import ArticlePage  # noqa: TC001  # `memo` reads the annotation

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from examples.conduit.db import Database
    from examples.conduit.models import User
    from examples.conduit.state import Store

TTL_S = 60.0  # the bound for what a purge does not reach, as when the store is down


class Kept:
    """`tags(limit)` and `newest(limit)` are as their namesakes in `services.articles`, and ask the database at most once a minute."""

    def __init__(self, database: Database, store: Store, secret: bytes) -> None:
        # near_s=0: who publishes on one worker and reads on another sees it. It costs a question to the store, which is no query.
        data = Data(store=store, secrets=[secret], near_s=0)

        # A session of their own: they may run when the request that asked first is over.
        @data.memo(ttl_s=TTL_S, tags=[TAGS])
        async def tags(limit: int) -> list[str]:
            async with database.session() as session:
                return await articles.tags(session, limit)

        @data.memo(ttl_s=TTL_S, tags=[ARTICLES])
        async def newest(limit: int) -> ArticlePage:
            async with database.session() as session:
                return await articles.page(session, None, ArticleFilter(limit=limit))

        self.tags, self.newest = tags, newest
        database.on_change(data.purge)

    async def page(self, session: AsyncSession, viewer: User | None, wanted: ArticleFilter) -> ArticlePage:
        """Return a window on articles, as `services.articles.page`."""
        if viewer is None and wanted == ArticleFilter(limit=wanted.limit):
            return await self.newest(wanted.limit)
        return await articles.page(session, viewer, wanted)
