"""An application in which every route writes bytes that belong to one person, each in another careless way, behind two guards that share
a store; and people who use it all at once. Whoever reads a mark that is not theirs has found a leak.
"""

from __future__ import annotations

import asyncio
import re
from itertools import cycle
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
from fastapi import FastAPI

from buckler import Cache, RateLimit
from buckler.core.clock import HandClock
from buckler.core.store import Able, Reach
from buckler.errors import StoreError
from buckler.guard.data import Data
from buckler.stores.memory import Memory
from buckler.testing import SECRET, guarded
from tests.leaks.routes import STAFF, acts, by_header, by_key, by_session, by_session_and_otherwise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from buckler.core.store import Op, Reply
    from buckler.guard import Guard

PEOPLE = ("mira", "theo", "selma", "")  # the last one never signs in
_SAME = {"sec-fetch-site": "same-origin"}
_WISHES: tuple[dict[str, str], ...] = (  # what else a request says; a prime number of them, so that each comes with everything
    *({}, {}, {"cache-control": "no-cache"}, {}, {"range": "bytes=0-60"}, {}),
    *({"if-none-match": '"a"'}, {}, {}, {"cache-control": "no-store"}, {"if-none-match": "*"}),
)
_MARK = re.compile(r"<<([a-z]+)>>")


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
        self.app = FastAPI()
        for routes in (by_session, by_session_and_otherwise, by_header, by_key, acts):
            routes(self.app, self)
        self.guards = [self._guard(), self._guard()]
        self.jars: dict[str, httpx.Cookies] = {person: httpx.Cookies() for person in PEOPLE}
        self._wishes = cycle(_WISHES)
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
        if person and path.startswith("/key"):
            headers |= {"x-api-key": person, "x-forwarded-user": person}
        headers |= next(self._wishes)
        async with httpx.AsyncClient(transport=transport, base_url="https://shop.example", headers=headers) as client:
            client.cookies = self.jars[person]
            answer = await client.request(method, path)
            self.jars[person].update(client.cookies)
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


PATHS = (
    *("/public", "/name", "/account/picture.css", "/account/;x.css", "/sometimes", "/mine", "/staff", "/cookie", "/raw", "/token"),
    *("/explicit", "/late", "/told", "/team", "/fails", "/basket", "/hidden", "/form", "/key", "/keys", "/key-half"),
)
