"""The one door of granian."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING, Any

from buckler.errors import BackendError, MissingExtraError

try:
    from granian import Granian
    from granian.constants import Interfaces, SSLProtocols
    from granian.http import HTTP1Settings, HTTP2Settings
    from granian.log import LogLevels

    from buckler.serve.signals import deaf_children, stop_if_told
except ModuleNotFoundError as failure:
    raise MissingExtraError("the server granian", "serve") from failure

if TYPE_CHECKING:
    import socket

    from buckler.serve.ca import Files
    from buckler.serve.options import Serving

_TLS = {"1.2": SSLProtocols.tls12, "1.3": SSLProtocols.tls13}
_MAX_STREAMS = 100  # at once on one HTTP/2 connection (RFC 9113, section 5.1.2 advises no fewer); bounds rapid reset, CVE-2023-44487


class Supervisor(Granian):  # type: ignore[misc,valid-type]  # granian chooses this class when it is imported
    """Starts the workers so that the terminal's Ctrl-C is the parent's alone from their first moment."""

    def _spawn_workers(self, *given: Any) -> None:
        with deaf_children():
            super()._spawn_workers(*given)


def run(serving: Serving, files: Files, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM. Raises `BackendError` when the workers end by themselves.

    Granian binds for itself; `listening` only proved that it can, and is closed first.
    """
    listening.close()
    multiprocessing.set_start_method("spawn", force=True)  # a forked worker would share what the parent has opened
    server = Supervisor(
        "buckler.serve.worker:make_app",
        factory=True,
        address=serving.host,
        port=serving.port,
        interface=Interfaces.ASGI,
        workers=serving.workers,
        backlog=serving.backlog,
        backpressure=serving.max_connections,
        http1_settings=HTTP1Settings(
            header_read_timeout=int(serving.head_s * 1000), max_buffer_size=serving.max_head_bytes, pipeline_flush=False
        ),
        http2_settings=HTTP2Settings(
            max_concurrent_streams=_MAX_STREAMS,
            max_headers_size=serving.max_head_bytes,
            keep_alive_interval=serving.keep_alive_s * 1000,
            keep_alive_timeout=serving.keep_alive_s,
        ),
        log_level=LogLevels.error,
        log_access=False,
        ssl_cert=files.certificate,
        ssl_key=files.key,
        ssl_protocol_min=_TLS[serving.tls],
        respawn_failed_workers=True,
        workers_kill_timeout=serving.stop_s,
    )
    stop_if_told()
    try:
        server.serve()
    except SystemExit as ended:
        if ended.code:
            raise BackendError("the workers ended by themselves: what they printed above says why") from ended
