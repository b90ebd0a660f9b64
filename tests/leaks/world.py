"""An application in which every route writes bytes that belong to one person, each in another careless way, behind two guards that share
a store; and people who use it all at once. Whoever reads a mark that is not theirs has found a leak.
"""

from __future__ import annotations

import asyncio
import re
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import httpx
from fastapi import Depends, FastAPI, Header, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from buckler import Cache, RateLimit
from buckler.core.clock import HandClock
from buckler.core.store import Able, Reach
from buckler.errors import StoreError
from buckler.frameworks.fastapi import KeptDep, SessionDep, cached, csrf_token, nonce
from buckler.guard.data import Data
from buckler.stores.memory import Memory
from buckler.testing import SECRET, guarded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from buckler.core.store import Op, Reply
    from buckler.guard import Guard

PEOPLE = ("mira", "theo", "selma", "")  # the last one never signs in
STAFF = "selma"
_SAME = {"sec-fetch-site": "same-origin"}
_MARK = re.compile(r"<<([a-z]+)>>")
_PUBLIC = {"cache-control": "public, max-age=30"}
_current: ContextVar[str] = ContextVar("current", default="")


def mark(person: str | None) -> str:
    return f"<<{person}>>" if person else "nobody"


class Shared(Memory):
    """One store for both guards, as far away as it is told to be, that fails when it is told to."""

    def __init__(self, clock: HandClock, reach: Reach) -> None:
        super().__init__(clock=clock)
        self.able = Able(reach)
        self.down = False

    def at_once(self, ops: list[Op]) -> list[Reply]:
        if self.down:
            raise StoreError("down")
        return super().at_once(ops)


class World:
    """The application, its guards, and its people's browsers. `pauses` says how long each handler waits for others, again and again."""

    def __init__(self, pauses: Iterator[int], reach: Reach = Reach.MACHINE) -> None:
        self.clock, self._pauses = HandClock(), pauses
        self.store = Shared(self.clock, reach)
        self.data = Data(store=self.store, secrets=[SECRET], clock=self.clock)
        self.app = _app(self)
        self.guards = [self._guard(), self._guard()]
        self._jars: dict[str, httpx.Cookies] = {person: httpx.Cookies() for person in PEOPLE}
        self.leaks: list[str] = []
        self.kept = 0

    def _guard(self) -> Guard:
        facts: dict[str, Any] = {"store": self.store, "clock": self.clock}
        return guarded(self.app, Cache(wait_s=0.05, keep_stale_s=60), RateLimit(flood=None), **facts)

    async def pause(self) -> None:
        for _ in range(next(self._pauses)):
            await asyncio.sleep(0)

    async def ask(self, person: str, guard: int, path: str, method: str = "GET") -> httpx.Response:
        """One request of a person's; what it brings is looked through."""
        transport = httpx.ASGITransport(self.guards[guard], raise_app_exceptions=False)
        headers = {**_SAME, "x-team": person} if person else dict(_SAME)
        if person and path == "/token":
            headers["authorization"] = f"Bearer {person}"
        async with httpx.AsyncClient(transport=transport, base_url="https://shop.example", headers=headers) as client:
            client.cookies = self._jars[person]
            answer = await client.request(method, path)
            self._jars[person].update(client.cookies)
        self._look_through(person, path, answer)
        return answer

    def _look_through(self, person: str, path: str, answer: httpx.Response) -> None:
        said = answer.text + repr(answer.headers.multi_items())
        own = {person, "staff"} if person == STAFF else {person}
        for name in sorted({*_MARK.findall(said)} - own):
            self.leaks.append(f"{person or 'nobody'} read {name}'s at {path}")
        status = answer.headers.get("cache-status", "")
        self.kept += "hit" in status
        shareable = "no-store" not in (told := answer.headers.get("cache-control", "no-store")) and "private" not in told
        streamed = path == "/late"  # its head has left before anybody knows; here at least it is not kept
        if shareable and not streamed and _MARK.search(said) and "team" not in answer.headers.get("vary", "").lower():
            self.leaks.append(f"{path} tells other caches to keep {person}'s")


class Step(NamedTuple):
    """`kind`: ask, sign_in, sign_out, later, store, purge. Asks of one step happen at once: (person, guard, path)."""

    kind: str
    asks: tuple[tuple[str, int, str], ...] = ()
    value: float = 0.0


async def live(world: World, script: list[Step]) -> World:
    """Play a script."""
    for step in script:
        if step.kind == "later":
            world.clock.move(step.value)
        elif step.kind == "store":
            world.store.down = not world.store.down
        elif step.kind == "ask":
            await asyncio.gather(*(world.ask(*ask) for ask in step.asks))
        else:
            person, guard, _ = step.asks[0]
            path = f"/sign-in/{person}" if step.kind == "sign_in" else f"/{step.kind}"
            if person:
                await world.ask(person, guard, path, "POST")
    await world.data.close()
    return world


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
    return next((person for person, jar in world._jars.items() if cookie and jar.get("__Host-session") == cookie), "")


def _app(world: World) -> FastAPI:  # noqa: C901  # one small route after the other
    app = FastAPI()
    keep = [Depends(lambda: None), cached(ttl_s=30, stale_while_revalidate_s=20, stale_if_error_s=60, tags=["all"])]
    own = [cached(ttl_s=30, scope="person", tags=["all"])]

    @world.data.memo(ttl_s=30, scope="person", tags=["all"])
    async def basket(person: str) -> str:
        await world.pause()
        return mark(person)

    @app.get("/public", dependencies=keep)
    async def public() -> str:
        await world.pause()
        return "for everybody"

    @app.get("/name", dependencies=keep)
    @app.get("/account/{anything:path}", dependencies=keep)
    async def name(session: SessionDep) -> str:
        await world.pause()
        return mark(session.person)

    @app.get("/sometimes", dependencies=keep)
    async def sometimes(session: SessionDep) -> str:
        await world.pause()
        return mark(session.person) if world.clock.now() % 2 else "for everybody"

    @app.get("/mine", dependencies=own)
    async def mine(who: Annotated[str, Depends(_who)]) -> str:
        await world.pause()
        return mark(who)

    @app.get("/staff", dependencies=keep)
    async def staff(session: SessionDep) -> str:
        await world.pause()
        return mark("staff") if session.person == STAFF else "not for you"

    @app.get("/cookie", dependencies=keep)
    async def cookie(request: Request) -> str:
        found = request.cookies.get("__Host-session")
        await world.pause()
        return mark(_by_cookie(world, found))

    @app.get("/raw", dependencies=keep)
    async def raw(request: Request) -> str:
        await world.pause()
        text = b"".join(value for name, value in request.scope["headers"] if name == b"cookie").decode()
        return mark(_by_cookie(world, text.partition("__Host-session=")[2].partition(";")[0]))

    @app.get("/token", dependencies=keep)
    async def token(authorization: Annotated[str, Header()] = "") -> str:
        await world.pause()
        return mark(authorization.removeprefix("Bearer "))

    @app.get("/explicit")
    async def explicit(session: SessionDep) -> Response:
        await world.pause()
        return PlainTextResponse(mark(session.person), headers=_PUBLIC)

    @app.get("/late")
    async def late(session: SessionDep) -> Response:
        return StreamingResponse(Late(session).pieces(), headers=_PUBLIC)

    @app.get("/told", dependencies=keep)
    async def told(response: Response, who: Annotated[str, Header(alias="x-team")] = "") -> str:
        response.set_cookie("told", mark(who))
        await world.pause()
        return "a page that sets a cookie"

    @app.get("/team")
    async def team(x_team: Annotated[str, Header()] = "") -> Response:
        await world.pause()
        return PlainTextResponse(mark(x_team), headers={**_PUBLIC, "vary": "X-Team"})

    @app.get("/fails", dependencies=keep)
    async def fails(session: SessionDep) -> str:
        await world.pause()
        if world.clock.now() % 3 == 0:
            raise OSError(mark(session.person))
        return mark(session.person)

    @app.get("/basket")
    async def memo(who: Annotated[str, Depends(_who)]) -> str:
        return await basket(who)

    @app.get("/hidden", dependencies=[Depends(_hidden), *keep])
    async def hidden() -> str:
        await world.pause()
        return mark(_current.get())

    @app.get("/form", dependencies=keep)
    async def form(token: Annotated[str, Depends(csrf_token)], number: Annotated[str, Depends(nonce)]) -> str:
        await world.pause()
        return f"{bool(token)} {bool(number)}"

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

    return app


PATHS = (
    *("/public", "/name", "/account/picture.css", "/account/;x.css", "/sometimes", "/mine", "/staff", "/cookie", "/raw", "/token"),
    *("/explicit", "/late", "/told", "/team", "/fails", "/basket", "/hidden", "/form"),
)
