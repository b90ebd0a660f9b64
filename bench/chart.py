"""The chart of one server: requests a second, row by row, as SVG that reads on light and dark pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pygal import Config, HorizontalBar
from pygal.style import Style

from bench.rows import ROWS
from bench.servers import ROOT
from bench.stats import span

if TYPE_CHECKING:
    from pathlib import Path

    from bench.targets import Results

_OURS, _LIMIT, _OTHERS = "#0f766e", "#94a3b8", "#64748b"
_ROW_PX = 34


def write(results: Results) -> list[Path]:
    """Write one chart a server; return the files."""
    return [_write(results, server) for server in results["server"]]


def _write(results: Results, server: str) -> Path:
    cells = results["server"][server]
    rows = [row for row in ROWS if cells.get(row.key)]
    config = Config(
        width=960,
        height=_ROW_PX * len(rows) + 110,
        show_legend=False,
        print_values=True,
        print_values_position="bottom",
        js=(),
        explicit_size=False,
        value_formatter=lambda value: f"{value:,.0f}",
        title=f"Requests a second on {server}, one core",
        truncate_label=-1,
        spacing=6,
        margin_right=60,
    )
    style = Style(
        background="transparent",
        plot_background="transparent",
        foreground="#64748b",
        foreground_strong="#64748b",
        foreground_subtle="#94a3b8",
        opacity="1",
        colors=(_OTHERS,),
        font_family="system-ui, sans-serif",
        label_font_size=13,
        major_label_font_size=13,
        value_font_size=12,
        title_font_size=17,
        value_colors=("#ffffff",),
    )
    chart = HorizontalBar(config, style=style)
    chart.uuid = f"bench-{server}"  # else random: the file would change without a cause
    chart.x_labels = [row.title for row in reversed(rows)]
    chart.add("", [{"value": span([cell["rps"] for cell in cells[row.key]]).middle, "color": _color(row.key)} for row in reversed(rows)])
    file = ROOT / "docs" / "img" / f"bench-{server}.svg"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(chart.render())
    return file


def _color(key: str) -> str:
    if "buckler" in key:
        return _OURS
    return _LIMIT if key == "limit" else _OTHERS
