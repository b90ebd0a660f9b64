"""Limits as they were got round: each counts, and each has its hole. `Try` is one attempt; `key` is what it is counted under."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

MOST = 10


class Try(NamedTuple):
    """`claimed`: the X-Forwarded-For; `half`: the sign-in that waits for its second factor."""

    path: str
    channel: str
    email: str
    client: str
    claimed: str
    half: str


class Limit:
    """Takes `most` failures under one key. `cleared`: by a success. `only`: the channels that are counted at all."""

    def __init__(self, key: Callable[[Try], str], *, most: int = MOST, cleared: bool = False, only: str = "") -> None:
        self._key, self._most, self._cleared, self._only = key, most, cleared, only
        self._failures: Counter[str] = Counter()

    def admits(self, attempt: Try) -> bool:
        key = self._key(attempt)
        return not key or self._failures[key] < self._most

    def told(self, attempt: Try, *, right: bool) -> None:
        key = self._key(attempt)
        if not right:
            self._failures[key] += 1
        elif self._cleared:
            self._failures.pop(key, None)


def _claimed(attempt: Try) -> str:
    """What no address is, is counted under nothing."""
    said = attempt.claimed.partition(",")[0].strip()
    return (said if said.count(".") == 3 else "") if said else attempt.client


def _one(email: str) -> str:
    return email.strip().casefold()


# Who counts so is broken by the cases that are named after it.
LIMITS: dict[str, Callable[[], Limit]] = {
    "by_client": lambda: Limit(lambda one: one.client),
    "by_account": lambda: Limit(lambda one: _one(one.email)),
    "by_claimed_address": lambda: Limit(_claimed),
    "by_client_until_a_success": lambda: Limit(lambda one: one.client, cleared=True),
    "by_path": lambda: Limit(lambda one: f"{one.path} {_one(one.email)}"),
    "by_spelling": lambda: Limit(lambda one: one.email),
    "by_channel": lambda: Limit(lambda one: f"{one.channel} {_one(one.email)}"),
    "at_the_first_step": lambda: Limit(lambda one: "" if one.channel == "second" else _one(one.email)),
    "by_half_sign_in": lambda: Limit(lambda one: one.half, most=5),
}
