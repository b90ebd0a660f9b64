"""The book of leases: threads, bounded memory, and how large a lease may grow."""

from __future__ import annotations

from itertools import accumulate, pairwise
from threading import Thread

from buckler.core.clock import HandClock
from buckler.core.store import Taken
from buckler.protections.ratelimit.leases import Leases, Terms

LEASE_S = 2.0
TERMS = Terms(15, LEASE_S)


def test_threads_spend_a_lease_once() -> None:
    clock = HandClock()
    leases = Leases(clock.monotonic, 10)
    assert leases.ask("k", TERMS) == (0, 0)
    leases.answered("k", 1000, Taken(allowed=True, remaining=0, retry_s=0.0, reset_s=1.0))
    spent = []

    def spend() -> None:
        spent.append(sum(known is not None for _ in range(1000) for known in leases.spend([("k", 1)])))

    threads = [Thread(target=spend) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(spent) == 1000


def test_leases_need_bounded_memory() -> None:
    clock = HandClock()
    leases = Leases(clock.monotonic, 10)
    for number in range(1000):
        leases.ask(str(number), TERMS)
        leases.answered(str(number - 20), 0, None)  # forgotten meanwhile
        leases.told(str(number - 20), 1, Taken(allowed=True, remaining=1, retry_s=0, reset_s=0), TERMS)
    assert len(leases._kept) == 10


def test_what_a_run_grows_to() -> None:
    """A lease is never larger than what was spent before it, and never more than half of what was left."""
    clock = HandClock()
    leases = Leases(clock.monotonic, 10)
    asked = []
    for _ in range(6):
        found = leases.ask("k", Terms(1000, LEASE_S))
        assert found is not None
        asked.append(found[1])
        taken = Taken(allowed=True, remaining=100, retry_s=0.0, reset_s=1.0)
        leases.told("k", 1, taken, TERMS)
        leases.answered("k", found[1], taken)
        if found[1]:
            leases.spend([("k", found[1])])
    assert asked == [0, 1, 3, 7, 15, 31]
    assert all(later == 2 * before + 1 for before, later in pairwise(asked))
    assert all(one <= spent for one, spent in zip(asked[1:], accumulate(one + 1 for one in asked), strict=False))
