"""From options to a running server: everything that can be wrong is found before the first worker starts."""

from __future__ import annotations

import asyncio
import inspect
import os
import ssl
from typing import TYPE_CHECKING, Any

from buckler.errors import ConfigError
from buckler.serve.ports import bind
from buckler.serve.redirect import Redirector
from buckler.serve.worker import APP, PARENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.serve.ca import Files
    from buckler.serve.load import Loaded
    from buckler.serve.options import Serving


def files_of(serving: Serving) -> Files:
    """Return the certificate and key to serve with: those named, or the local authority's. Raises `ConfigError`."""
    from buckler.serve.ca import Files, local_files  # noqa: PLC0415  # needs the extra

    if serving.certificate is None or serving.key is None:
        return local_files(serving.folder)
    for option, path in (("--certificate", serving.certificate), ("--key", serving.key)):
        if not path.is_file():
            raise ConfigError(option, str(path), "there is no such file; leave both options out to use a local certificate")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(serving.certificate, serving.key)
    except (ssl.SSLError, OSError) as failure:
        raise ConfigError("--certificate", str(serving.certificate), f"cannot be used with {serving.key}: {failure}") from failure
    return Files(serving.certificate, serving.key)


def prepare(loaded: Loaded) -> None:
    """Call the module's `prepare()`, if it offers one, once, before any worker starts: migrations, first content."""
    offered = loaded.offer("prepare")
    if offered is None:
        return
    result = offered()
    if inspect.isawaitable(result):
        asyncio.run(_awaited(result))


async def _awaited(result: Any) -> None:
    await result


def start(serving: Serving, files: Files, loaded: Loaded, announce: Callable[[], None]) -> None:
    """Serve until a signal ends it. `announce` is called when the ports are ours and the application is prepared.

    Raises `ConfigError` or `BackendError`.
    """
    run = _runner(serving.server)
    listening = bind(serving.host, serving.port, serving.backlog)
    if serving.http_port is not None:
        plain = bind(serving.host, serving.http_port, serving.backlog, option="--http-port")
        plain.set_inheritable(False)  # the parent's alone
        Redirector(plain, serving.port).start()
    os.environ[APP], os.environ[PARENT] = serving.app, str(os.getpid())
    prepare(loaded)
    announce()
    run(serving, files, listening)


def _runner(server: str) -> Callable[..., None]:
    if server == "granian":
        from buckler.serve.by_granian import run  # noqa: PLC0415  # only what is asked for is imported
    else:
        from buckler.serve.by_uvicorn import run  # noqa: PLC0415  # as above
    return run
