"""How much work a hash is: named profiles of argon2id with their sources, instead of three numbers out of the air."""

from __future__ import annotations

from typing import NamedTuple

_KIB = 1024
# OWASP Password Storage Cheat Sheet (2025): at least 19 MiB, two passes, one lane. The same work over more memory is as good or better.
OWASP_MEMORY_KIB, OWASP_PASSES = 19 * _KIB, 2


class Profile(NamedTuple):
    """Of argon2id: `passes` over `memory_kib` KiB, divided into `lanes` that are computed side by side (RFC 9106, section 3.1).

    Salt and hash have the lengths that RFC 9106, section 4, recommends: 128 and 256 bits.
    """

    passes: int
    memory_kib: int
    lanes: int

    @property
    def written_kib(self) -> int:
        """Memory written in all: what the hash costs, for us and for whoever guesses."""
        return self.passes * self.memory_kib

    @property
    def is_enough(self) -> bool:
        """Whether it is at least OWASP's minimum."""
        return self.memory_kib >= OWASP_MEMORY_KIB and self.written_kib >= OWASP_PASSES * OWASP_MEMORY_KIB and self.passes > 0 < self.lanes


OWASP_2025 = Profile(passes=OWASP_PASSES, memory_kib=OWASP_MEMORY_KIB, lanes=1)
# RFC 9106, section 4, second recommended option: "if much less memory is available".
RFC9106_LOW_MEMORY = Profile(passes=3, memory_kib=64 * _KIB, lanes=4)
# RFC 9106, section 4, first recommended option: 2 GiB for every hash at work.
RFC9106_HIGH_MEMORY = Profile(passes=1, memory_kib=2 * _KIB * _KIB, lanes=4)
# The least that argon2 takes. Safe for nobody's password.
CHEAPEST_FOR_TESTS = Profile(passes=1, memory_kib=8, lanes=1)

NAMES = {OWASP_2025: "OWASP_2025", RFC9106_LOW_MEMORY: "RFC9106_LOW_MEMORY", RFC9106_HIGH_MEMORY: "RFC9106_HIGH_MEMORY"}
