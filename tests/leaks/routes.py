"""Routes that each write one person's bytes, every one in another careless way."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, FastAPI, Header, Request, Response, Security
from fastapi.responses import PlainTextResponse, StreamingResponse
from fastapi.security import APIKeyHeader

from buckler.frameworks.fastapi import KeptDep, SessionDep, cached, csrf_token, nonce

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.leaks.world import World

STAFF = "selma"
KEEP = [cached(ttl_s=30, stale_while_revalidate_s=20, stale_if_error_s=60, tags=["all"])]
OWN = [cached(ttl_s=30, scope="person", tags=["all"])]
_PUBLIC = {"cache-control": "public, max-age=30"}
_current: ContextVar[str] = ContextVar("current", default="")


def mark(person: str | None) -> str:
    return f"<<{person}>>" if person else "nobody"


class Late:
    """Reads only when the body is asked for."""

    def __init__(self, session: Any) -> None:
        self._session = session

    async def pieces(self) -> AsyncIterator[str]:
        yield "late: "
        await asyncio.sleep(0)
        yield mark(self._session.person)


async def _who(session: SessionDep) -> str:
    return session.person or ""


async def _hidden(session: SessionDep) -> None:
    _current.set(session.person or "")


def _by_cookie(world: World, cookie: str | None) -> str:
    """Whose cookie it is, as an application with sessions of its own knows."""
    return next((person for person, jar in world.jars.items() if cookie and jar.get("__Host-session") == cookie), "")


def by_session(app: FastAPI, world: World) -> None:
    """Routes that look at the session, in one way or another."""

    @app.get("/public", dependencies=KEEP)
    async def public() -> str:
        await world.pause()
        return "for everybody"

    @app.get("/name", dependencies=KEEP)
    @app.get("/account/{anything:path}", dependencies=KEEP)
    async def name(session: SessionDep) -> str:
        await world.pause()
        return mark(session.person)

    @app.get("/sometimes", dependencies=KEEP)
    async def sometimes(session: SessionDep) -> str:
        await world.pause()
        return mark(session.person) if world.clock.now() % 2 else "for everybody"

    @app.get("/mine", dependencies=OWN)
    async def mine(who: Annotated[str, Depends(_who)]) -> str:
        await world.pause()
        return mark(who)


def by_session_and_otherwise(app: FastAPI, world: World) -> None:
    """More of them: for some people only, late, hidden, with errors."""

    @app.get("/staff", dependencies=KEEP)
    async def staff(session: SessionDep) -> str:
        await world.pause()
        return mark("staff") if session.person == STAFF else "not for you"

    @app.get("/explicit")
    async def explicit(session: SessionDep) -> Response:
        await world.pause()
        return PlainTextResponse(mark(session.person), headers=_PUBLIC)

    @app.get("/late")
    async def late(session: SessionDep) -> Response:
        return StreamingResponse(Late(session).pieces(), headers=_PUBLIC)

    @app.get("/fails", dependencies=KEEP)
    async def fails(session: SessionDep) -> str:
        await world.pause()
        if world.clock.now() % 3 == 0:
            raise OSError(mark(session.person))
        return mark(session.person)

    @app.get("/hidden", dependencies=[Depends(_hidden), *KEEP])
    async def hidden() -> str:
        await world.pause()
        return mark(_current.get())

    @app.get("/form", dependencies=KEEP)
    async def form(token: Annotated[str, Depends(csrf_token)], number: Annotated[str, Depends(nonce)]) -> str:
        await world.pause()
        return f"{bool(token)} {bool(number)}"


def by_header(app: FastAPI, world: World) -> None:
    """Routes that look into what the visitor sends."""

    @app.get("/cookie", dependencies=KEEP)
    async def cookie(request: Request) -> str:
        found = request.cookies.get("__Host-session")
        await world.pause()
        return mark(_by_cookie(world, found))

    @app.get("/raw", dependencies=KEEP)
    async def raw(request: Request) -> str:
        await world.pause()
        text = b"".join(value for name, value in request.scope["headers"] if name == b"cookie").decode()
        return mark(_by_cookie(world, text.partition("__Host-session=")[2].partition(";")[0]))

    @app.get("/token", dependencies=KEEP)
    async def token(authorization: Annotated[str, Header()] = "") -> str:
        await world.pause()
        return mark(authorization.removeprefix("Bearer "))

    @app.get("/told", dependencies=KEEP)
    async def told(request: Request, response: Response) -> str:
        response.set_cookie("told", mark(request.headers.get("x-team")))
        await world.pause()
        return "a page that sets a cookie"

    @app.get("/team")
    async def team(x_team: Annotated[str, Header()] = "") -> Response:
        await world.pause()
        return PlainTextResponse(mark(x_team), headers={**_PUBLIC, "vary": "X-Team"})


def by_key(app: FastAPI, world: World) -> None:
    """Routes that know callers by other fields than `Cookie` and `Authorization`."""

    @app.get("/key", dependencies=KEEP)
    async def key(found: Annotated[str | None, Security(APIKeyHeader(name="X-API-Key", auto_error=False))]) -> str:
        await world.pause()
        return mark(found)

    @app.get("/keys")
    async def keys(request: Request) -> Response:
        found = request.headers.get("x-api-key")
        await world.pause()
        return PlainTextResponse(mark(found), headers=_PUBLIC)

    @app.get("/key-half")
    async def half(request: Request) -> Response:
        found = request.headers.get("x-requested-with"), request.headers.get("x-forwarded-user")
        await world.pause()
        return PlainTextResponse(mark(found[1]), headers={**_PUBLIC, "vary": "X-Requested-With"})


def acts(app: FastAPI, world: World) -> None:
    """What people do, and data that is kept for each of them."""

    @world.data.memo(ttl_s=30, scope="person", tags=["all"])
    async def basket(person: str) -> str:
        await world.pause()
        return mark(person)

    @app.get("/basket")
    async def memo(who: Annotated[str, Depends(_who)]) -> str:
        return await basket(who)

    @app.post("/sign-in/{person}")
    async def sign_in(person: str, session: SessionDep) -> str:
        session.sign_in(person)
        return "in"

    @app.post("/sign_out")
    async def sign_out(session: SessionDep) -> str:
        session.sign_out()
        return "out"

    @app.post("/purge")
    async def purge(kept: KeptDep) -> str:
        await kept.purge("all")
        return "gone"
