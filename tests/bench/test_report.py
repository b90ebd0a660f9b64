"""What wrk says is read rightly, ratios stay within a round, and the page is what the committed results say."""

from __future__ import annotations

import json

import pytest

from bench import load, report, stats, targets
from bench.servers import ROOT

WRK = """Running 3s test @ http://127.0.0.1:36093/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   700.50us   74.43us 930.90us   82.81%
    Req/Sec    40.27k    59.69   161.00     54.55%
  Latency Distribution
     50%  663.77us
     75%  722.74us
     90%    1.10ms
     99%    2.50ms
  120000 requests in 3.00s, 74.12KB read
"""


def test_reads_wrk() -> None:
    found = load.read(WRK, refused=False)
    assert found["rps"] == pytest.approx(40_000)
    assert (found["p50_us"], found["p99_us"]) == (663.77, 2500.0)


def test_reads_what_wrk_says_in_seconds() -> None:
    """It fills a unit of one letter up with a space."""
    slow = WRK.replace("50%  663.77us", "50%    1.05s ").replace("99%    2.50ms", "99%    1.50m ")
    found = load.read(slow, refused=False)
    assert (found["p50_us"], found["p75_us"], found["p99_us"]) == (1.05e6, 722.74, 90e6)


def test_a_latency_that_was_not_told_is_none() -> None:
    assert report.told_ms([{"p99_us": 1000.0}, {"p99_us": 3000.0}], "p99_us") == "2.00"
    assert report.told_ms([{"p99_us": 1000.0}, {}], "p99_us") == "-"


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("", False),
        (WRK + "  Socket errors: connect 0, read 3, write 0, timeout 0\n", False),
        (WRK + "  Non-2xx or 3xx responses: 1\n", False),
        (WRK, True),
        (WRK + "  Non-2xx or 3xx responses: 119999\n", True),
    ],
)
def test_does_not_believe_a_load_with_errors(text: str, refused: bool) -> None:
    with pytest.raises(load.LoadFailedError):
        load.read(text, refused=refused)


def test_a_load_of_refusals() -> None:
    assert load.read(WRK + "  Non-2xx or 3xx responses: 120000\n", refused=True)["requests"] == 120_000


def test_ratios_are_made_within_a_round() -> None:
    assert stats.ratios([90, 45], [100, 50]) == (0.9, 0.9, 0.9)  # the second round was half as fast for both


def test_the_interval_holds_the_median() -> None:
    found = stats.interval([1.0, 2.0, 3.0, 4.0, 100.0])
    assert found.low <= found.middle == 3.0 <= found.high
    assert found == stats.interval([1.0, 2.0, 3.0, 4.0, 100.0])


def _results(buckler: float, p99_us: float) -> targets.Results:
    cells = {
        "bare": 110,
        "limit": 100,
        "bare_buckler": buckler,
        "fastapi": 100,
        "fastapi_buckler": buckler,
        "fastapi_buckler_refused": 150,
        "fastapi_glue": 10,
        "fastapi_glue_asgi": 40,
    }
    rounds = {key: [{"rps": rps, "p50_us": 1000.0, "p99_us": p99_us if "buckler" in key else 1000.0}] * 3 for key, rps in cells.items()}
    return {"server": {"uvicorn": rounds}, "memory": {"growth_mib": 63.0, "addresses": 10_000_000}, "in_process": {}}


def test_targets_met_and_missed() -> None:
    assert [verdict.met for verdict in targets.verdicts(_results(91, 1400.0))] == [True, True, True, False, True, False, True]
    assert [verdict.met for verdict in targets.verdicts(_results(89, 1600.0))] == [False, False, True, False, False, False, True]


def test_what_was_not_measured_is_not_met() -> None:
    results = _results(91, 1400.0)
    results["server"]["uvicorn"].pop("limit")
    results["memory"]["addresses"] = 1000
    found = targets.verdicts(results)
    assert (found[0].met, found[-1].met) == (None, None)


def test_the_page_is_what_the_results_say() -> None:
    newest = report.newest()
    if newest is None:
        assert not report.PAGE.exists(), "a page without results: somebody wrote it by hand"
        return
    name = newest.relative_to(ROOT).as_posix()
    assert report.PAGE.read_text() == report.whole(json.loads(newest.read_text()), name), "run `python -m bench report`"
