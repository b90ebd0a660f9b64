"""The server benchmark: every row checked once on every server, then measured in rounds, all rows interleaved."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bench import checks
from bench.load import wrk
from bench.rows import BY_KEY, SERVERS
from bench.servers import serving

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.progress import Progress
    from bench.rows import Row

_WARM_S = 1  # wrk's shortest run; a worker then has its caches and its adaptive bytecode
_SETTLE_S = 0.1

Cells = dict[str, dict[str, list[dict[str, float]]]]  # server → row → one entry a round


def run(rows: Sequence[Row], rounds: int, seconds: float, progress: Progress) -> Cells:
    """Return what was measured. The order of rows turns round from round to round, so that neighbours, which are compared with each
    other, follow each other both ways. Raises `CheckFailedError` or `LoadFailedError`: there are no numbers from a wrong row."""
    cells: Cells = {server: {row.key: [] for row in rows} for server in SERVERS}
    for count in range(rounds):
        for server in SERVERS if count % 2 == 0 else SERVERS[::-1]:
            for row in rows if count % 2 == 0 else rows[::-1]:
                progress.say(f"round {count + 1}/{rounds} · {server} · {row.title}")
                cells[server][row.key].append(measure(server, row, seconds))
                progress.step()
    return cells


def measure(server: str, row: Row, seconds: float) -> dict[str, float]:
    """Start the row's server, warm it, load it, stop it. A fresh process every round: one process's luck with memory is not the row's."""
    with serving(server, row) as port:
        request = [*row.request, *_cookie(row, port)]
        checks.answers(port, request, row.status)
        wrk(port, _WARM_S, request, row.status)
        time.sleep(_SETTLE_S)
        return wrk(port, seconds, request, row.status)


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
        with serving(server, row) as port:
            checks.answers(port, [*row.request, *_cookie(row, port)], row.status)
            for check in row.checks:
                check(port)
        if row.limited:
            with serving(server, row, BENCH_RATE_LIMIT=str(checks.CHECKED_LIMIT)) as port:
                checks.counts(port)
    except checks.CheckFailedError as failed:
        raise checks.CheckFailedError(f"{row.title} on {server} {failed}") from failed


def same_heads(server: str, one: str, other: str) -> int:
    """Compare the heads of two rows on the wire, byte for byte; return their length."""
    lines: list[list[bytes]] = []
    for key in (one, other):
        with serving(server, BY_KEY[key]) as port:
            lines.append(checks.head(port, BY_KEY[key].request))
    checks.same_heads(*lines)
    return sum(len(line) + 2 for line in lines[0])


def _cookie(row: Row, port: int) -> list[tuple[str, str]]:
    if not row.takes_cookie:
        return []
    return [("Cookie", checks.cookie(port, row.takes_cookie))]
