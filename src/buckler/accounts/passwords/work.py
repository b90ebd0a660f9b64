"""The work itself, the same in a thread and in a process of its own. Imports nothing that such a process has no use for."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from buckler.accounts.passwords import argon, foreign
from buckler.accounts.passwords.profiles import Profile

if TYPE_CHECKING:
    from collections.abc import Sequence

NICENESS = 19  # at 10 the eight lanes of two hashes got as much of one core as the event loop did


class Make(NamedTuple):
    """Make a hash of `password` with the numbers of `profile`."""

    profile: Profile
    password: bytes

    def do(self) -> str:
        """Return the hash to keep. Raises MemoryError when there is none."""
        return argon.make(self.profile, self.password)


class Match(NamedTuple):
    """Check each of `spellings` against `kept`; the same work against a hash of nobody's where `kept` is none that can be read."""

    profile: Profile
    spellings: Sequence[bytes]
    kept: str | None
    flask_security_salt: str

    def do(self) -> bool:
        """Whether one of them is the password. Raises MemoryError when there is none."""
        check = foreign.read(self.kept, self.profile, flask_security_salt=self.flask_security_salt) if self.kept else None
        return any(map(check or _nobody(self.profile), self.spellings)) and check is not None


Job = Make | Match


def written(job: Job) -> bytes:
    """Return `job` as a line for `read`. JSON has no bytes: each is written as the character of its number."""
    if isinstance(job, Make):
        words: list[Any] = [job.profile, job.password.decode("latin-1")]
    else:
        words = [job.profile, [spelling.decode("latin-1") for spelling in job.spellings], job.kept, job.flask_security_salt]
    return json.dumps(words).encode() + b"\n"


def read(line: bytes) -> Job:
    """Return what `written` wrote."""
    numbers, typed, *kept = json.loads(line)
    profile = Profile(*numbers)
    if isinstance(typed, str):
        return Make(profile, typed.encode("latin-1"))
    return Match(profile, [spelling.encode("latin-1") for spelling in typed], *kept)


def stand_back() -> None:
    """Let this thread, and those that argon2 starts for its lanes, give way to the event loop. Elsewhere than on Linux a priority is
    that of a whole process, and all are left equal."""
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox that forbids it must not keep anybody from signing in
            os.setpriority(os.PRIO_PROCESS, 0, max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0)))  # 0: the thread that asks


@lru_cache(8)
def _nobody(profile: Profile) -> foreign.Check:
    return argon.checker(argon.nobodys(profile))
