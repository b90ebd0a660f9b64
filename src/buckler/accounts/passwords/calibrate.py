"""Finds the profile for a machine: as much memory as may be had, then as many passes as the time allows (RFC 9106, section 4)."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from buckler.accounts.passwords import argon
from buckler.accounts.passwords.profiles import NAMES, OWASP_MEMORY_KIB, OWASP_PASSES, Profile

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NAMES", "Tried", "calibrate", "measured"]

_ROUNDS = 5
_PASSWORD = b"a password of usual length"


class Tried(NamedTuple):
    """`ms`: what one hash took, the median of a few."""

    profile: Profile
    ms: float


def measured(profile: Profile, at_once: int = 1) -> float:
    """Return how many milliseconds a hash takes where `at_once` of them are computed side by side; the median of five rounds.

    The first round is not counted: it fetches the memory from the system.
    """
    with ThreadPoolExecutor(at_once) as pool:
        rounds = [median(pool.map(_once, [profile] * at_once)) for _ in range(_ROUNDS + 1)]
    return median(rounds[1:])


def calibrate(target_ms: float, memory_kib: int, lanes: int, measure: Callable[[Profile], float]) -> Tried:
    """Return the strongest profile that takes at most `target_ms` with at most `memory_kib` KiB; OWASP's minimum where none does.

    Memory comes before passes: it is what a guesser's hardware cannot do without. `measure` returns milliseconds.
    """

    def attempt(passes: int, memory_kib: int) -> Tried:
        profile = Profile(passes, memory_kib, lanes)
        return Tried(profile, measure(profile))

    found = attempt(_least_passes(memory_kib), memory_kib)
    while found.ms > target_ms and memory_kib > OWASP_MEMORY_KIB:
        memory_kib = max(OWASP_MEMORY_KIB, memory_kib // 2)
        found = attempt(_least_passes(memory_kib), memory_kib)
    passes = int(found.profile.passes * target_ms / found.ms)  # time grows with the passes, so one look is nearly enough
    while passes > found.profile.passes:
        more = attempt(passes, memory_kib)
        if more.ms <= target_ms:
            return more
        passes -= 1
    return found


def _least_passes(memory_kib: int) -> int:
    """The fewest with which as much is written as by OWASP's minimum."""
    return -(-OWASP_PASSES * OWASP_MEMORY_KIB // memory_kib)


def _once(profile: Profile) -> float:
    began_s = time.perf_counter()
    argon.make(profile, _PASSWORD)
    return (time.perf_counter() - began_s) * 1000
