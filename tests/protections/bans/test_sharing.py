"""`bans` on several workers with one store: what one of them decides, and what the others know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from buckler.core.answer import Refusal
from buckler.core.clock import HandClock
from buckler.core.store import Add, Get, Put, Take, key
from buckler.protections.bans.ban import Ban, read, read_news, write_news
from buckler.protections.bans.ledger import NEWS
from buckler.protections.pathguard import DOT_SEGMENT
from buckler.protections.ratelimit.limits import EXCEEDED
from buckler.protections.smuggling import LENGTH
from buckler.stores.memory import Memory
from tests.protections.bans.worker import CLIENT, OTHER, Worker, banned, workers
from tests.requests import request_of, site_of

if TYPE_CHECKING:
    from buckler.core.store import Op


def kinds(ops: list[Op]) -> list[type]:
    return [type(op) for op in ops]


def test_an_unsuspected_client_asks_nothing_and_has_nothing_asked() -> None:
    (worker,) = workers(1)
    for number in range(100):
        request = request_of(client=f"203.0.113.{number}")
        assert worker.check(request) is None
        assert not request.waits
    assert worker.site.store.at_once([Get(NEWS)]) == [None]  # type: ignore[attr-defined]  # `Memory` can


def test_a_suspect_is_asked_for_once_in_five_seconds() -> None:
    (worker,) = workers(1)
    worker.refuse(DOT_SEGMENT)
    assert not banned(worker)
    assert kinds(worker.asked.pop()) == [Get, Get, Take]
    for _ in range(10):
        assert not banned(worker)
    worker.clock.move(4.9)
    assert not banned(worker)
    assert not worker.asked
    worker.clock.move(0.1)
    assert not banned(worker)
    assert kinds(worker.asked.pop()) == [Get, Get]  # nothing new to add up
    worker.clock.move(5)
    request = request_of(waits=True)
    worker.check(request)
    assert kinds(worker.ask(request) or []) == [Get, Get]
    assert worker.ask(request) == []


def test_who_waits_for_something_else_reads_the_news_now_and_then() -> None:
    (worker,) = workers(1)
    request = request_of(waits=True)
    own = Get(key("bans", worker.ledger.key_of(CLIENT)))
    assert worker.ask(request) == [own, Get(NEWS)]
    assert worker.ask(request) is None
    worker.clock.move(5)
    assert worker.ask(request) == [own, Get(NEWS)]


def test_a_thousand_suspects_read_the_news_once_and_tell_once_a_second() -> None:
    (worker,) = workers(1)
    worker.refuse(LENGTH, 11)
    for number in range(100):
        worker.refuse(LENGTH, 2, client=f"198.51.100.{number}")
        assert not banned(worker, f"198.51.100.{number}")
    assert sum(Get(NEWS) in ops for ops in worker.asked) == 1
    assert sum(Put in kinds(ops) for ops in worker.asked) == 1
    worker.clock.move(1)
    assert banned(worker)
    assert sum(Put in kinds(ops) for ops in worker.asked) == 2


def test_a_banned_client_costs_the_store_one_question_in_five_seconds() -> None:
    (worker,) = workers(1)
    worker.refuse(LENGTH, 11)
    assert all(banned(worker) for _ in range(100))
    assert [kinds(ops) for ops in worker.asked] == [[Get, Get, Add, Put]]
    worker.clock.move(5)
    assert all(banned(worker) for _ in range(100))
    assert len(worker.asked) == 2


def test_points_of_all_workers_add_up() -> None:
    """Eleven refusals spread over four workers: no worker has seen enough, together they have."""
    team = workers(4)
    for number in range(12):
        worker = team[number % 4]
        worker.refuse(LENGTH)
        worker.clock.move(5)
        found = worker.asks()
        if number < 10:
            assert found is None
    assert isinstance(found, Refusal)
    assert any(worker.ledger.listed() for worker in team)


def test_a_ban_is_known_to_another_worker_at_its_first_refusal() -> None:
    one, other = workers()
    one.refuse(LENGTH, 11)
    assert banned(one)
    assert other.asks() is None  # it has never refused this client: no round trip
    assert not other.asked
    other.refuse(EXCEEDED)
    assert banned(other)


def test_the_clients_own_key_is_asked_for_when_the_news_was_read_too_early() -> None:
    one, other = workers()
    other.refuse(EXCEEDED, client=OTHER)
    assert not banned(other, OTHER)  # reads the news, in which there is nothing
    one.refuse(LENGTH, 11)
    assert banned(one)
    other.refuse(EXCEEDED)
    assert banned(other)
    assert kinds(other.asked[-1]) == [Get, Take]


def test_a_ban_is_known_to_another_worker_once_anybody_asks_the_store_there() -> None:
    one, other = workers()
    one.refuse(LENGTH, 11)
    assert banned(one)
    signed_in = request_of(client=OTHER, waits=True)
    ops = other.ask(signed_in) or []
    assert kinds(ops) == [Get, Get]
    assert other._judge(signed_in, other.site.store.at_once(ops)) is None  # type: ignore[attr-defined]  # `Memory` can
    assert [ban.client for ban in other.ledger.listed()] == [CLIENT]
    assert banned(other)
    assert banned(one)


def test_a_ban_escalates_over_all_workers() -> None:
    one, other = workers()
    one.refuse(LENGTH, 11)
    assert banned(one)
    one.clock.move(61)
    other.refuse(LENGTH, 11)  # it has never heard of the first one: one minute …
    assert [ban.level for ban in other.ledger.listed()] == [1]
    assert banned(other)
    assert [(ban.level, ban.until_s - ban.made_s) for ban in other.ledger.listed()] == [(2, 300)]  # … until it asks
    one.clock.move(5)
    assert banned(other)
    one.refuse(EXCEEDED)
    assert banned(one)
    assert one.ledger.listed() == other.ledger.listed()


def test_of_two_bans_at_once_the_one_that_ends_later_holds_and_none_counts_twice() -> None:
    one, other = workers()
    one.refuse(LENGTH, 11)
    one.clock.move(1)
    other.refuse(LENGTH, 11)
    assert banned(one)
    assert banned(other)
    assert banned(other)  # takes the word to the store that its ban ends later
    one.clock.move(5)
    assert banned(one)
    assert one.ledger.listed() == other.ledger.listed()
    assert [ban.level for ban in one.ledger.listed()] == [1]


def test_a_shorter_ban_never_takes_the_place_of_a_longer_one() -> None:
    one, other = workers()
    for _ in range(3):
        one.refuse(LENGTH, 11)
        assert banned(one)
        one.clock.move(5)
        assert banned(one)
        one.clock.move(one.ledger.listed()[0].until_s - one.clock.now() if one.ledger.listed()[0].level < 3 else 0)
    assert [ban.level for ban in one.ledger.listed()] == [3]
    other.refuse(LENGTH, 11)
    assert banned(other)
    assert other.ledger.listed() == one.ledger.listed()
    one.clock.move(5)
    assert banned(one)
    assert [ban.level for ban in one.ledger.listed()] == [3]


def test_a_worker_that_knows_of_a_short_past_writes_its_longer_ban() -> None:
    one, other = workers()
    one.refuse(LENGTH, 11)
    assert banned(one)
    one.clock.move(61)
    one.refuse(LENGTH, 11)
    assert all(banned(one) for _ in range(3))
    other.refuse(EXCEEDED)
    assert banned(other)
    assert [ban.level for ban in other.ledger.listed()] == [2]


def test_the_past_is_asked_for() -> None:
    """A client whose ban is over is refused something by a worker that has never seen it."""
    one, other = workers()
    one.refuse(LENGTH, 11)
    assert banned(one)
    one.clock.move(61)
    other.refuse(EXCEEDED)
    assert not banned(other)
    other.refuse(LENGTH, 11)
    assert [ban.level for ban in other.ledger.listed()] == [2]


def test_news_of_a_network_that_is_never_banned_here_is_not_believed() -> None:
    clock = HandClock()
    store = Memory(clock=clock)
    one = Worker(site=site_of(clock=clock, store=store))
    careful = Worker(site=site_of(clock=clock, store=store), never=["203.0.113.0/24"])
    one.refuse(LENGTH, 11)
    assert banned(one)
    request = request_of(client=OTHER, waits=True)
    careful._judge(request, store.at_once(careful.ask(request) or []))
    assert not careful.ledger.listed()


def test_a_store_that_was_restarted_forgets_bans_and_its_workers_follow() -> None:
    (worker,) = workers(1)
    worker.refuse(LENGTH, 11)
    assert banned(worker)
    worker.clock.move(5)
    assert banned(worker)  # has seen that the store has it
    store = worker.site.store
    assert isinstance(store, Memory)
    store._values.clear()
    worker.clock.move(5)
    assert not banned(worker)


def test_a_ban_that_never_reached_the_store_holds_and_is_told_again() -> None:
    """The store was down when the ban was made: its own worker keeps it, and tells it when the store is back."""
    one, other = workers()
    one.refuse(LENGTH, 11)
    lost = request_of()
    one.check(lost)
    assert lost.waits
    assert Add in kinds(one.ask(lost) or [])  # goes nowhere
    one.ledger.telling.clear()  # and its place among those that wait was needed
    one.clock.move(5)
    assert all(banned(one) for _ in range(2))
    one.clock.move(5)
    assert banned(one)
    other.refuse(EXCEEDED)
    assert banned(other)


@pytest.mark.parametrize(
    "raw",
    [b"", b"nonsense", b"{}", b"[1]", b"[[1,2,3,4,5]]", b'[["a",1,2,3]]', b'["a",1,NaN,4,"x"]', b'["a",1,1e999,4,"x"]', b"[" * 100_000,
     b'["a","1",2,3,"x"]', b'["a",1,2,3,4]', True, None],
)  # fmt: skip
def test_what_is_no_ban_is_none(raw: object) -> None:
    assert read(raw) is None
    assert read_news(raw) == {}


def test_news_are_bounded_and_without_what_is_over() -> None:
    now_s = 1000.0
    many = [Ban(f"198.51.{number // 250}.{number % 250}", 1, now_s + number / 1000, now_s + 60, "x") for number in range(600)]
    many.append(Ban(OTHER, 1, now_s - 900, now_s - 840, "over"))
    many.append(Ban(CLIENT, 0, now_s + 1, now_s + 1, "lifted"))
    news = read_news(write_news(many, now_s))
    assert len(news) == 512
    assert CLIENT in news
    assert many[599].client in news
    assert many[0].client not in news


def test_bans_that_other_workers_have_written_meanwhile_stay_in_the_news() -> None:
    one, other = workers()
    one.refuse(LENGTH, 11)
    other.refuse(LENGTH, 11, client=OTHER)
    assert banned(one)
    assert banned(other, OTHER)  # writes over the news, without having read it: it has lost the first ban …
    for _ in range(3):
        one.clock.move(5)
        banned(one)
        banned(other, OTHER)
    assert {ban.client for ban in one.ledger.listed()} == {ban.client for ban in other.ledger.listed()} == {CLIENT, OTHER}  # … for seconds
