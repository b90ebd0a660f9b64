"""`ratelimit` beyond its cases: rates, the memory of clients, the limits of routes."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.answer import Refusal
from buckler.core.clock import HandClock
from buckler.core.rate import Rate
from buckler.core.store import Put, Take
from buckler.errors import ConfigError, StoreError
from buckler.protections.ratelimit import RateLimit
from buckler.protections.ratelimit.flood import flood_check
from buckler.protections.ratelimit.limits import Limits
from buckler.protections.ratelimit.quota import Quota
from buckler.stores.memory import Memory
from tests.requests import request_of, site_of

if TYPE_CHECKING:
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.core.store import Op, Reply

NO = Refusal(429, code="no")


@pytest.mark.parametrize("options", [{"flood": "often"}, {"max_clients": 0}])
def test_options_that_cannot_work_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        RateLimit(**options)


def _gate(clock: HandClock, limit: int, period_s: int, max_clients: int) -> Any:
    check = flood_check(Rate(limit, period_s), max_clients, clock.monotonic, lambda _, __: NO)

    def ask(client: str) -> bool:
        return check(request_of(client=client)) is None

    return ask


def test_a_burst_and_then_a_steady_rate() -> None:
    clock = HandClock()
    ask = _gate(clock, 3, 30, 10)
    assert [ask("a") for _ in range(4)] == [True, True, True, False]
    clock.move(9)
    assert not ask("a")
    clock.move(1)
    assert [ask("a"), ask("a"), ask("b")] == [True, False, True]
    clock.move(300)
    assert [ask("a") for _ in range(4)] == [True, True, True, False]


def test_forgetting_gives_one_quota_for_as_many_clients_as_are_remembered() -> None:
    """What an attacker gains by eviction: nothing before `max_clients` other addresses have spent a request each."""
    ask = _gate(HandClock(), 1, 60, 100)
    assert [ask("a"), ask("a")] == [True, False]
    for count in range(100):
        ask(f"other {count}")
        assert not ask("a")  # being refused keeps nobody remembered longer, and forgets nobody earlier
    for count in range(100, 200):
        ask(f"other {count}")
    assert ask("a")


def test_millions_of_clients_need_bounded_memory() -> None:
    """Two full generations and half of a third: the peak does not grow with the number of clients after that."""
    check = flood_check(Rate(600, 60), 10_000, HandClock().monotonic, lambda _, __: NO)
    request = request_of()
    tracemalloc.start()
    try:
        peaks = []
        for tenth in range(4):
            for number in range(25_000):
                request.client = f"2001:db8:{tenth:x}:{number:x}::/64"
                check(request)
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert peaks[-1] < peaks[0] * 1.1
    assert peaks[-1] * 10 < 64 * 1024 * 1024  # the default remembers ten times as many


def test_a_refusal_says_when_to_come_back() -> None:
    site = site_of()
    check = RateLimit(flood="2/minute").steps(site).check
    assert check is not None
    request = request_of()
    assert [check(request), check(request)] == [None, None]
    refused = check(request)
    assert isinstance(refused, Refusal)
    assert (refused.status, refused.code) == (429, "ratelimit.flood")
    assert refused.headers == ((b"retry-after", b"30"), (b"ratelimit", b'"flood";r=0;t=60'), (b"ratelimit-policy", b'"flood";q=2;w=60'))
    assert check(request) is refused  # made once


def test_a_forgotten_proxy_is_hinted_at_once() -> None:
    """65.14.2 of django-allauth: forwarding headers are distrusted by default; the operator is told what that means."""
    site = site_of()
    check = RateLimit(flood="1/minute").steps(site).check
    assert check is not None
    for _ in range(4):
        check(request_of((b"x-forwarded-for", b"198.51.100.1")))
    assert [event.kind for event in site.events.drain()] == ["ratelimit.unnamed_proxy"]
    behind = site_of(behind_proxies=True)
    check = RateLimit(flood="1/minute").steps(behind).check
    assert check is not None
    for _ in range(4):
        check(request_of((b"forwarded", b"for=198.51.100.1")))
    assert behind.events.drain() == []


def test_without_a_flood_limit_nothing_is_checked() -> None:
    site = site_of()
    assert RateLimit(flood=None).steps(site).check is None
    assert isinstance(site.offers["ratelimit"], Limits)


# ---- routes


class Spy(Memory):
    """A store that shows what it was asked, and that can be down."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock=clock)
        self.asked: list[list[Op]] = []
        self.down = False

    def at_once(self, ops: list[Op]) -> list[Reply]:
        self.asked.append(ops)
        if self.down:
            raise StoreError("down")
        return super().at_once(ops)


def _limits(**options: Any) -> tuple[Limits, Spy, Site, HandClock]:
    clock = HandClock()
    store = Spy(clock)
    site = site_of(store=store, clock=clock)
    RateLimit(**options).steps(site)
    return site.offers["ratelimit"], store, site, clock


CLIENT = Quota("client", Rate(2, 60), "sign-in", "client:203.0.113.7")
ACCOUNT = Quota("account", Rate(5, 60), "sign-in", "account:mira", guards=True)


async def test_all_quotas_are_asked_in_one_round_trip_and_shown() -> None:
    limits, store, _, _ = _limits()
    request = request_of()
    assert await limits.take(request, [CLIENT, ACCOUNT]) is None
    assert len(store.asked) == 1
    assert request.touched
    assert request.extra_headers == (
        (b"ratelimit", b'"client";r=1;t=30, "account";r=4;t=12'),
        (b"ratelimit-policy", b'"client";q=2;w=60, "account";q=5;w=60'),
    )


async def test_one_clients_refused_attempts_do_not_lock_the_account() -> None:
    limits, _, _, _ = _limits()
    answers = [await limits.take(request_of(), [CLIENT, ACCOUNT]) for _ in range(50)]
    assert [answer is None for answer in answers] == [True, True] + [False] * 48
    refused = answers[-1]
    assert refused is not None
    assert refused.code == "ratelimit.exceeded"
    assert refused.headers[0] == (b"retry-after", b"30")
    from_elsewhere = CLIENT._replace(counted="client:198.51.100.1")
    assert await limits.take(request_of(), [from_elsewhere, ACCOUNT]) is None


async def test_a_limit_is_exact_under_fifty_tasks() -> None:
    limits, _, _, _ = _limits()
    answers = await asyncio.gather(*(limits.take(request_of(), [ACCOUNT]) for _ in range(50)))
    assert sum(answer is None for answer in answers) == 5


async def test_what_is_counted_is_never_stored_in_clear() -> None:
    limits, store, _, _ = _limits()
    await limits.take(request_of(), [ACCOUNT])
    (ops,) = store.asked
    assert isinstance(ops[0], Take)
    assert "mira" not in ops[0].key
    assert ops[0].key.startswith("limit:7:sign-in:7:account:4:5/60:20:")


async def test_quotas_of_other_names_spaces_and_rates_are_others() -> None:
    limits, store, _, _ = _limits()
    many = [CLIENT, CLIENT._replace(name="x"), CLIENT._replace(space="x"), CLIENT._replace(rate=Rate(2, 61)), CLIENT._replace(counted="x")]
    await limits.take(request_of(), many)
    assert len({op.key for op in store.asked[0]}) == len(many)


@pytest.mark.parametrize(("quotas", "refused"), [([CLIENT], False), ([CLIENT, ACCOUNT], True)])
async def test_a_dead_store_refuses_where_a_limit_guards_a_sign_in(quotas: list[Quota], refused: bool) -> None:
    limits, store, site, _ = _limits()
    store.down = True
    answer = await limits.take(request_of(), quotas)
    assert (answer is not None and answer.code == "ratelimit.unavailable") is refused
    assert [(event.kind, event.mode) for event in site.events.drain()] == [("ratelimit.unavailable", "note")]


async def test_in_report_only_mode_a_refusal_is_an_event() -> None:
    limits, store, site, _ = _limits(report_only=True)
    assert [await limits.take(request_of(), [CLIENT]) for _ in range(3)] == [None, None, None]
    assert [(event.kind, event.mode) for event in site.events.drain()] == [("ratelimit.exceeded", "report")]
    store.down = True
    assert await limits.take(request_of(), [ACCOUNT]) is None
    assert [event.mode for event in site.events.drain()] == ["note", "report"]


async def test_a_success_gives_nothing_back() -> None:
    """65.8.1 of django-allauth: there is no way to clear a counter, so no success does."""
    assert [name for name in vars(Limits) if not name.startswith("_")] == ["take"]
    limits, store, _, _ = _limits()
    for _ in range(2):
        assert await limits.take(request_of(), [CLIENT]) is None
        await store.batch([Put("session", b"signed in", 60)])
    assert await limits.take(request_of(), [CLIENT]) is not None


def test_a_check_never_looks_at_the_path() -> None:
    """GHSA-x732-6j76-qmhm, CVE-2025-47910: no spelling of a path is another quota."""
    check = RateLimit(flood="1/minute").steps(site_of()).check
    assert check is not None

    def ask(request: Request) -> bool:
        return check(request) is None

    assert [ask(request_of(path=path, method=method)) for path, method in (("/a", "GET"), ("//a", "GET"), ("/a/", "POST"))] == [
        True,
        False,
        False,
    ]
