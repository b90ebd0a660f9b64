"""The server benchmark: every row checked once on every server, then measured in rounds, all rows interleaved."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bench import checks
from bench.cpu import spent_s
from bench.load import LoadFailedError, loaded, wrk
from bench.rows import BY_KEY, SERVERS
from bench.servers import serving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.progress import Progress
    from bench.rows import Row

_WARM_S = 1  # wrk's shortest run; a worker then has its caches and its adaptive bytecode
_TRIES = 2  # a load that fails once met the machine's weather; one that fails twice is the row's own

Cells = dict[str, dict[str, list[dict[str, float]]]]  # server → row → one entry a round


class Measured(NamedTuple):
    """`failed` says why a row has no numbers: "server · row" → what happened."""

    cells: Cells
    failed: dict[str, str]


def run(rows: Sequence[Row], rounds: int, seconds: float, progress: Progress) -> Measured:
    """Return what was measured. The order of rows turns round from round to round, so that neighbours, which are compared with each
    other, follow each other both ways. A row whose load fails twice has no numbers at all: half of them would compare with nothing."""
    cells: Cells = {server: {row.key: [] for row in rows} for server in SERVERS}
    failed: dict[str, str] = {}
    for count in range(rounds):
        for server in SERVERS if count % 2 == 0 else SERVERS[::-1]:
            for row in rows if count % 2 == 0 else rows[::-1]:
                progress.say(f"round {count + 1}/{rounds} · {server} · {row.title}")
                if row.key in cells[server]:
                    _measure_into(cells[server], server, row, seconds, failed)
                progress.step()
    return Measured(cells, failed)


def _measure_into(
    cells: dict[str, list[dict[str, float]]], server: str, row: Row, seconds: float, failed: dict[str, str]
) -> None:  # one cell
    for tried in range(1, _TRIES + 1):
        try:
            cells[row.key].append(measure(server, row, seconds))
        except LoadFailedError as problem:
            if tried == _TRIES:
                failed[f"{server} · {row.title}"] = str(problem)
                cells.pop(row.key)
        else:
            return


def measure(server: str, row: Row, seconds: float) -> dict[str, float]:
    """Start the row's server, warm it, load it, stop it. A fresh process a round: one process's luck with memory is not the row's."""
    with serving(server, row) as running:
        request = [*row.request, *_cookie(row, running.port)]
        checks.answers(running.port, request, row.status)
        loaded(running.port, _WARM_S, request)
        checks.answers(running.port, request, row.status)  # and so has served all that the warm-up left behind
        before_s = spent_s(running.group)
        found = wrk(running.port, seconds, request, row.status)
        after_s = spent_s(running.group)
    if before_s is None or after_s is None:
        return found
    return {**found, "cpu_us": (after_s - before_s) / found["requests"] * 1e6}


def verify(rows: Sequence[Row], progress: Progress) -> dict[str, int]:
    """Check every row on every server; return how many bytes of response head are the same in the limit and in the guard."""
    heads: dict[str, int] = {}
    for server in SERVERS:
        for row in rows:
            progress.say(f"checking · {server} · {row.title}")
            _verify(server, row)
            progress.step()
        heads[server] = same_heads(server, "limit", "bare_buckler")
    return heads


def _verify(server: str, row: Row) -> None:
    try:
        with serving(server, row) as running:
            checks.answers(running.port, [*row.request, *_cookie(row, running.port)], row.status)
            for check in row.checks:
                check(running.port)
        if row.limited:
            with serving(server, row, BENCH_RATE_LIMIT=str(checks.CHECKED_LIMIT)) as running:
                checks.counts(running.port)
    except checks.CheckFailedError as failed:
        raise checks.CheckFailedError(f"{row.title} on {server} {failed}") from failed


def same_heads(server: str, one: str, other: str) -> int:
    """Compare the heads of two rows on the wire, byte for byte; return their length."""
    lines: list[list[bytes]] = []
    for key in (one, other):
        with serving(server, BY_KEY[key]) as running:
            lines.append(checks.head(running.port, BY_KEY[key].request))
    checks.same_heads(*lines)
    return sum(len(line) + 2 for line in lines[0])


def _cookie(row: Row, port: int) -> list[tuple[str, str]]:
    if not row.takes_cookie:
        return []
    return [("Cookie", checks.cookie(port, row.takes_cookie))]
