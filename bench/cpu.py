"""The processor time of a server: what its requests cost even where a neighbour takes the core away for a while. Linux only."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")
# Fields of /proc/PID/stat after the program's name, counted from 0 (man proc_pid_stat): process group, user time, system time.
_GROUP, _USER, _SYSTEM = 2, 11, 12


def spent_s(group: int) -> float | None:
    """Return the seconds that all processes of a process group have run; None where the system does not tell."""
    if not (_PROC / "self" / "stat").exists():
        return None
    ticks = sum(int(fields[_USER]) + int(fields[_SYSTEM]) for _, fields in _members(group))
    return ticks / os.sysconf("SC_CLK_TCK")


def members(group: int) -> list[Path]:
    """Return the folders in /proc of all processes of a process group; none where there is no /proc."""
    return [folder for folder, _ in _members(group)]


def _members(group: int) -> list[tuple[Path, list[str]]]:
    found = []
    for entry in _PROC.glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(") ")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[_GROUP]) == group:
            found.append((entry.parent, fields))
    return found
