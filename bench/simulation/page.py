"""docs/scale.md. Every figure of it comes from the results; nothing is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.servers import ROOT
from bench.simulation.inputs import FOLDER
from bench.simulation.leases import LEASE_S, SHARE
from bench.simulation.losses import AWAY_S, BACK_AT_S, CHECK_S, CHECKS, LOAD, LOST, LOST_AT_S
from bench.simulation.shedding import AGAIN_S, CONNECTIONS, PAGE_US, PATIENCE_S, TRIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PAGE = ROOT / "docs" / "scale.md"

_PAGE = Path(__file__).with_name("scale.template.md")


def newest() -> Path:
    """The newest results."""
    return max(FOLDER.glob("2*.json"))


def write(file: Path) -> None:
    PAGE.write_text(text(file), encoding="utf-8")


def text(file: Path) -> str:
    """The page, from `file`."""
    results = json.loads(file.read_text())
    us = results["inputs"]
    return _PAGE.read_text(encoding="utf-8").format(
        source=file.relative_to(ROOT),
        server=results["from"]["server"],
        store=results["from"]["store"],
        inputs=_inputs(us),
        one_way=us["one_way_us"],
        share=SHARE,
        share_percent=f"{SHARE:.0%}",
        lease_s=LEASE_S,
        leases=_leases(results["leases"]),
        bounds=" and ".join(sorted({f"{row['bound']:.1%}" for row in results["leases"] if row["leased"]})) + " here",
        stores=_stores(us, results["leases"]),
        per_node=1e6 / (us["page_us"] + us["take_node_us"]),
        answers=1e6 / us["take_store_us"],
        push=us["push_store_us"],
        pushes=_pushes(results["pushes"]),
        told=", ".join(f"{row['nodes']:,} nodes that write {row['writes_per_s']:g} times a second each" for row in results["told"]),
        connections=CONNECTIONS,
        page_us=PAGE_US,
        refused=us["refused_us"],
        patience=PATIENCE_S,
        again_low=AGAIN_S[0],
        again_high=AGAIN_S[1],
        tries=TRIES,
        shedding=_shedding(results["shedding"]),
        full=PAGE_US / us["refused_us"],
        lost=f"{LOST:.0%}",
        lost_at=LOST_AT_S,
        back_at=BACK_AT_S,
        load=f"{LOAD:.0%}",
        checks=CHECKS * CHECK_S,
        away=AWAY_S,
        losses=_losses(results["losses"]),
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(heads) + " |", "|---" + "|---:" * (len(heads) - 1) + "|", *lines])


def _inputs(us: dict[str, float]) -> str:
    names = {
        "page_us": "a FastAPI page behind Buckler, on uvicorn",
        "refused_us": "a request that is refused, on uvicorn",
        "take_node_us": "a limit that asks Redis, in the node",
        "take_store_us": "the same, in Redis",
        "leased_node_us": "a limit that a lease answers, in the node",
        "write_store_us": "a write, in Redis",
        "push_store_us": "telling one node of a write, in Redis",
        "push_node_us": "hearing of it, in the node",
    }
    return _table(("what", "µs"), [(said, f"{us[name]:.1f}") for name, said in names.items()])


def _leases(rows: Sequence[dict[str, Any]]) -> str:
    return _table(
        ("who", "nodes", "asks", "admitted", "too much", "admitted without leases"),
        [
            (
                row["story"],
                f"{row['nodes']:,}",
                f"{row['questions']:.2f}",
                f"{row['of_quota']:.1%}",
                f"{row['excess']:.2%}",
                f"{plain['of_quota']:.1%}",
            )
            for plain, row in zip(rows[::2], rows[1::2], strict=True)
        ],
    )


def _stores(us: dict[str, float], rows: Sequence[dict[str, Any]]) -> str:
    asks = {"every request asks": 1.0} | {
        f"leases; {row['story']}, {row['nodes']:,} nodes": row["questions"] for row in rows if row["leased"] and row["nodes"] in {10, 1000}
    }
    found = []
    for said, share in asks.items():
        node_us = us["page_us"] + share * us["take_node_us"] + (1 - share) * us["leased_node_us"]
        busy = share * us["take_store_us"] / node_us  # of the store's core, by one node that is fully at work
        found.append((said, f"{share:.2f}", f"{1 / busy:,.0f}"))
    return _table(("who asks", "asks a request", "nodes that fill one core of Redis"), found)


def _pushes(rows: Sequence[dict[str, Any]]) -> str:
    def stale(row: dict[str, Any], name: str) -> str:
        return "over one core" if row[name] is None else f"{row[name]:.2f}"

    return _table(
        ("writes a second, each node", "nodes", "store busy", "node busy with hearing", "stale p50, ms", "p99, ms", "most, ms"),
        [
            (
                f"{row['writes_per_s']:g}",
                f"{row['nodes']:,}",
                f"{row['store_busy']:.1%}",
                f"{row['node_busy']:.2%}",
                *(stale(row, name) for name in ("stale_p50_ms", "stale_p99_ms", "stale_max_ms")),
            )
            for row in rows
        ],
    )


def _shedding(rows: Sequence[dict[str, Any]]) -> str:
    return _table(
        ("load, first tries", "sheds", "good", "p50, ms", "p99, ms", "turned away", "refusing"),
        [
            (
                f"{row['load']:g}",
                "yes" if row["sheds"] else "no",
                f"{row['goodput']:.0%}",
                f"{row['p50_ms']:,.0f}",
                f"{row['p99_ms']:,.0f}",
                f"{row['turned_away']:.0%}",
                f"{row['refusing']:.0%}",
            )
            for row in rows
        ],
    )


def _losses(rows: Sequence[dict[str, Any]]) -> str:
    return _table(
        ("nodes", "lost", "sheds", "while they are lost", "in the half minute after", "at the end"),
        [
            (
                f"{row['nodes']:,}",
                f"{row['lost']:,}",
                "yes" if row["sheds"] else "no",
                *(f"{row[name]:.0%}" for name in ("while_lost", "after", "at_the_end")),
            )
            for row in rows
        ],
    )
