"""The one door of uvicorn: a parent that holds the socket, and workers that are started afresh."""

from __future__ import annotations

import logging
import ssl
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from buckler.errors import BackendError, MissingExtraError

try:
    import httptools  # noqa: F401  # the parser in C; without it uvicorn would fall back to a slow one in silence
    import uvloop  # noqa: F401  # likewise the loop
    from uvicorn.config import STARTUP_FAILURE, Config
    from uvicorn.supervisors.multiprocess import Multiprocess, Process

    from buckler.serve.bounded import bounded
    from buckler.serve.signals import deaf_children, stop_if_told
except ModuleNotFoundError as failure:
    raise MissingExtraError("the server uvicorn", "serve") from failure

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from buckler.serve.ca import Files
    from buckler.serve.options import Serving

_TLS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_MAX_MESSAGE_BYTES = 1024 * 1024
_LAST_WORDS_S = 2.0  # for the application's own shutdown, after its requests have ended
_MUTE_S = 30.0  # until a worker that is there is taken for dead
_ASK_S = 0.1  # for its sign of life, within which the parent hears nothing else


class Context:
    """Makes the TLS context in each worker."""

    def __init__(self, oldest: str) -> None:
        self._oldest = oldest

    def __call__(self, config: Config, default: Callable[[], ssl.SSLContext]) -> ssl.SSLContext:  # noqa: ARG002  # uvicorn's shape
        """Return uvicorn's own context with our floor under it."""
        context = default()
        context.minimum_version = _TLS[self._oldest]
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
        return context


class Supervisor(Multiprocess):
    """Starts the workers so that the terminal's Ctrl-C is the parent's alone from their first moment."""

    def __init__(self, config: Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets)
        self._heard_s: WeakKeyDictionary[Process, float] = WeakKeyDictionary()  # when each worker gave its last sign of life

    def init_processes(self) -> None:
        with deaf_children():
            super().init_processes()

    def keep_subprocess_alive(self) -> None:
        """Replace who has ended. Uvicorn also kills whoever gives no sign of life for 5 s: on a busy machine that is a worker that only
        starts, and then the one that is started in its place."""
        if any(self._is_lost(process, time.monotonic()) for process in self.processes):
            super().keep_subprocess_alive()

    def _is_lost(self, process: Process, now_s: float) -> bool:
        if process.is_alive(_ASK_S):
            self._heard_s[process] = now_s
        is_mute = now_s - self._heard_s.setdefault(process, now_s) > _MUTE_S
        return is_mute or not process.process.is_alive()

    def join_all(self) -> None:
        """Wait as long as a worker may take to end in order. Uvicorn would wait for ever for one that is stuck in its startup."""
        ends_s = time.monotonic() + (self.config.timeout_graceful_shutdown or 0) + _LAST_WORDS_S
        for process in self.processes:
            process.process.join(max(0.0, ends_s - time.monotonic()))
            process.process.kill()  # no more than a no-op for one that has ended
            process.process.join()


def config_of(serving: Serving, files: Files) -> Config:
    """Return uvicorn's settings for ours."""
    return Config(
        "buckler.serve.worker:make_app",
        factory=True,
        interface="asgi3",
        http=bounded(serving.max_head_bytes, serving.head_s, serving.stall_s),
        ws="websockets-sansio" if _has_websockets() else "none",
        ws_max_size=_MAX_MESSAGE_BYTES,
        ws_per_message_deflate=False,  # a compressed megabyte may be a gigabyte
        loop="uvloop",
        workers=serving.workers,
        backlog=serving.backlog,
        limit_concurrency=serving.max_connections,
        timeout_keep_alive=serving.keep_alive_s,
        timeout_graceful_shutdown=serving.stop_s,
        server_header=False,
        proxy_headers=False,  # the guard alone decides who is calling
        access_log=False,
        log_level="error",  # a stranger's malformed requests must not fill the log
        ssl_certfile=files.certificate,
        ssl_keyfile=files.key,
        ssl_context_factory=Context(serving.tls),
    )


def _has_websockets() -> bool:
    try:
        import websockets  # noqa: F401, PLC0415  # an application without sockets needs none
    except ModuleNotFoundError:
        return False
    return True


def run(serving: Serving, files: Files, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM. Raises `BackendError` when the workers cannot start."""
    supervisor: Any = Supervisor(config_of(serving, files), [listening])
    stop_if_told()
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # the parent says it in its own words below
    supervisor.run()
    listening.close()
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise BackendError("the workers could not start: what they printed above says why")
