"""Sealed values: what others wrote, moved, kept or cut does not open; what is secret is not to be read."""

from __future__ import annotations

import subprocess
import sys

import pytest

from buckler.core.clock import HandClock
from buckler.core.sign import Keys
from buckler.core.store import Able, Add, Drop, Get, Op, Put, Reach, Replace, Reply, Take, Taken
from buckler.errors import StoreError
from buckler.stores.memory import Memory
from buckler.stores.sealed import Sealed

ONE, TWO = "the first secret of the tests: thirty-two bytes", "the second secret of the tests: thirty-two bytes"


class Place:
    """A server that anybody may read and write, and a site on it."""

    def __init__(self, *secrets: str, server: Memory | None = None, clock: HandClock | None = None) -> None:
        self.clock = clock or HandClock()
        self.server = server or Memory(clock=self.clock)
        self.forged: list[str] = []
        self.site = Sealed(self.server, Keys(secrets or (ONE,)), clock=self.clock, forged=self.forged.append)

    async def get(self, key: str = "session:3:abc") -> Reply:
        return (await self.site.batch([Get(key)]))[0]

    def raw(self, key: str = "session:3:abc") -> bytes:
        (value,) = self.server.at_once([Get(key)])
        assert isinstance(value, bytes)
        return value

    def plant(self, value: bytes, key: str = "session:3:abc") -> None:
        self.server.at_once([Put(key, value, 1000)])


SECRET = pytest.mark.parametrize("secret", [False, True], ids=["authentic", "secret"])


@SECRET
@pytest.mark.parametrize("value", [b"", b"\x00", b"who = mira" * 1000])
async def test_what_is_put_is_got(value: bytes, secret: bool) -> None:  # a parameter of the test
    place = Place()
    assert await place.site.batch([Put("session:3:abc", value, 60, secret), Get("session:3:abc")]) == [None, value]
    assert place.forged == []


@SECRET
async def test_any_text_is_a_key(secret: bool) -> None:
    place = Place()
    assert await place.site.batch([Put("k:1:\udcff", b"1", 60, secret), Get("k:1:\udcff")]) == [None, b"1"]


async def test_everything_else_passes() -> None:
    place = Place()
    ops: list[Op] = [Add("k", b"1", 60), Add("k", b"2", 60), Replace("k", b"3", 60), Get("k"), Drop("k"), Replace("k", b"4", 60), Get("k")]
    assert await place.site.batch(ops) == [True, False, True, b"3", True, False, None]
    assert await place.site.batch([Take("q", 1, 60)]) == [Taken(allowed=True, remaining=0, retry_s=0.0, reset_s=60.0)]
    assert await place.site.batch([]) == []
    assert place.site.able == Able(Reach.PROCESS)
    await place.site.close()
    assert place.server.at_once([Take("q", 1, 60)]) == [Taken(allowed=True, remaining=0, retry_s=0.0, reset_s=60.0)]


async def test_until_when_a_value_is_good_is_said() -> None:
    place = Place()
    await place.site.batch([Put("k", b"1", 60)])
    assert await place.site.dated([Get("k"), Get("none"), Drop("k")]) == ([b"1", None, True], [place.clock.now() + 60, 0.0, 0.0])


async def test_a_secret_is_not_to_be_read_and_no_two_are_alike() -> None:
    place = Place()
    for key in ("a", "b", "a"):
        await place.site.batch([Put(key, b"who = mira", 60, secret=True)])
        assert b"mira" not in place.raw(key)
    first = place.raw("a")
    await place.site.batch([Put("a", b"who = mira", 60, secret=True)])
    assert first[7:] != place.raw("a")[7:]
    await place.site.batch([Put("open", b"who = mira", 60)])
    assert place.raw("open").endswith(b"who = mira")


@SECRET
async def test_a_value_moved_under_another_key_does_not_open(secret: bool) -> None:  # a parameter of the test
    """Else who can write to the store becomes anybody whose session they can copy."""
    place = Place()
    await place.site.batch([Put("session:5:admin", b"admin", 60, secret)])
    place.plant(place.raw("session:5:admin"))
    assert await place.get() is None
    assert place.forged == ["session: a value that was not sealed here"]
    assert await place.get("session:5:admin") == b"admin"


@SECRET
async def test_no_byte_can_be_changed_and_none_left_out(secret: bool) -> None:  # a parameter of the test
    place = Place()
    await place.site.batch([Put("session:3:abc", b"value", 60, secret)])
    raw = place.raw()
    changed = [raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for at in range(len(raw))]
    cut = [raw[:length] for length in range(len(raw))]
    other = [b"\x01" if secret else b"\x02", b"\x03", b"\xff"]
    for forged in [*changed, *cut, raw + b"\x00", *(version + raw[1:] for version in other)]:
        place.plant(forged)
        assert await place.get() is None, forged
    place.plant(raw)
    assert await place.get() == b"value"
    assert set(place.forged) == {"session: a value that was not sealed here"}


@pytest.mark.parametrize("planted", [b"", b"plain", b"\x01", b"\x02" * 100, b'{"person": "admin"}'])
async def test_what_others_wrote_is_absent(planted: bytes) -> None:
    place = Place()
    place.plant(planted)
    assert await place.get() is None
    assert place.forged


async def test_an_answer_that_is_no_value_is_absent() -> None:
    class Lies(Memory):
        def at_once(self, ops: list[Op]) -> list[Reply]:
            return [True] * len(ops)

    assert await Place(server=Lies()).get() is None


@pytest.mark.parametrize("told", [[], [b"1", b"2"]])
async def test_a_store_that_answers_too_little_or_too_much_has_failed(told: list[Reply]) -> None:
    class Lies(Memory):
        def at_once(self, ops: list[Op]) -> list[Reply]:
            return told

    with pytest.raises(StoreError, match="Lies answered what it was not asked"):
        await Place(server=Lies()).get()


@SECRET
async def test_an_old_copy_comes_back_for_a_minute_at_most(secret: bool) -> None:  # a parameter of the test
    place = Place()
    await place.site.batch([Put("session:3:abc", b"old", 60, secret)])
    raw = place.raw()
    place.clock.move(119)
    place.plant(raw)
    assert await place.get() == b"old"  # clocks may differ: within a minute the server decides
    place.clock.move(2)
    assert await place.get() is None
    assert place.forged == ["session: a value that was over 61 s ago"]


@SECRET
async def test_secrets_rotate(secret: bool) -> None:  # a parameter of the test
    old = Place(ONE)
    await old.site.batch([Put("session:3:abc", b"old", 60, secret)])
    both, new = (Place(*given, server=old.server, clock=old.clock) for given in ((TWO, ONE), (TWO,)))
    assert await both.get() == b"old"
    assert await new.get() is None
    await both.site.batch([Replace("session:3:abc", b"new", 60, secret)])
    assert await new.get() == b"new"
    assert await old.get() is None


@SECRET
async def test_no_two_sites_open_each_others_values(secret: bool) -> None:  # a parameter of the test
    one = Place(ONE)
    other = Place(TWO, server=one.server, clock=one.clock)
    await one.site.batch([Put("session:3:abc", b"1", 60, secret)])
    assert await other.get() is None


def test_without_the_library_it_says_which_extra() -> None:
    code = (
        "import sys\nsys.modules['cryptography'] = None\nsys.modules['cryptography.exceptions'] = None\n"
        "from buckler import Guard\nfrom buckler.core.store import Able, Reach\nfrom buckler.errors import MissingExtraError\n"
        "class Far:\n    able = Able(Reach.NETWORK)\n"
        "try:\n    Guard(None, hosts=['shop.example'], secrets=['x' * 32], store=Far())\n"
        "except MissingExtraError as failure:\n    print(failure)\n"
        "Guard(None, hosts=['shop.example'], secrets=['x' * 32])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "buckler[" in done.stdout
