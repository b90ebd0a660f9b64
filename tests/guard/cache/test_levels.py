"""Two levels: what one process keeps, the next one finds, and what cannot be read is not there."""

from __future__ import annotations

import struct

import pytest

from buckler.core.store import Drop
from buckler.guard.cache.stored import Stored, Varies, read, size_of, write
from tests.guard.cache.origin import Origin, is_hit, says
from tests.guard.cache.stores import Shared


async def test_what_is_no_longer_at_hand_is_asked_for() -> None:
    store = Shared()
    origin = Origin(says("cache-control: max-age=60"), store=store)
    origin.clock = store.clock
    await origin.ask()
    origin.cache.shelf.forget()
    assert is_hit(await origin.ask())
    origin.cache.shelf.forget()
    assert is_hit(await origin.ask(method="HEAD"))
    assert origin.calls == 1


async def test_variants_are_asked_for_too() -> None:
    store = Shared()
    origin = Origin(says("cache-control: max-age=60", "vary: x-a"), store=store)
    await origin.ask("/", "x-a: 1")
    origin.cache.shelf.forget()
    assert is_hit(await origin.ask("/", "x-a: 1"))
    origin.cache.shelf.forget()
    assert not is_hit(await origin.ask("/", "x-a: 2"))


async def test_what_is_gone_is_not_asked_for_again() -> None:
    store = Shared()
    origin = Origin(says("cache-control: max-age=60"), says("cache-control: private"), store=store)
    await origin.ask()
    origin.cache.shelf.forget()
    (key,) = [key for key in store._values if key.startswith("page")]
    await store.batch([Drop(key)])
    assert not is_hit(await origin.ask())
    assert origin.cache._known == {}


async def test_a_store_of_its_own() -> None:
    store = Shared()
    origin = Origin(says("cache-control: max-age=60"), options={"store": store})
    await origin.ask()
    assert any(key.startswith("page") for key in store._values)


async def test_what_is_known_and_unkept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buckler.guard.cache.shared._MAX_KNOWN", 3)
    monkeypatch.setattr("buckler.guard.cache.journal._MAX_UNKEPT", 3)
    origin = Origin(says("cache-control: max-age=60"), store=Shared())
    for number in range(5):
        await origin.ask(f"/{number}")
        origin.cache.unkept(str(number))
    assert len(origin.cache._known) == len(origin.cache._unkept) == 3


def test_what_is_written_is_read() -> None:
    stored = Stored(200, [(b"x", b"\xff"), (b"etag", b'"a"')], b"\x00body")
    stored.lifetime_s, stored.at_s, stored.asks, stored.packs = 60.0, 7.5, True, True
    found = read(write(stored))
    assert isinstance(found, Stored)
    assert (found.status, found.headers, found.body) == (stored.status, stored.headers, stored.body)
    assert (found.lifetime_s, found.at_s, found.asks, found.packs, found.etag) == (60.0, 7.5, True, True, b'"a"')
    index = read(write(Varies((b"a", b"b"), "mark")))
    assert isinstance(index, Varies)
    assert (index.names, index.mark) == ((b"a", b"b"), "mark")
    assert size_of(stored) > 700
    assert size_of(index) == 500


@pytest.mark.parametrize(
    "raw", [b"", b"\x00\x00\x00\x02{}", b"\x00\x00\x00\x02[]x", struct.pack(">I", 99) + b"{}", b"\x00\x00\x00\x04nope"]
)
def test_anything_else_is_none(raw: bytes) -> None:
    with pytest.raises(ValueError, match="not an answer"):
        read(raw)
