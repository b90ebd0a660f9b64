"""The processor time of a server: what its requests cost even where a neighbour takes the core away for a while. Linux only."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")
# Fields of /proc/PID/stat after the program's name, counted from 0 (man proc_pid_stat): session, user time, system time.
_SESSION, _USER, _SYSTEM = 3, 11, 12


def spent_s(session: int) -> float | None:
    """Return the seconds that all processes of a session have run; None where the system does not tell."""
    if not (_PROC / "self" / "stat").exists():
        return None
    ticks = sum(int(fields[_USER]) + int(fields[_SYSTEM]) for _, fields in _members(session))
    return ticks / os.sysconf("SC_CLK_TCK")


def members(session: int) -> list[Path]:
    """Return the folders in /proc of all processes of a session; none where there is no /proc."""
    return [folder for folder, _ in _members(session)]


def _members(session: int) -> list[tuple[Path, list[str]]]:
    found = []
    for entry in _PROC.glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(") ")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        if int(fields[_SESSION]) == session:
            found.append((entry.parent, fields))
    return found
