"""What can be set for serving. The numbers are limits on what one client may hold of the server; each has its reason."""

from __future__ import annotations

from pathlib import Path

from buckler.core.options import need, need_one_of, need_positive, options

SERVERS = ("uvicorn", "granian")
# Uvicorn by default: it refuses ambiguous requests that granian takes. It is not the faster one (see docs/why/server.md).
DEFAULT_SERVER = "uvicorn"
_MAX_PORT = 65535
_MIN_HEAD_BYTES = 8192  # what RFC 9110, section 4.1 asks of a request line alone, and the least that granian accepts


@options
class Serving:
    """How `app` ("module:attribute") is served.

    - `folder`: where the local certificate authority lives when no `certificate` and `key` (PEM files) are given.
    - `http_port`: a second, plain port that only redirects here. None: there is none.
    - `tls`: the oldest version spoken, "1.3" or "1.2".
    - `max_head_bytes`: request line and header fields together.
    - `head_s`: time for a connection to say its first complete head, and for every later one to arrive. (Granian waits without limit for
      the first byte, and counts an idle connection from the last answer.)
    - `stall_s`: how long a client may take nothing of an answer that waits for it (uvicorn; granian has no such limit).
    - `keep_alive_s`: how long an idle connection is kept.
    - `max_connections`: open at a time, each worker.
    - `stop_s`: time for requests at work to end when the server stops.
    """

    app: str
    host: str = "127.0.0.1"
    port: int = 8443
    server: str = DEFAULT_SERVER
    workers: int = 2
    folder: Path = Path("var")
    certificate: Path | None = None
    key: Path | None = None
    http_port: int | None = None
    tls: str = "1.3"
    max_head_bytes: int = 32 * 1024  # four times the usual proxy's 8 KiB: room for cookies, none for a flood
    head_s: float = 10.0  # RFC 9110 names no number; a head that takes longer is Slowloris (CWE-400) or a dead line
    stall_s: float = 30.0  # for the 48 KiB between asyncio's two marks: 1.6 KiB a second, less than any line that a page can be read on
    keep_alive_s: int = 15
    max_connections: int = 2000
    backlog: int = 1024
    stop_s: int = 10

    def __post_init__(self) -> None:
        need_one_of(self, "server", self.server, SERVERS)
        need_one_of(self, "tls", self.tls, ("1.2", "1.3"))
        need_positive(
            self,
            workers=self.workers,
            head_s=self.head_s,
            stall_s=self.stall_s,
            keep_alive_s=self.keep_alive_s,
            stop_s=self.stop_s,
            max_connections=self.max_connections,
            backlog=self.backlog,
        )
        need(self.max_head_bytes >= _MIN_HEAD_BYTES, "Serving.max_head_bytes", self.max_head_bytes, f"give at least {_MIN_HEAD_BYTES}")
        for name, port in (("port", self.port), ("http_port", self.http_port)):
            need(port is None or 0 < port <= _MAX_PORT, f"Serving.{name}", port, f"give a port from 1 to {_MAX_PORT}")
        need(self.port != self.http_port, "Serving.http_port", self.http_port, "give another port than the one for HTTPS")
        together = (self.certificate is None) == (self.key is None)
        need(together, "Serving.certificate", self.certificate, "give both --certificate and --key, or neither")

    @property
    def url(self) -> str:
        """The address to type into a browser."""
        name = "localhost" if self.host in {"127.0.0.1", "::1", "0.0.0.0"} else self.host  # noqa: S104  # compared, not bound
        return f"https://{f'[{name}]' if ':' in name else name}{'' if self.port == 443 else f':{self.port}'}"
