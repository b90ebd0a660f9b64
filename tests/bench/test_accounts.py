"""The accounts' part of the benchmark: what its statistics see, what its clients send, and what its targets make of it."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING

import pytest

from bench import cli
from bench.accounts import cast, differ, report, rows, targets
from bench.accounts.wire import Wire

if TYPE_CHECKING:
    from bench.targets import Results


def _tries(middle: float, seed: int) -> list[float]:
    chance = random.Random(seed)
    return [chance.gauss(middle, 2.0) for _ in range(200)]


def test_no_difference_is_within_the_noise() -> None:
    found = differ.difference(_tries(60.0, 1), _tries(60.0, 2))
    assert found.within_noise
    assert found.low <= found.middle <= found.high
    assert found.p > 0.01
    assert found.told < 0.6


def test_a_difference_is_seen() -> None:
    found = differ.difference(_tries(60.0, 1), _tries(62.0, 2))
    assert not found.within_noise
    assert found.low > 0
    assert found.p < 0.001
    assert found.told > 0.7


def test_ranks_by_hand() -> None:
    """Of nine pairs, the other one took longer in all but one: U is 8 of 9."""
    found = differ.difference([1.0, 2.0, 4.0], [3.0, 5.0, 6.0])
    assert found.told == pytest.approx(8 / 9)
    assert found.p == pytest.approx(0.1904, abs=1e-3)


def test_equal_times_are_a_coin() -> None:
    found = differ.difference([1.0] * 4, [1.0] * 4)
    assert (found.middle, found.p, found.told) == (0.0, 1.0, 0.5)
    assert found.within_noise


def test_nobody_is_known_by_the_length_of_an_address_or_a_password() -> None:
    kinds = (*cast.SEEDED, *cast.STRANGERS)
    addresses = {cast.email(kind, number) for kind in kinds for number in (0, 601)}
    assert len(addresses) == 2 * len(kinds)
    assert len({len(address) for address in addresses}) == 1
    assert len(cast.PASSWORD) == len(cast.WRONG)


@pytest.mark.parametrize("peer", rows.PEERS, ids=lambda peer: peer.key)
@pytest.mark.parametrize("what", ["sign_in", "sign_up", "reset"])
def test_what_a_peer_is_asked(peer: rows.Peer, what: str) -> None:
    ask = peer.ask(what, "person@mail.example")
    head, _, body = ask.head().partition(b"\r\n\r\n")
    assert head.startswith(f"POST {peer.paths[what]} HTTP/1.1".encode())
    assert f"content-length: {len(body)}".encode() in head
    assert (b"mail.example" in body, b"password" in body) == (True, what != "reset")


def test_the_wire_reads_both_kinds_of_bodies_and_replaces_a_closed_connection() -> None:
    answers = [
        b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno",
        b"HTTP/1.1 503 Service Unavailable\r\ntransfer-encoding: chunked\r\n\r\n3\r\nyes\r\n0\r\n\r\n",
    ]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Two answers a connection; then it is closed without a word, as a server does that is tired of waiting."""
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        await writer.drain()
        writer.close()

    async def main() -> list[int]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            with Wire(server.sockets[0].getsockname()[1], "127.0.0.1") as wire:
                return [await wire.ask(b"GET / HTTP/1.1\r\n\r\n") for _ in range(4)]

    assert asyncio.run(main()) == [401, 503, 401, 503]


def _results(*, flood_us: float, peak_mib: float, within: bool, tries: int = 200, rounds: int = 2) -> Results:
    pair = {
        "peer": "buckler", "pair": "signing in", "tries": tries, "known_us": 60e3, "other_us": 60e3, "middle_us": 100.0, "low_us": 0.0,
        "high_us": 200.0, "noise_us": 500.0, "p": 0.5, "told": 0.51, "within_noise": within, "answers": [[401], [401]],
    }  # fmt: skip
    pages = [{page: {"p50": took, "p99": took} for page in targets.PAGES} for took in (1000.0, flood_us)]
    one = {
        "calm_us": pages[0], "flood_us": pages[1], "answers": {"401": 10, "503": 30}, "sign_in_us": 3e6, "before_mib": 100.0,
        "peak_mib": peak_mib, "stopped": False,
    }  # fmt: skip
    settings = {
        "tries": tries, "clients": 200, "per_second": 100, "rounds": rounds, "calm_s": 3, "ramp_s": 3, "flood_s": 8, "once_s": 8,
    }  # fmt: skip
    machine = {"cpu": "a processor", "cores": 2, "system": "Linux", "architecture": "x86_64", "python": "CPython 3.11", "pinned": True}
    once = {"worst_us": 6e6, "answers": {}, "stopped": False}
    return {
        "date": "2026-11-21", "settings": settings, "machine": machine, "versions": {"a site": {"a package": "1.0"}}, "failed": {"x": "y"},
        "tries": [pair], "floods": [{"key": "buckler_off", "rounds": [one] * rounds, "once": once}],
        "signed_in": [{"title": "session", "extra_us": [20.0, 19.0, 21.0], "trips": [0, 1], "plain_trips": [0, 1]}],
    }  # fmt: skip


def test_targets_met_missed_and_not_measured() -> None:
    assert [item.met for item in targets.verdicts(_results(flood_us=2900.0, peak_mib=247.0, within=True))] == [True] * 4
    assert [item.met for item in targets.verdicts(_results(flood_us=3100.0, peak_mib=249.0, within=False))] == [False] * 4
    few = _results(flood_us=1.0, peak_mib=1.0, within=True, tries=3, rounds=1)
    assert [item.met for item in targets.verdicts(few)] == [None] * 4


def test_the_page_says_what_was_found() -> None:
    page = report.section(json.loads(json.dumps(_results(flood_us=2900.0, peak_mib=228.0, within=False))), "a/file.json")
    assert "401: 25%, 503: 75%" in page
    assert "| 128 | 2.0 | > 5000 |" in page
    assert "Not measured: x: y" in page
    assert "**no**" in page


def test_a_part_that_is_none_is_named() -> None:
    with pytest.raises(SystemExit, match="no such part: acounts"):
        cli._run(cli._parser().parse_args(["--parts", "acounts"]))
