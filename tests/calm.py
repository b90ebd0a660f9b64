"""What a busy machine must not change: how late the event loop is, on which ports nobody listens, and that connections end with a test."""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from buckler.core.clock import HandClock
from buckler.protections.overload.load import Time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from buckler import Guard


def calm(guard: Guard) -> Guard:
    """Return `guard`, for which the event loop is always on time: nobody is turned away because the machine has other things to do."""
    guard.plan.site.offers["overload"].use(Time(HandClock().monotonic))
    return guard


@contextmanager
def nobody() -> Iterator[int]:
    """A port of this machine that refuses every connection. It is held, so that meanwhile nobody else listens there either."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        yield port


async def hang_up(server: asyncio.Server) -> None:
    """Close a server of this event loop, and its end of every connection. One that is left open would fail whichever test it is collected
    in, and its client's good-bye may still be on the way."""
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    while left := _open(port):
        for transport in left:
            transport.abort()
        await asyncio.sleep(0)
    await asyncio.sleep(0)  # what has been aborted is told so
    await server.wait_closed()


def _open(port: int) -> list[asyncio.WriteTransport]:
    known = asyncio.get_running_loop()._transports  # type: ignore[attr-defined]  # of asyncio's own loops; a server tells its own only later
    return [kept for kept in list(known.values()) if not kept.is_closing() and kept.get_extra_info("sockname", ("", 0))[1] == port]
