"""Letters that wait to be sent. Putting one in takes the same few microseconds whatever it says and whomever it is for, so that no
answer's time tells whether there is an account; writing and sending happen in tasks of their own.

The box lives in memory: it is bounded, it forgets nothing while the process lives and its mail server comes back within the pauses, and
`close` empties it. A process that is killed loses what waits; the person asks for the mail once more. What became of a letter is an
event, in which nobody's address stands.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import Context
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from buckler.accounts.mail.compose import Composer
from buckler.accounts.mail.post import MailError
from buckler.core.event import Event, printable
from buckler.core.options import need_positive

if TYPE_CHECKING:
    from collections.abc import Sequence
    from email.message import EmailMessage

    from buckler.accounts.letter import Letter
    from buckler.accounts.mail.post import Post
    from buckler.accounts.render import Renderer
    from buckler.core.site import Site

_PAUSES_S = (2.0, 10.0, 60.0, 300.0, 900.0)  # 21 minutes in all: longer than most restarts, and than greylisting
_PURPOSE = "account.mail"
_MAX_DOMAIN = 100


class Sends(Protocol):
    """What of accounts the outbox needs."""

    @property
    def name(self) -> str: ...

    @property
    def sender(self) -> str: ...

    @property
    def post(self) -> Post: ...

    @property
    def renderer(self) -> Renderer: ...


class _Job:
    __slots__ = ("letter", "message", "site", "tries")

    def __init__(self, letter: Letter, site: Site) -> None:
        self.letter, self.site, self.tries = letter, site, 0
        self.message: EmailMessage | None = None  # composed once: a letter that is sent again keeps its Message-ID

    def tell(self, end: str, why: str = "") -> None:
        """Record what became of a letter: sent, delayed, failed or dropped.

        `1f2e3d4c5b6a@example.org` in the detail is a keyed hash for the person, and the domain that their mail goes to.
        """
        site, to = self.site, self.letter.to
        who = site.keys.prove(_PURPOSE, to.casefold().encode("utf-8", "surrogatepass"))[:6].hex()
        detail = f"{self.letter.kind} to {who}@{to.rpartition('@')[2][:_MAX_DOMAIN]} {why}".strip()
        site.events.append(Event(f"mail.{end}", site.clock.now(), "note", detail=printable(detail)))


class Outbox:
    """`max_waiting` letters at most, `at_once` of them being sent. `pauses_s`: before each further try of one that did not go.

    One event loop at a time, as a worker has. After `close` it may be used again. Raises `ConfigError` for a sender that is none.
    """

    def __init__(self, accounts: Sends, *, max_waiting: int = 1000, at_once: int = 4, pauses_s: Sequence[float] = _PAUSES_S) -> None:
        need_positive(self, max_waiting=max_waiting, at_once=at_once)
        self._post, self._composer = accounts.post, Composer(accounts.name, accounts.sender, accounts.renderer)
        self._max_waiting, self._at_once, self._pauses_s = max_waiting, at_once, tuple(pauses_s)
        self._waiting: deque[_Job] = deque()
        self._later: dict[asyncio.TimerHandle, _Job] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False

    def put(self, letter: Letter, site: Site) -> None:
        """Take a letter, to be sent soon. Never waits; where the box is full a letter is dropped, which is an event: the oldest of those
        that did not go at first, so that a thousand letters to nowhere, which anybody can ask for, keep nobody's back; else this one."""
        job = _Job(letter, site)
        if len(self._waiting) + len(self._later) >= self._max_waiting:
            handle = next(iter(self._later), None)
            if handle is None:
                job.tell("dropped", "full")
                return
            handle.cancel()
            self._later.pop(handle).tell("dropped", "full")
        self._waiting.append(job)
        self._start()

    async def drain(self, within_s: float = 10.0) -> None:
        """Wait until nothing is being sent, for `within_s` seconds at most. What waits for its next try goes on waiting."""
        loop = self._here()
        ends_s = loop.time() + within_s
        while self._workers and (left_s := ends_s - loop.time()) > 0:
            await asyncio.wait(self._workers, timeout=left_s)

    async def close(self, within_s: float = 10.0) -> None:
        """Send what waits, each letter at most once more, for `within_s` seconds; drop the rest, which is an event for each."""
        self._here()
        self._closing = True
        self._all_now()
        try:
            await self.drain(within_s)
            await self._stop()
        finally:
            self._closing = False
        await self._post.close()

    async def _stop(self) -> None:
        while self._waiting:
            self._waiting.popleft().tell("dropped", "closing")
        running = tuple(self._workers)
        for worker in running:
            worker.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _here(self) -> asyncio.AbstractEventLoop:
        """Return the running loop. What waited for a loop that is gone waits here from now on."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._loop, self._workers = loop, set()
            self._all_now()
        return loop

    def _all_now(self) -> None:
        later, self._later = self._later, {}
        for handle, job in later.items():
            handle.cancel()
            self._waiting.append(job)
        for _ in tuple(self._waiting)[: self._at_once]:
            self._start()

    def _start(self) -> None:
        """Have one more worker, unless there are enough. It knows nothing of the request that it starts in: an empty context."""
        loop = self._here()
        if len(self._workers) < self._at_once:
            worker = loop.create_task(self._work(), name="buckler.outbox", context=Context())
            self._workers.add(worker)
            worker.add_done_callback(self._ended)

    def _ended(self, worker: asyncio.Task[None]) -> None:
        """A worker that a mistake in a template ended must not leave the others' letters behind. asyncio logs the mistake."""
        self._workers.discard(worker)
        if self._waiting and not worker.cancelled():
            self._start()

    async def _work(self) -> None:
        while self._waiting:
            job = self._waiting.popleft()
            try:
                await self._deliver(job)
            except BaseException as error:
                job.tell("failed", "closing" if isinstance(error, asyncio.CancelledError) else type(error).__name__)
                raise

    async def _deliver(self, job: _Job) -> None:
        try:
            if job.message is None:
                job.message = self._composer.compose(job.letter, datetime.fromtimestamp(job.site.clock.now(), UTC))
            await self._post.send(job.message)
        except MailError as error:
            self._again(job, error)
        else:
            job.tell("sent")

    def _again(self, job: _Job, error: MailError) -> None:
        if error.lasting or self._closing or job.tries >= len(self._pauses_s):
            job.tell("failed", error.reason)
            return
        pause_s = self._pauses_s[job.tries]
        job.tries += 1
        job.tell("delayed", error.reason)

        def now() -> None:
            del self._later[handle]
            self._waiting.append(job)
            self._start()

        handle = asyncio.get_running_loop().call_later(pause_s, now, context=Context())
        self._later[handle] = job
