"""What an operator does by hand, and what the workers make of it: bans, and ends of bans."""

from __future__ import annotations

import math

import pytest

from buckler.protections.bans.ledger import NEWS
from buckler.protections.ratelimit.limits import EXCEEDED
from buckler.protections.smuggling import LENGTH
from buckler.stores.memory import Memory
from tests.protections.bans.worker import CLIENT, OTHER, banned, workers
from tests.requests import request_of


async def test_lifting_ends_a_ban_everywhere_and_forgets_what_was() -> None:
    one, other = workers()
    one.refuse(LENGTH, 11)
    assert banned(one)
    other.refuse(EXCEEDED)
    assert banned(other)
    assert await other.ledger.lift(CLIENT) is True
    assert not banned(other)
    assert banned(one)  # for five seconds at most
    one.clock.move(5)
    assert not banned(one)
    assert not banned(other)
    assert await one.ledger.lift(CLIENT) is False
    one.refuse(LENGTH, 10)
    assert not one.ledger.listed()
    one.refuse(LENGTH)
    assert [ban.level for ban in one.ledger.listed()] == [1]


async def test_an_old_word_does_not_bring_back_what_was_lifted() -> None:
    """Two workers have banned the client and not yet told; one of them lifts it, and then the other one tells."""
    one, other = workers()
    one.refuse(LENGTH, 11)
    other.refuse(LENGTH, 11)
    one.clock.move(1)
    assert await other.ledger.lift(CLIENT) is True
    assert not banned(one)  # wrote its ban into the news, found that it was lifted
    for _ in range(3):
        one.clock.move(5)
        assert not banned(one)
        other.refuse(EXCEEDED, client=OTHER)
        assert not banned(other, OTHER)
        assert not banned(other)
    assert not one.ledger.listed()
    assert not other.ledger.listed()


async def test_what_the_store_says_of_a_client_holds_without_the_news() -> None:
    one, other = workers()
    one.refuse(LENGTH, 11)
    assert banned(one)
    assert await other.ledger.lift(CLIENT) is True
    store = one.site.store
    assert isinstance(store, Memory)
    del store._values[NEWS]
    one.clock.move(5)
    assert not banned(one)


async def test_lifting_who_is_not_banned() -> None:
    (worker,) = workers(1)
    assert await worker.ledger.lift(CLIENT) is False
    worker.refuse(LENGTH, 10)
    assert await worker.ledger.lift(CLIENT) is False
    worker.refuse(LENGTH, 10)
    assert not worker.ledger.listed()


async def test_the_operators_word_is_told_before_all_that_waits() -> None:
    one, other = workers()
    for number in range(100):
        one.refuse(LENGTH, 11, client=f"198.51.100.{number}")
    await one.ledger.ban(CLIENT, for_s=60, because="x")
    await one.ledger.lift("198.51.100.99")
    request = request_of(client=OTHER, waits=True)
    other._judge(request, other.site.store.at_once(other.ask(request)))  # type: ignore[attr-defined]  # somebody's session asks the store
    assert CLIENT in {ban.client for ban in other.ledger.listed()}
    assert "198.51.100.99" not in {ban.client for ban in other.ledger.listed()}


async def test_lifting_where_nobody_knows_of_it() -> None:
    one, other = workers()
    one.refuse(LENGTH, 11)
    assert banned(one)
    assert await other.ledger.lift(CLIENT) is True
    request = request_of(client=OTHER, waits=True)
    one.clock.move(5)
    one._judge(request, one.site.store.at_once(one.ask(request)))  # type: ignore[attr-defined]  # somebody's session asks the store
    assert not one.ledger.listed()
    assert not banned(one)


async def test_an_operator_bans_whom_nobody_has_refused() -> None:
    one, other = workers()
    made = await one.ledger.ban("2001:db8:1:2:3:4:5:6", for_s=3600, because="scrapes\nprices")
    assert (made.client, made.level, made.because) == ("2001:db8:1:2::/64", 1, r"scrapes\nprices")
    assert banned(one, "2001:db8:1:2::/64")
    request = request_of(client=OTHER, waits=True)
    other._judge(request, other.site.store.at_once(other.ask(request)))  # type: ignore[attr-defined]  # somebody's session asks the store
    assert [ban.until_s - ban.made_s for ban in other.ledger.listed()] == [3600]
    assert banned(other, "2001:db8:1:2::/64")
    again = await one.ledger.ban("2001:db8:1:2::/64", for_s=60, because="less")
    assert again.level == 2
    one.clock.move(61)
    assert not banned(one, "2001:db8:1:2::/64")


async def test_what_an_operator_cannot_do() -> None:
    (worker,) = workers(1)
    for address in ("nobody", "", "203.0.113.0/24"):
        with pytest.raises(ValueError, match="no address"):
            await worker.ledger.ban(address, for_s=60, because="x")
        with pytest.raises(ValueError, match="no address"):
            await worker.ledger.lift(address)
    with pytest.raises(ValueError, match="never banned"):
        await worker.ledger.ban("10.0.0.1", for_s=60, because="x")
    for for_s in (0, -1, math.inf, math.nan):
        with pytest.raises(ValueError, match="over zero"):
            await worker.ledger.ban(OTHER, for_s=for_s, because="x")
