"""The resident memory of a server: all its processes together, now and at its highest. Linux only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.cpu import members

if TYPE_CHECKING:
    from pathlib import Path

_RESET_PEAK = "5"  # man proc_pid_clear_refs


def now_mib(session: int) -> float | None:
    """Return the MiB that all processes of a session hold now; None where the system does not tell."""
    return _sum(session, "VmRSS")


def peak_mib(session: int) -> float | None:
    """Return the sum of the highest that each of them held since `forget_peak`."""
    return _sum(session, "VmHWM")


def forget_peak(session: int) -> None:
    """Let the peaks begin anew."""
    for process in members(session):
        (process / "clear_refs").write_text(_RESET_PEAK)


def _sum(session: int, field: str) -> float | None:
    found = [line for process in members(session) for line in _lines(process) if line.startswith(f"{field}:")]
    return sum(int(line.split()[1]) for line in found) / 1024 if found else None


def _lines(process: Path) -> list[str]:
    try:
        return (process / "status").read_text().splitlines()
    except OSError:  # it has ended meanwhile
        return []
