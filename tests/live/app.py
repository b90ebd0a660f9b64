"""The probe application behind a guard with every default, as the servers of the live tests load it."""

from __future__ import annotations

import os
from typing import Any

from buckler.core.clock import SystemClock
from buckler.testing import guarded, probe_app
from tests.calm import calm


async def _application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    await probe_app(scope, receive, send)


_HOSTS = ["shop.example", "127.0.0.1"]
app = calm(guarded(_application, clock=SystemClock(), hosts=_HOSTS, development=bool(os.environ.get("DEVELOPMENT"))))
