"""Hashing: off the event loop, bounded, the same work for everybody."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from examples.conduit.errors import ConduitError
from examples.conduit.passwords import CHEAPEST_FOR_TESTS, COMMON, RFC9106_LOW_MEMORY, Passwords, is_common
from examples.conduit.schemas import SignIn
from examples.conduit.services import people
from tests.conduit.inside import PASSWORD, inside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conduit.inside import Inside


class Watched(Passwords):
    """Notes where it works and how often; each work waits for `go`."""

    def __init__(self, *, workers: int = 2, wait_s: float = 0.05) -> None:
        super().__init__(workers=workers, wait_s=wait_s, profile=CHEAPEST_FOR_TESTS)
        self.threads: list[str] = []
        self.begun = threading.Semaphore(0)
        self.go = threading.Event()
        self.go.set()

    def _matches(self, kept: str, password: str) -> bool:
        self.threads.append(threading.current_thread().name)
        if not self.go.is_set():
            self.begun.release()
            self.go.wait(10)
        return super()._matches(kept, password)


@pytest.fixture
def passwords() -> Iterator[Watched]:
    made = Watched()
    yield made
    made.go.set()
    made.close()


def test_the_profile_is_the_one_of_the_rfc() -> None:
    """RFC 9106, section 4, second recommended option."""
    found = RFC9106_LOW_MEMORY
    assert (found.type.name, found.time_cost, found.memory_cost, found.parallelism) == ("ID", 3, 64 * 1024, 4)
    assert (found.hash_len, found.salt_len) == (32, 16)


async def test_right_wrong_and_broken(passwords: Watched) -> None:
    kept = await passwords.hash(PASSWORD)
    assert kept.startswith("$argon2id$")
    assert await passwords.verify(kept, PASSWORD)
    assert not await passwords.verify(kept, PASSWORD + "!")
    assert not await passwords.verify("no hash at all", PASSWORD)
    assert not await passwords.verify(None, "nobody's password"), "the stand-in's own password opens nothing"


async def test_the_loop_goes_on_while_threads_hash(passwords: Watched) -> None:
    kept = await passwords.hash(PASSWORD)
    await passwords.verify(kept, PASSWORD)
    passwords.go.clear()
    work = asyncio.create_task(passwords.verify(kept, PASSWORD))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not work.done(), "the hash waits, and the loop has made a hundred turns"
    passwords.go.set()
    assert await work
    assert all(name.startswith("argon2") for name in passwords.threads)


async def test_too_many_at_once_are_told_to_come_back(passwords: Watched) -> None:
    kept = await passwords.hash(PASSWORD)
    await passwords.verify(kept, PASSWORD)
    passwords.go.clear()
    busy = [asyncio.create_task(passwords.verify(kept, PASSWORD)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(ConduitError) as refused:
        await passwords.verify(kept, PASSWORD)
    assert refused.value.status == 503
    passwords.go.set()
    assert await asyncio.gather(*busy) == [True, True]
    assert await passwords.verify(kept, PASSWORD), "and then there is room again"


async def test_a_client_that_leaves_does_not_free_a_busy_thread(passwords: Watched) -> None:
    """The place belongs to the work: else clients that come and go would start hash after hash."""
    kept = await passwords.hash(PASSWORD)
    await passwords.verify(kept, PASSWORD)
    passwords.go.clear()
    gone = [asyncio.create_task(passwords.verify(kept, PASSWORD)) for _ in range(2)]
    for _ in gone:
        await asyncio.to_thread(passwords.begun.acquire)
    for task in gone:
        task.cancel()
    await asyncio.gather(*gone, return_exceptions=True)
    with pytest.raises(ConduitError):
        await passwords.verify(kept, PASSWORD)
    passwords.go.set()
    for _ in range(1000):
        try:
            assert await passwords.verify(kept, PASSWORD)
        except ConduitError:
            continue
        return
    pytest.fail("the places never came back")


async def test_unknown_people_cost_the_same_work(conduit: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    await conduit.join("mira")
    calls: list[str] = []
    matches = Passwords._matches

    def counted(self: Passwords, kept: str, password: str) -> bool:
        calls.append(kept)
        return matches(self, kept, password)

    monkeypatch.setattr(Passwords, "_matches", counted)
    for email, status in (("mira@test.com", 200), ("nobody@test.com", 401), ("mira@test.com", 200)):
        calls.clear()
        answer = await conduit.ask("POST", "/users/login", json={"user": {"email": email, "password": PASSWORD}})
        assert (answer.status_code, len(calls)) == (status, 1)
        assert calls[0].rpartition("$")[0].startswith("$argon2id$v=19$m=8,t=1,p=1$"), "with the same parameters"


async def test_wrong_and_unknown_are_told_the_same(conduit: Inside) -> None:
    await conduit.join("mira")
    answers = [
        await conduit.ask("POST", "/users/login", json={"user": {"email": email, "password": "wrong password"}})
        for email in ("mira@test.com", "nobody@test.com")
    ]
    assert answers[0].status_code == answers[1].status_code == 401
    assert answers[0].content == answers[1].content


async def test_hashes_are_made_anew_when_the_profile_changes(conduit: Inside) -> None:
    await conduit.join("mira")
    stronger = Passwords(workers=1, wait_s=5, profile=RFC9106_LOW_MEMORY)
    async with conduit.parts.database.session() as session:
        user = await people.authenticate(session, stronger, SignIn(email="mira@test.com", password=PASSWORD))
        assert user.password_hash is not None
        assert not stronger.is_outdated(user.password_hash)
    stronger.close()


async def test_a_busy_pool_is_a_503_with_a_time(tmp_path: Path) -> None:
    async with inside(tmp_path, password_workers=1, password_wait_s=0.01) as conduit:
        await conduit.parts.passwords._free.acquire()  # somebody else's work
        answer = await conduit.ask("POST", "/users/login", json={"user": {"email": "a@test.com", "password": "b"}})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "3")
        conduit.parts.passwords._free.release()


def test_common_passwords() -> None:
    assert is_common("PassWord123")
    assert is_common("Mira-The-First", "mira-the-first")
    assert not is_common(PASSWORD, "mira")
    assert all(len(word) >= 8 for word in COMMON), "shorter ones are refused anyway"
