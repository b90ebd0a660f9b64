"""Binds a port, and says in one line why it cannot be had."""

from __future__ import annotations

import errno
import socket
import sys
from pathlib import Path

from buckler.errors import ConfigError


def bind(host: str, port: int, backlog: int, *, option: str = "--port") -> socket.socket:
    """Return a socket that is bound and listens on nothing yet. Raises `ConfigError` with the fix."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(backlog)
    except OSError as failure:
        made.close()
        raise ConfigError(option, port, _why(failure, host, port, option)) from failure
    made.set_inheritable(True)
    return made


def _why(failure: OSError, host: str, port: int, option: str) -> str:
    if failure.errno == errno.EADDRINUSE:
        holder = holder_of(port)
        who = f"by {holder}" if holder else f"(`{_who_to_ask(port)}` says by whom)"
        return f"the port is taken {who}; stop that, or give another with {option}"
    if failure.errno == errno.EACCES:
        return f"this account may not take a port under 1024; give a higher one with {option}"
    return f"cannot listen on {host} ({failure.strerror}); give an address of this machine with --host"


def _who_to_ask(port: int) -> str:
    return f"ss -ltnp 'sport = :{port}'" if sys.platform == "linux" else f"lsof -nP -iTCP:{port} -sTCP:LISTEN"


def holder_of(port: int, proc: Path = Path("/proc")) -> str:
    """Return `process 1234 (name)` for who listens on `port`; "" where the system does not tell (not Linux, or not our process)."""
    sockets = {f"socket:[{inode}]" for table in ("net/tcp", "net/tcp6") for inode in _inodes(proc / table, port)}
    if not sockets:
        return ""
    for process in proc.glob("[0-9]*"):
        try:
            if any(handle.is_symlink() and str(handle.readlink()) in sockets for handle in (process / "fd").iterdir()):
                return f"process {process.name} ({(process / 'comm').read_text().strip()})"
        except OSError:
            continue  # another account's process, or one that has just ended
    return ""


def _inodes(table: Path, port: int) -> list[str]:
    """The inodes of listening sockets (state 0A) on `port` in a table of `/proc/net`."""
    try:
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:
        return []
    return [row[9] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")]
