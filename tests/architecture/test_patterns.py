"""No regular expression of ours backtracks: what a stranger sends is read in linear time (CVE-2025-53539)."""

from __future__ import annotations

import re
import time
from importlib import import_module
from itertools import product

import pytest

from tests.architecture.tree import SRC, python_files, text

LENGTH = 64 * 1024
# Processor time for all inputs of one pattern. A linear pattern needs some 50 ms; a quadratic one minutes for one input, so that no load
# of the machine turns one into the other.
MOST_S = 5.0
READERS = ("src/buckler/core/", "src/buckler/protections/", "src/buckler/guard/", "src/buckler/accounts/", "src/buckler/frameworks/")
ODD = "\x00"  # in no pattern: what makes a match fail at the very end


def _patterns() -> list[tuple[str, re.Pattern[str] | re.Pattern[bytes], bool]]:
    """Every compiled pattern of a module, and whether it is ever searched for (otherwise it is matched from a given place)."""
    found = []
    for name in python_files(*READERS):
        module = import_module(".".join((SRC.parent / name).relative_to(SRC).with_suffix("").parts).removesuffix(".__init__"))
        for key, value in vars(module).items():
            if isinstance(value, re.Pattern) and f"{key} = re.compile" in text(name):
                searched = re.search(rf"\b{key}\.(?:search|findall|finditer|sub|split)\(", text(name)) is not None
                found.append((f"{module.__name__}.{key}", value, searched))
    return found


PATTERNS = _patterns()


def _atoms(pattern: str) -> list[str]:
    """Characters that the pattern speaks of, and one of each usual class: few, since every pair is tried."""
    literal = sorted({char for char in pattern if not char.isalnum() and char not in "()?*+\\|^$<>{}"})
    return ["a", "0", " ", *literal][:12]


@pytest.mark.parametrize(("name", "pattern", "searched"), PATTERNS, ids=[name for name, _, _ in PATTERNS])
def test_no_pattern_backtracks(name: str, pattern: re.Pattern[str] | re.Pattern[bytes], searched: bool) -> None:
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    atoms = _atoms(source)
    began_s = time.process_time()
    for start, one, two in product(("", "/", ";"), atoms, atoms):
        subject = start + (one + two) * (LENGTH // 2) + ODD
        made = subject if isinstance(pattern.pattern, str) else subject.encode()
        pattern.fullmatch(made)  # type: ignore[arg-type]  # of the pattern's own kind, as chosen above
        if searched:
            pattern.search(made)  # type: ignore[arg-type]  # as above
        assert time.process_time() - began_s < MOST_S, f"{name} on {start!r} + {one + two!r} times {LENGTH // 2}"


def test_there_are_patterns() -> None:
    """A scan that finds nothing would prove nothing."""
    assert len(PATTERNS) > 10
