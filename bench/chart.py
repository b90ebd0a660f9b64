"""The chart of one server: requests a second, row by row, as SVG that reads on light and dark pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pygal import Config, HorizontalBar
from pygal.style import Style

from bench.rows import ROWS
from bench.servers import ROOT
from bench.stats import span

if TYPE_CHECKING:
    from pathlib import Path

    from bench.targets import Results

_OURS, _LIMIT, _OTHERS, _TEXT = "#0d9488", "#94a3b8", "#64748b", "#64748b"  # each reads on white and on black
_ROW_PX = 32
_COMMENT = re.compile(rb"<!--.*?-->")  # pygal's own, with the day in it: the file would change without a cause
_STYLE = Style(
    background="transparent",
    plot_background="transparent",
    foreground=_TEXT,
    foreground_strong=_TEXT,
    foreground_subtle=_LIMIT,
    guide_stroke_color=_LIMIT,
    major_guide_stroke_color=_LIMIT,
    opacity="1",
    colors=(_OTHERS,),
    font_family="system-ui, sans-serif",
    label_font_size=13,
    major_label_font_size=13,
    title_font_size=17,
)


def write(results: Results) -> list[Path]:
    """Write one chart a server; return the files."""
    files = []
    for server, cells in results["server"].items():
        medians = {row.key: span([cell["rps"] for cell in cells[row.key]]).middle for row in ROWS if cells.get(row.key)}
        file = ROOT / "docs" / "img" / f"bench-{server}.svg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(draw(server, medians))
        files.append(file)
    return files


def draw(server: str, medians: dict[str, float]) -> bytes:
    """Return the SVG. The number stands beside the name: inside a short bar it would not fit."""
    config = Config(
        width=1000,
        height=_ROW_PX * len(medians) + 100,
        show_legend=False,
        js=(),
        explicit_size=False,
        title=f"Requests a second on {server}, one core",
        truncate_label=-1,
        spacing=6,
        max_scale=8,
        value_formatter=lambda value: f"{value:,.0f}",
    )
    rows = [row for row in reversed(ROWS) if row.key in medians]
    chart = HorizontalBar(config, style=_STYLE)
    chart.uuid = f"bench-{server}"  # else random, as above
    chart.x_labels = [f"{row.title} · {medians[row.key]:,.0f}" for row in rows]
    chart.add("", [{"value": medians[row.key], "color": _color(row.key)} for row in rows])
    return _COMMENT.sub(b"", chart.render()) + b"\n"


def _color(key: str) -> str:
    if "buckler" in key:
        return _OURS
    return _LIMIT if key == "limit" else _OTHERS
