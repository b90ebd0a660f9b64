"""Where hashes are computed: in a few processes of their own, never on the event loop and never more at once than there is memory for.

A thread stands before each process. It is the permit, and it is held by the work, not by the request: when a visitor goes away in the
middle, the next one waits until the hash is done. That is why the permit is not a semaphore beside a pool: a cancelled request would give
back what the work still uses. And threads belong to no event loop, so several loops of one process share them.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from unicodedata import normalize

from buckler.accounts.passwords import argon, foreign
from buckler.accounts.passwords.apart import Apart, NoProcessError
from buckler.accounts.passwords.work import Job, Make, Match, stand_back
from buckler.accounts.problems import AccountError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from buckler.accounts.passwords.options import Passwords

P = ParamSpec("P")
R = TypeVar("R")

BUSY = Problem("account.password_busy", 503, "Too many people sign in at this moment.", "Try again in a few seconds.")
TOO_LONG = Problem("account.password_long", 422, "The password is too long.", "Use at most {max_chars} characters.")
UNREADABLE = Problem("account.password_unreadable", 422, "The password has characters that cannot be kept.", "Use other characters.")

_LOG = logging.getLogger("buckler.accounts")


class Hasher:
    """Hashes and checks passwords as `options` say. Its processes start with the first work; `close` ends them."""

    def __init__(self, options: Passwords) -> None:
        self._options = options
        self._under_way: set[Future[Any]] = set()  # running or waiting, of all event loops
        self._took_s = 0.0  # the last one
        # What only tests take is computed sooner than a process is asked.
        self._apart = Apart(options.workers) if options.profile.is_enough else None
        self._pool = ThreadPoolExecutor(options.workers, thread_name_prefix="buckler-passwords")

    async def hash(self, password: str) -> str:
        """Return the hash to keep. Raises `AccountError`: 503 when all workers stay busy, 422 for a password that no policy would take."""
        typed = spelled(password, self._options.max_chars)
        return await self._work(self._do, Make(self._options.profile, typed))

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether `password` is the one that `kept` was made of, here or by another program (see `foreign`).

        For None, for a hash that nobody can read and for a password that is too long the answer is False after the same work as for a
        wrong password against a hash of today. Raises `AccountError` 503 when all workers stay busy.
        """
        return await self._work(self._do, self._match(kept, password))

    def need_room(self) -> None:
        """Raise `AccountError` 503 at once when those who wait already will fill the time that anybody waits: whoever comes now would be
        refused later, after more work. Asked before anything about a person is looked up, so it tells nothing about anybody."""
        if len(self._under_way) * self._took_s > self._options.workers * self._options.wait_s:
            raise AccountError(BUSY, retry_s=self._options.wait_s)

    def is_outdated(self, kept: str) -> bool:
        """Whether a hash is to be made anew at the next sign-in: another algorithm, other numbers."""
        return not argon.is_of(self._options.profile, kept)

    def can_read(self, kept: str) -> bool:
        """Whether any password can match `kept`: what to ask of each hash when a site moves here."""
        return self._reader(kept) is not None

    def close(self) -> None:
        """Wait for the work at hand and end threads and processes. Who still waited for one is told 503; so is whoever comes later."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        if self._apart is not None:
            self._apart.close()

    def _reader(self, kept: str) -> foreign.Check | None:
        return foreign.read(kept, self._options.profile, flask_security_salt=self._options.flask_security_salt)

    def _match(self, kept: str | None, password: str) -> Match:
        try:
            spellings = [spelled(password, self._options.max_chars)]
            # Other programs hash what was typed as it was typed: where NFC differs, it is tried after NFC, for everybody alike.
            if password.encode() not in spellings:
                spellings.append(password.encode())
        except AccountError:
            kept, spellings = None, [b""]
        return Match(self._options.profile, spellings, kept, self._options.flask_security_salt)

    def _do(self, job: Job) -> Any:
        if (apart := self._apart) is not None:
            try:
                return apart.do(job)
            except NoProcessError as failure:
                self._apart = None
                _LOG.warning("no process can be started (%s): passwords are hashed in threads, and other pages wait for them", failure)
        stand_back()
        return job.do()

    async def _work(self, do: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        self.need_room()
        busy = AccountError(BUSY, retry_s=self._options.wait_s)
        try:
            future = self._pool.submit(self._timed, partial(do, *args, **kwargs))
        except RuntimeError:  # closed
            raise busy from None
        self._under_way.add(future)
        future.add_done_callback(self._under_way.discard)
        done = asyncio.wrap_future(future)
        try:
            await asyncio.wait((done,), timeout=self._options.wait_s)
            if future.cancel():  # it had not begun, and now it never will
                raise busy
            return await done  # begun work is waited for, however long it takes
        except MemoryError:
            raise busy from None
        finally:
            done.cancel()  # the request may be the one that was cancelled: work that has not begun is taken back

    def _timed(self, do: Callable[[], R]) -> R:
        began_s = monotonic()
        try:
            return do()
        finally:
            self._took_s = monotonic() - began_s


def spelled(password: str, max_chars: int) -> bytes:
    """Return the bytes that are hashed: UTF-8 of the password in NFC, and nothing else changed: no spaces cut, no case folded.

    Raises `AccountError` for more than `max_chars` code points, before anything is computed, and for half a character (a lone surrogate).
    """
    if len(password) > max_chars:
        raise AccountError(TOO_LONG, "password", max_chars=max_chars)
    try:
        return normalize("NFC", password).encode()
    except UnicodeEncodeError:
        raise AccountError(UNREADABLE, "password") from None
