"""Passwords: hashed by argon2id in a bounded pool, judged when they are chosen, read from other programs' formats and made anew.

What an application names are the options, `Passwords` and `PwnedRange`, and the profiles.
"""

from buckler.accounts.passwords.breached import PwnedRange
from buckler.accounts.passwords.hasher import Hasher
from buckler.accounts.passwords.options import Passwords
from buckler.accounts.passwords.policy import judge
from buckler.accounts.passwords.profiles import CHEAPEST_FOR_TESTS, OWASP_2025, RFC9106_HIGH_MEMORY, RFC9106_LOW_MEMORY, Profile
from buckler.accounts.passwords.strength import Strength, strength

__all__ = [
    "CHEAPEST_FOR_TESTS",
    "OWASP_2025",
    "RFC9106_HIGH_MEMORY",
    "RFC9106_LOW_MEMORY",
    "Hasher",
    "Passwords",
    "Profile",
    "PwnedRange",
    "Strength",
    "judge",
    "strength",
]
