"""Who is remembered, in bounded memory, whoever wants it filled."""

from __future__ import annotations

import tracemalloc

from buckler.protections.pathguard import DOT_SEGMENT
from buckler.protections.smuggling import LENGTH
from tests.protections.bans.worker import CLIENT, Worker


def test_a_flood_of_addresses_needs_bounded_memory_and_frees_nobody_who_is_banned() -> None:
    worker = Worker(max_clients=300)
    worker.refuse(LENGTH, 11)
    tracemalloc.start()
    try:
        peaks = []
        for tenth in range(4):
            for number in range(3000):
                worker.refuse(DOT_SEGMENT, client=f"2001:db8:{tenth:x}:{number:x}::/64")
            peaks.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert peaks[-1] < peaks[1] * 1.2
    assert len(worker.ledger.suspects) <= 300
    assert [ban.client for ban in worker.ledger.listed()] == [CLIENT]


def test_who_is_forgiven_makes_room_first_and_bans_last() -> None:
    worker = Worker(max_clients=4)
    worker.refuse(DOT_SEGMENT, client="198.51.100.1")
    worker.clock.move(31)
    for number in range(2, 6):
        worker.refuse(LENGTH, client=f"198.51.100.{number}")
    assert set(worker.ledger.suspects) == {f"198.51.100.{number}" for number in range(2, 6)}
    for number in range(10, 20):
        worker.refuse(LENGTH, 11, client=f"198.51.100.{number}")
    assert len(worker.ledger.suspects) <= 4
    assert "198.51.100.19" in worker.ledger.suspects


def test_many_bans_wait_for_the_store_in_bounded_memory() -> None:
    worker = Worker()
    for number in range(2000):
        worker.refuse(LENGTH, 11, client=f"198.51.{number // 250}.{number % 250}")
    assert len(worker.ledger.telling) == 1024
    assert len(worker.ledger.telling_ops(worker.clock.now())) == 65  # 64 bans in one batch, and the news of them


def test_a_ban_that_is_over_is_told_to_nobody() -> None:
    worker = Worker()
    worker.refuse(LENGTH, 11)
    assert len(worker.ledger.telling) == 1
    worker.clock.move(30 * 86_400)
    assert worker.ledger.telling_ops(worker.clock.now()) == []
    assert not worker.ledger.telling
