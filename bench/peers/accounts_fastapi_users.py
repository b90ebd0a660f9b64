"""FastAPI + fastapi-users as its full example shows it: SQLAlchemy, JWT, the routers for signing in, registering and resetting.

Its mails are hooks that the application fills; here they do nothing, as those of all peers. It has no limit on attempts.
"""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator  # noqa: TC003  # FastAPI reads annotations at run time
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from fastapi_users.password import PasswordHelper
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import event, insert, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from bench.accounts import cast
from bench.peers.common import SECRET, tls_in_front


class Base(DeclarativeBase): ...


class User(SQLAlchemyBaseUserTableUUID, Base): ...


class UserRead(schemas.BaseUser[uuid.UUID]): ...


class UserCreate(schemas.BaseUserCreate): ...


engine = create_async_engine(f"sqlite+aiosqlite:///{cast.database()}")
session_maker = async_sessionmaker(engine, expire_on_commit=False)
helper = PasswordHelper(PasswordHash((Argon2Hasher(time_cost=cast.PASSES, memory_cost=cast.MEMORY_KIB, parallelism=cast.LANES),)))


@event.listens_for(engine.sync_engine, "connect")
def _pragmas(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=20000"):
        connection.execute(f"PRAGMA {pragma}")


class UserManager(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    reset_password_token_secret = SECRET
    verification_token_secret = SECRET


async def get_async_session() -> AsyncIterator[AsyncSession]:
    async with session_maker() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_async_session)]


async def get_user_db(session: SessionDep) -> AsyncIterator[Any]:
    yield SQLAlchemyUserDatabase(session, User)


async def get_user_manager(user_db: Annotated[Any, Depends(get_user_db)]) -> AsyncIterator[UserManager]:
    yield UserManager(user_db, helper)


def get_jwt_strategy() -> Any:
    return JWTStrategy(secret=SECRET, lifetime_seconds=3600)


backend = AuthenticationBackend(name="jwt", transport=BearerTransport(tokenUrl="auth/jwt/login"), get_strategy=get_jwt_strategy)
fastapi_users = FastAPIUsers[User, uuid.UUID](get_user_manager, [backend])


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    hashed = helper.hash(cast.PASSWORD)
    rows = [
        {
            "id": uuid.uuid4(),
            "email": email,
            "hashed_password": hashed,
            "is_active": kind != "disabled",
            "is_superuser": False,
            "is_verified": kind != "unverified",
        }
        for kind, email in cast.seeded()
    ]
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(insert(User), rows)
    yield
    await engine.dispose()


api = FastAPI(lifespan=lifespan)
api.include_router(fastapi_users.get_auth_router(backend, requires_verification=True), prefix="/auth/jwt")
api.include_router(fastapi_users.get_register_router(UserRead, UserCreate), prefix="/auth")
api.include_router(fastapi_users.get_reset_password_router(), prefix="/auth")


@api.get("/")
async def hello() -> dict[str, str]:
    return {"hello": "world"}


@api.get("/row")
async def row(session: SessionDep) -> dict[str, str | None]:
    return {"hello": await session.scalar(select(User.email).limit(1))}


app = tls_in_front(api)
