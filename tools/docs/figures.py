"""Measured figures, read from the raw results of the benchmarks. Nothing here is typed by hand; without results there is no figure."""

from __future__ import annotations


def cost_of(name: str) -> list[str]:  # noqa: ARG001  # filled when results are there
    """The section on what a protection costs."""
    return []


def overview() -> str:
    """The figures of the README."""
    return "No results have been recorded yet: `make bench` measures, `make docs` writes them here."


def steps() -> str:
    """The figures beside the way of one request."""
    return ""
