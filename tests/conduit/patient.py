"""Conduit as it is, but for its questions to Redis: these may take their time, since a server that waits is no server that is down."""

from __future__ import annotations

from typing import Any

from buckler.stores import redis

WAIT_S = 60.0


class Patient(redis.Redis):
    def __init__(self, url: str, **options: Any) -> None:
        super().__init__(url, wait_s=WAIT_S, **options)


redis.__dict__["Redis"] = Patient  # before the application asks for it
from examples.conduit import app  # noqa: E402  # after the line above

__all__ = ["app"]
