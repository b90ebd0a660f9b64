"""Passwords, hashed by argon2id in a few threads of their own: never on the event loop, never more at once than there is memory for."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import CHEAPEST, RFC_9106_LOW_MEMORY

from examples.conduit.errors import TOO_BUSY, ConduitError

if TYPE_CHECKING:
    from collections.abc import Callable

    from argon2 import Parameters

P = ParamSpec("P")
R = TypeVar("R")

RFC9106_LOW_MEMORY = RFC_9106_LOW_MEMORY  # RFC 9106, section 4: t=3, 64 MiB, 4 lanes
CHEAPEST_FOR_TESTS = CHEAPEST

# The most used of at least eight characters. A short list by hand: it stops the first guesses, not a dictionary.
COMMON = frozenset(
    """12345678 123456789 1234567890 0123456789 87654321 987654321 11111111 00000000 88888888 12341234 11223344 12121212 69696969
    123123123 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qazxsw2 q1w2e3r4 qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 qwer1234 asdfghjk
    asdfghjkl asdfasdf zxcvbnm1 zxcvbnm123 password password1 password12 password123 password1234 passw0rd p@ssw0rd p@ssword
    pa55word passwort motdepasse contraseña iloveyou iloveyou1 sunshine sunshine1 princess princess1 football football1 baseball
    baseball1 basketball superman superman1 batman123 starwars pokemon1 jennifer jessica1 michelle nicholas alexander charlie1
    danielle samantha benjamin christian victoria elizabeth maverick mustang1 corvette mercedes trustno1 whatever computer internet
    samsung1 liverpool liverpool1 chelsea1 arsenal1 barcelona manchester welcome1 welcome123 letmein1 letmein123 changeme changeme1
    administrator admin123 admin1234 adminadmin root1234 rootroot test1234 testtest testing123 default1 guest123 secret123 master123
    abcd1234 abc12345 abcdefgh abcdefg1 a1b2c3d4 aaaaaaaa aa123456 asd12345 1234qwer 1234abcd 12345qwert 123qweasd 123456aa 123456abc
    12345678a 123456789a a123456789 a12345678 qazwsxedc qazwsx123 dragon123 monkey123 shadow123 michael1 jordan23 killer123 hello123
    hellohello freedom1 chocolate butterfly snoopy123 blink182 metallica slipknot1 lovelove loveyou1 myspace1 facebook linkedin
    google123 myPassword correcthorse""".casefold().split()
)


def is_common(password: str, *own_names: str) -> bool:
    """Whether a password is among the first that anybody would try: of the list, or the person's own name or address."""
    folded = password.casefold()
    return folded in COMMON or folded in {name.casefold() for name in own_names}


class Passwords:
    """`workers` hash at once; whoever finds no free one within `wait_s` gets 503, so that a flood cannot queue up memory or time."""

    def __init__(self, *, workers: int, wait_s: float, profile: Parameters = RFC9106_LOW_MEMORY) -> None:
        self._hasher = PasswordHasher.from_parameters(profile)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="argon2")
        self._free = asyncio.Semaphore(workers)
        self._wait_s = wait_s
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """Return the hash to keep. Raises `ConduitError` 503 when all workers stay busy."""
        return await self._work(self._hasher.hash, password)

    async def verify(self, kept: str | None, password: str) -> bool:
        """Whether `password` is the one. `kept` is None for unknown people: the work is the same, and so is the time it takes."""
        if self._nobodys is None:
            self._nobodys = await self._work(self._hasher.hash, "nobody's password")
        return await self._work(self._matches, kept or self._nobodys, password) and kept is not None

    def is_outdated(self, kept: str) -> bool:
        """Whether the hash was made with other parameters than today's; it is then made anew at the next sign-in."""
        return self._hasher.check_needs_rehash(kept)

    def close(self) -> None:
        """Wait for the work at hand, then end the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _work(self, do: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            async with asyncio.timeout(self._wait_s):
                await self._free.acquire()
        except TimeoutError:
            raise ConduitError(*TOO_BUSY) from None
        loop = asyncio.get_running_loop()
        future: Future[R] = self._pool.submit(do, *args, **kwargs)
        # The permit belongs to the work, not to the request: a thread cannot be stopped, so when a client goes away in the middle
        # the place stays taken until the thread is free.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._free.release))
        return await asyncio.wrap_future(future)
