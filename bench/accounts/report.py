"""The accounts' part of `docs/benchmarks.md`. Every figure comes from the JSON."""

from __future__ import annotations

import json
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.accounts.probe import TIMEOUT_S
from bench.accounts.rows import FLOODS, PEER
from bench.accounts.targets import HASH_MIB, PAGES, growth, ms, slowing, verdicts
from bench.servers import ROOT
from bench.stats import span
from bench.targets import MET, TO, X

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.targets import Results

FOLDER = ROOT / "bench" / "results" / "accounts"
_TITLES = {row.key: row.title for row in FLOODS}
_HEAD = """## Accounts

Generated from `{file}`: a run of its own, in which all rows took turns.
"""
_TIME = """### What time tells about who is registered

A wrong password, a forgotten password and a sign-up, for addresses that have an account and for others. *One try tells*: of one try of
each kind, how often the slower (or the quicker) one is the same kind; 50 % is a coin. p: Mann{to}Whitney. An account is locked when
too many wrong passwords came: Buckler then refuses before anything is looked up or hashed, quickly and for unknown addresses alike, so
locked ones are compared with locked ones; that an address is being guessed at can be seen, whether it exists cannot.

| site | pair | answers | ms | ms | difference, ms | noise, ms | p | one try tells | within noise |
|---|---|---|---:|---:|---:|---:|---:|---:|---|"""
_FLOOD = """### Other pages, while {clients} sign in

{clients} clients, each with an address of its own, try wrong passwords on many accounts, and again about a second after each answer;
meanwhile somebody looks at a page that does nothing and at one that reads a row of the database, {per_second} times a second in all.
Latencies are p99 in ms; `>` where the longest wait that is measured, {timeout:g} s, was reached. Memory: all processes of the server, its
highest in the flood less what it held before; in hashes of {hash_mib:g} MiB. *All at once*: the longest wait for a page when all of
them sign in at the same moment, once.

| site | nothing: calm | flood | {x} calm | row: calm | flood | {x} calm | sign-ins/s | answered | memory, MiB | hashes | all at once, ms |
|---|---:|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|"""
_PRICE = """### What it costs to know who calls

In process, a route that asks beside one that does not, with the same request, SQLite and the store in memory. Round trips: statements of
the database, and questions to the store, without and with.

| FastAPI + Buckler | µs more | database | store |
|---|---:|---:|---:|"""
_NOTES = """### How accounts were measured

- Argon2id as RFC 9106 recommends where memory is short (64 MiB, 3 passes, 4 lanes) for all; SQLite in a file; a mailer that does
  nothing, so letters cost what it takes to write them. Peers as their own documentation shows them: fastapi-users' full example with JWT,
  django-allauth's JSON API with e-mail addresses that must be confirmed. fastapi-users runs on the SQLAlchemy that its adapter pins.
- Time: {tries} rounds; in each, every kind is tried once by every peer, in an order that is shuffled anew, each try on an account and from
  an address that was not used before; locked accounts aside. In the process (the ASGI call, until the last byte of the answer): quieter
  than over a socket. On all cores. Difference of the medians with its 95 % interval (bootstrap). Noise: 95 % of the differences between
  two random halves of the same kind are smaller. Limits: five failures lock an account for the run; others are not in the way.
- Flood: {rounds} rounds, a fresh server process with one worker on one core, the clients on the other. Calm for {calm_s:g} s, then the
  flood begins within {ramp_s:g} s, then {flood_s:g} s are measured. The pages are asked for at an even pace, answered or not, and
  latencies count from when they were due. "Limits off": Buckler counts and refuses nobody (report only), allauth's limits are
  disabled. Medians of the rounds; ratios are made within a round.
"""


def newest() -> Path | None:
    """Return the newest committed results."""
    return max(FOLDER.glob("*.json"), default=None)


def section(results: Results, file: str) -> str:
    """Return the part of the page as Markdown."""
    settings = {**results["settings"], "x": X, "to": TO, "timeout": TIMEOUT_S, "hash_mib": HASH_MIB}
    lines = [_HEAD.format(file=file), "| target | found | |", "|---|---|---|"]
    lines += [f"| {verdict.target} | {verdict.found} | {MET[verdict.met]} |" for verdict in verdicts(results)]
    lines += ["", _TIME.format(**settings), *_pairs(results), "", _FLOOD.format(**settings), *_floods(results)]
    lines += [f"\nNot measured: {row}: {problem.splitlines()[0]}" for row, problem in results["failed"].items()]
    lines += ["", _PRICE, *_price(results), "", _NOTES.format(**settings), _facts(results)]
    return "\n".join(lines)


def newest_section() -> str:
    """Return the part of the page from the newest results; "" when there are none."""
    file = newest()
    return "" if file is None else "\n" + section(json.loads(file.read_text()), file.relative_to(ROOT).as_posix())


def _pairs(results: Results) -> Iterator[str]:
    for pair in results["tries"]:
        answers = " / ".join(",".join(map(str, statuses)) for statuses in pair["answers"])
        times = f"{ms(pair['known_us'])} | {ms(pair['other_us'])}"
        differs = f"{ms(pair['middle_us'])} ({ms(pair['low_us'])} to {ms(pair['high_us'])})"
        met = "yes" if pair["within_noise"] else "**no**"
        chance = "< 0.001" if pair["p"] < 0.001 else f"{pair['p']:.3f}"
        yield (
            f"| {PEER[pair['peer']].title} | {pair['pair']} | {answers} | {times} | {differs} | {ms(pair['noise_us'])} | {chance} "
            f"| {pair['told']:.0%} | {met} |"
        )


def _floods(results: Results) -> Iterator[str]:
    seconds = results["settings"]["flood_s"]
    for row in results["floods"]:
        pages = " | ".join(_page(row, page) for page in PAGES)
        answered = sum(sum(one["answers"].values()) for one in row["rounds"]) / len(row["rounds"]) / seconds
        grown = median(growth(row))
        once = f"{_wait([row['once']['worst_us']])}{_stopped(row)}"
        yield (
            f"| {_TITLES[row['key']]} | {pages} | {answered:.0f} | {_shares(row['rounds'])} "
            f"| {grown:.0f} | {grown / HASH_MIB:.1f} | {once} |"
        )


def _page(row: dict[str, Any], page: str) -> str:
    slower = span(slowing(row, page))
    calm, flood = (_wait([one[when][page]["p99"] for one in row["rounds"]]) for when in ("calm_us", "flood_us"))
    return f"{calm} | {flood} | {slower.middle:.1f} ({slower.low:.1f}{TO}{slower.high:.1f})"


def _wait(found_us: list[float]) -> str:
    middle = median(found_us)
    return f"> {TIMEOUT_S * 1e3:.0f}" if middle >= TIMEOUT_S * 1e6 else ms(middle)


def _shares(rounds: list[dict[str, Any]]) -> str:
    """Return what share of the answers had which status; `none` is a connection that broke."""
    sums: dict[str, int] = {}
    for one in rounds:
        for status, count in one["answers"].items():
            sums[status] = sums.get(status, 0) + count
    total = sum(sums.values())
    return ", ".join(f"{status}: {count / total:.0%}" for status, count in sorted(sums.items())) if total else "nobody"


def _stopped(row: dict[str, Any]) -> str:
    stopped = row["once"]["stopped"] or any(one["stopped"] for one in row["rounds"])
    return "; stopped: it took most of the machine's memory" if stopped else ""


def _price(results: Results) -> Iterator[str]:
    for item in results["signed_in"]:
        middle, low, high = item["extra_us"]
        (database, store), (plain_database, plain_store) = item["trips"], item["plain_trips"]
        yield (f"| {item['title']} | {middle:.0f} ({low:.0f} to {high:.0f}) | {plain_database} → {database} | {plain_store} → {store} |")


def _facts(results: Results) -> str:
    machine = results["machine"]
    where = f"{machine['cpu']}, {machine['cores']} cores, {machine['system']} {machine['architecture']}, {machine['python']}"
    pinned = "" if machine["pinned"] else " Server and clients were **not** pinned to cores."
    listed = "; ".join(
        f"{title}: " + ", ".join(f"{name} {version}" for name, version in found.items()) for title, found in results["versions"].items()
    )
    again = f" The floods were measured again on {results['floods_again']}, alone." if "floods_again" in results else ""
    return f"{results['date']}.{again} {where}.{pinned} {listed}.\n"
