"""Who is in every peer's database, and how a peer is told where that is. Standard library alone: every environment imports it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

PASSWORD = "walk the quiet harbour at dawn"
WRONG = "walk the quiet harbour at dusk"  # as long
NEW = "nine lamps above the station"

# Nobody's address is longer or shorter than another's: the digit after `person` says what they are.
SEEDED = {"known": 1, "unverified": 2, "disabled": 3, "locked_known": 4}
STRANGERS = {"unknown": 5, "locked_unknown": 6}
_NUMBERS = SEEDED | STRANGERS

# As RFC 9106, section 4, recommends where memory is short, and as argon2-cffi, pwdlib and Buckler have it by default.
PASSES, MEMORY_KIB, LANES = 3, 64 * 1024, 4


def email(kind: str, number: int) -> str:
    """Return the address of a person of this kind."""
    return f"person{_NUMBERS[kind]}{number:06d}@mail.example"


def database() -> Path:
    """Return where a peer keeps its people: a file that is not there yet."""
    return Path(os.environ.get("BENCH_DATABASE") or tempfile.mkdtemp(prefix="buckler-bench-")) / "people.db"


def count() -> int:
    """Return how many people of each kind there are."""
    return int(os.environ.get("BENCH_PEOPLE", "10"))


def limits() -> str:
    """Return which limits on sign-ins hold: `default`, `off` so that every one is hashed, or `tries` for one try an account."""
    return os.environ.get("BENCH_LIMITS", "default")


def seeded() -> list[tuple[str, str]]:
    """Return kind and address of everybody."""
    return [(kind, email(kind, number)) for kind in SEEDED for number in range(count())]
