"""What is kept for one person, nobody else can read, whatever goes wrong with keys."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from buckler.cache.data import Memos
from buckler.cache.person import PersonSeal
from buckler.core.clock import HandClock
from buckler.core.sign import Keys
from buckler.core.store import Get, Put
from buckler.errors import ConfigError
from buckler.stores.memory import Memory

KEYS = Keys(["a" * 32])
CLOCK = HandClock()


def test_it_opens_for_the_same_person_and_place_alone() -> None:
    seal = PersonSeal(KEYS)
    sealed = seal.seal("7", "place", b"body")
    assert seal.open("7", "place", sealed) == b"body"
    assert seal.seal("7", "place", b"body") != sealed
    assert len(sealed) == 4 + 35
    for person, place, raw in [
        ("8", "place", sealed),
        ("7", "elsewhere", sealed),
        ("7p", "lace", sealed),
        ("7", "place", sealed[:-1]),
        ("7", "place", sealed[:-1] + bytes([sealed[-1] ^ 1])),
        ("7", "place", b"\x02" + sealed[1:]),
        ("7", "place", sealed[:1] + bytes(6) + sealed[7:]),
        ("7", "place", sealed[:10]),
        ("7", "place", sealed[:20]),
        ("7", "place", b""),
    ]:
        assert seal.open(person, place, raw) is None
    assert PersonSeal(Keys(["b" * 32])).open("7", "place", sealed) is None


def test_secrets_are_rotated() -> None:
    sealed = PersonSeal(KEYS).seal("7", "place", b"body")
    both = PersonSeal(Keys(["b" * 32, "a" * 32]))
    assert both.open("7", "place", sealed) == b"body"
    assert PersonSeal(Keys(["b" * 32])).open("7", "place", both.seal("7", "place", b"new")) == b"new"


async def test_each_person_has_their_own() -> None:
    behind = Memory(clock=CLOCK)
    cache = Memos(behind, keys=KEYS, clock=CLOCK)
    calls = []

    @cache.memo(ttl_s=60, scope="person")
    async def letters(person: str, page: int = 1) -> list[str]:
        calls.append(person)
        return [f"a letter to {person}"]

    for _ in range(3):
        for person in ("ann", "bob"):
            assert await letters(person) == [f"a letter to {person}"]
    assert calls == ["ann", "bob"]
    kept = list(behind._values.values())
    assert len(kept) == 2
    assert not any(b"letter" in raw for raw, _ in kept)
    assert not any(b"letter" in entry.kept.thing.raw for entry in cache._shelf._near._entries.values())  # in memory neither
    await letters.purge("ann")
    await letters("ann")
    await letters("bob")
    assert calls == ["ann", "bob", "ann"]


async def test_a_mistake_in_the_keys_shows_nobody_anything() -> None:
    """What if two people got one key? The value does not open, and is made anew."""
    cache = Memos(Memory(clock=CLOCK), keys=KEYS, clock=CLOCK)

    @cache.memo(ttl_s=60, scope="person")
    async def letters(person: str) -> str:
        return f"a letter to {person}"

    whole = letters._function.call
    letters._function.call = lambda args, given: whole(args, given)._replace(key="one for all")  # type: ignore[method-assign]  # the mistake
    for person in ("ann", "bob", "ann", "ann"):
        assert await letters(person) == f"a letter to {person}"


async def test_values_that_were_exchanged_in_the_store_do_not_open() -> None:
    behind = Memory(clock=CLOCK)
    cache = Memos(behind, keys=KEYS, near_s=0, clock=CLOCK)

    @cache.memo(ttl_s=60, scope="person")
    async def letters(person: str) -> str:
        return f"a letter to {person}"

    await letters("ann")
    await letters("bob")
    one, other = behind._values
    values = await behind.batch([Get(one), Get(other)])
    assert all(isinstance(value, bytes) for value in values)
    await behind.batch([Put(one, values[1], 60), Put(other, values[0], 60)])  # type: ignore[arg-type]  # both are bytes
    assert [await letters("ann"), await letters("bob")] == ["a letter to ann", "a letter to bob"]


async def test_plain_functions_too_and_nothing_found_is_sealed_as_well() -> None:
    behind = Memory(clock=CLOCK)
    cache = Memos(behind, keys=KEYS, clock=CLOCK)
    calls = []

    @cache.memo(ttl_s=60, scope="person", person="who")
    def debts(year: int, who: str) -> int | None:
        calls.append(who)
        return None if who == "ann" else 7

    assert [debts(2026, "ann"), debts(2026, who="bob"), debts(2026, "ann")] == [None, 7, None]
    assert calls == ["ann", "bob"]


def test_it_needs_secrets() -> None:
    def letters(person: str) -> str:
        return person

    with pytest.raises(ConfigError, match=r"secrets"):
        Memos().memo(ttl_s=60, scope="person")(letters)


def test_it_needs_a_library_and_says_so() -> None:
    code = (
        "import sys; sys.modules['cryptography'] = sys.modules['cryptography.exceptions'] = None\n"
        "from buckler.guard.data import Data\n"
        "cache = Data(secrets=['a' * 32])\n"
        "cache.memo(ttl_s=1, name='public')(lambda: 1)\n"
        "cache.memo(ttl_s=1, scope='person')(lambda person: 1)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "MissingExtraError: a cache for each person = 'not installed': run `pip install \"buckler[sealed]\"`" in done.stderr


def test_everybody_is_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    seal: Any = PersonSeal(KEYS)
    assert seal.open("\ud800", "\udfff", seal.seal("\ud800", "\udfff", b"")) == b""
