"""FastAPI behind Buckler, with accounts as `add_accounts` serves them."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from fastapi import FastAPI
from sqlalchemy import event, insert, select
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from bench.accounts import cast
from bench.guards import guarded
from bench.peers.common import HOST, tls_in_front
from buckler.accounts import Accounts, Passwords, Throttle
from buckler.accounts.addresses import email_key
from buckler.accounts.tables import METADATA, Person
from buckler.accounts.tokens import Tokens
from buckler.frameworks.fastapi.accounts import SignedInDep, add_accounts, public, requires  # FastAPI reads the annotation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from email.message import EmailMessage

_LIMITS = {
    "default": Throttle(),
    "off": Throttle(report_only=True),  # everything is counted, and nobody is refused
    "tries": Throttle(account=["5/day"], total="1000000/minute"),  # one attempt an account; five lock it for the whole run
}


class Nowhere:
    """Takes letters in place of a mail server, as those of all peers do."""

    async def send(self, message: EmailMessage) -> None:
        """Drop it."""

    async def close(self) -> None:
        """Nothing to close."""


engine = create_async_engine(f"sqlite+aiosqlite:///{cast.database()}")
accounts = Accounts(
    database=async_sessionmaker(engine, expire_on_commit=False),
    name="Shop",
    sender="accounts@shop.example",
    post=Nowhere(),
    origin=f"https://{HOST}",
    passwords=Passwords(),
    throttle=_LIMITS[cast.limits()],
    tokens=Tokens(per_minute=1_000_000),  # nobody is refused, and all are counted
    roles={"everybody": ["articles:read"]},
)


@event.listens_for(engine.sync_engine, "connect")
def _pragmas(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=20000"):
        connection.execute(f"PRAGMA {pragma}")


def _row(kind: str, email: str, hashed: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "id": uuid4(),
        "email": email,
        "email_key": email_key(email),
        "email_verified_at": None if kind == "unverified" else now,
        "password_hash": hashed,
        "password_changed_at": now,
        "language": "en",
        "created_at": now,
        "disabled_at": now if kind == "disabled" else None,
    }


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    hashed = await accounts.hasher.hash(cast.PASSWORD)
    async with engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
        await connection.execute(insert(Person), [_row(kind, email, hashed) for kind, email in cast.seeded()])
    yield
    await accounts.close()
    await engine.dispose()


api = FastAPI(lifespan=lifespan)
add_accounts(api, accounts)


@api.get("/", dependencies=[public(because="it is the page that must stay quick")])
async def hello() -> dict[str, str]:
    return {"hello": "world"}


@api.get("/row", dependencies=[public(because="it is another such page, which reads the database")])
async def row() -> dict[str, str | None]:
    async with accounts.database() as db:
        return {"hello": await db.scalar(select(Person.email).limit(1))}


@api.get("/mine")
async def mine(_who: SignedInDep) -> dict[str, str]:
    return {"hello": "world"}


@api.get("/articles", dependencies=[requires("articles:read")])
async def articles() -> dict[str, str]:
    return {"hello": "world"}


guard = guarded(api)
app = tls_in_front(guard)
