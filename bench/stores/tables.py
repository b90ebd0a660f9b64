"""The measurements of `bench.stores.shared` as tables, and their place in docs/why/stores.md."""

from __future__ import annotations

import json
import sqlite3
from importlib import metadata
from pathlib import Path
from typing import Any

import lmdb

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "why" / "stores.md"
RESULTS = ROOT / "bench" / "results" / "stores"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def versions() -> dict[str, str]:
    return {"SQLite": sqlite3.sqlite_version, "LMDB": ".".join(map(str, lmdb.version())), "py-lmdb": metadata.version("lmdb")}


def made(found: dict[str, Any]) -> str:
    machine = found["machine"]
    named = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    lines = [
        f"*{found['date']}, {machine['cores']} cores ({machine['cpu']}), {machine['python']}, {named}; other programs ran beside it.*",
        "",
        "| mechanism | read | write | take | read and take | four processes: calls a second | 99.9 % within |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for one in found["mechanisms"]:
        alone, together = one["alone_us"], one["together"]
        times = " | ".join(f"{alone[kind]:.1f} µs" for kind in ("get", "put", "take", "get+take"))
        lines.append(f"| {one['title']} | {times} | {together['calls_s']:,.0f} | {together['p999_ms']:.0f} ms |")
    pace = found["pace"]
    lines += [
        "",
        f"| mechanism | held up by a stopped writer | longest wait | lost after {pace['kills']} kills | 2,000 takes of 500 |",
        "|---|---:|---:|---:|---:|",
    ]
    for one in found["mechanisms"]:
        stopped, killed = one["stopped"], one["killed"]
        held = f"{stopped['stalls']} of {pace['stops']} | {stopped['longest_ms']:.0f} ms"
        lines.append(f"| {one['title']} | {held} | {killed['lost']} | {one['exact']} |")
    return "\n".join(lines) + "\n"


def keep(found: dict[str, Any]) -> None:
    """Write the results' file, and the tables into the page."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"shared-{found['date']}.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    PAGE.write_text(inserted(PAGE.read_text(encoding="utf-8"), made(found)), encoding="utf-8")


def newest() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(max(RESULTS.glob("shared-*.json")).read_text(encoding="utf-8"))
    return found


def inserted(page: str, tables: str) -> str:
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return head + BEGIN + tables + END + tail
