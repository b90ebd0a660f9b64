"""A post office for tests: an outbox on a site, and a post that takes, refuses or delays what it is told to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from buckler.accounts.letter import Letter
from buckler.accounts.mail import MailError, Outbox
from buckler.accounts.render import Renderer
from buckler.accounts.texts import Texts
from buckler.core.clock import HandClock
from buckler.core.event import Events
from buckler.core.sign import Keys
from buckler.core.site import Site
from buckler.stores.memory import Memory
from buckler.testing import SECRET

if TYPE_CHECKING:
    from email.message import EmailMessage

    from buckler.accounts.mail import Post

TO = "eva@mail.example"
RENDERER = Renderer((), Texts())
LINK = "https://shop.example/confirm?token=abc&x=1"


def site() -> Site:
    clock = HandClock()
    return Site(hosts=("shop.example",), keys=Keys([SECRET]), store=Memory(clock=clock), clock=clock, events=Events())


def letter(kind: str = "verify", to: str = TO, language: str = "en", **values: str) -> Letter:
    return Letter(kind, to, language, {"link": LINK, **values})


class Carrier:
    """`failures`: raised one a letter, before it takes what comes. While `free` is not set, it takes nothing."""

    def __init__(self, *failures: BaseException) -> None:
        self.failures, self.closed = list(failures), 0
        self.sent: list[EmailMessage] = []
        self.tried: list[str] = []
        self.free = asyncio.Event()
        self.free.set()
        self.most = self.now = 0

    async def send(self, message: EmailMessage) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            self.tried.append(message["Message-ID"])
            await self.free.wait()
            if self.failures:
                raise self.failures.pop(0)
            self.sent.append(message)
        finally:
            self.now -= 1

    async def close(self) -> None:
        self.closed += 1


class Office:
    """What of accounts the outbox asks for."""

    name = "Shop"
    sender = "accounts@shop.example"
    renderer = RENDERER

    def __init__(self, post: Post, **options: Any) -> None:
        self.post: Any = post
        self.site = site()
        self.box = Outbox(self, **options)

    def put(self, *kinds: str) -> None:
        for kind in kinds or ("verify",):
            self.box.put(letter(kind), self.site)

    def told(self) -> list[tuple[str, str]]:
        """What became of the letters: (event, detail without the person)."""
        events = self.site.events.drain()
        return [(item.kind, " ".join(part for part in item.detail.split() if "@" not in part and part != "to")) for item in events]


def later(reason: str = "timeout") -> MailError:
    return MailError(reason, lasting=False)


def never(reason: str = "refused 550") -> MailError:
    return MailError(reason, lasting=True)
