"""Requests and sites made by hand, for tests of a single check."""

from __future__ import annotations

from typing import Any

from buckler.core.clock import HandClock
from buckler.core.event import Events
from buckler.core.request import Request
from buckler.core.sign import Keys
from buckler.core.site import Site
from buckler.stores.memory import Memory
from buckler.testing import SECRET


def site_of(**changes: Any) -> Site:
    """Return the site `https://shop.example`."""
    clock = HandClock()
    facts: dict[str, Any] = {
        "hosts": ("shop.example",),
        "keys": Keys([SECRET]),
        "store": Memory(clock=clock),
        "clock": clock,
        "events": Events(),
    }
    return Site(**(facts | changes))


def request_of(*headers: tuple[bytes, bytes], **changes: Any) -> Request:
    """Return a GET of a visitor of `https://shop.example/`, with `changes` set as attributes."""
    request = Request.__new__(Request)
    facts = {
        "kind": "http", "method": "GET", "path": "/", "raw_path": b"/", "query": b"", "host": "shop.example", "authority": "shop.example",
        "scheme": "https", "client": "203.0.113.7", "headers": {b"host": b"shop.example", **dict(headers)},
    }  # fmt: skip
    for name, value in (facts | changes).items():
        setattr(request, name, value)
    return request
