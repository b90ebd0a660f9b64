"""The response fields of draft-ietf-httpapi-ratelimit-headers-11 (structured fields, RFC 9651), and `Retry-After`."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from buckler.core.headers import Header
    from buckler.core.rate import Rate
    from buckler.core.store import Taken

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.+-]{0,63}")  # needs no escaping in a structured string

_ROUNDED_S = 1e-3  # what sums of seconds have lost to rounding is no second more


def policy_field(policies: Iterable[tuple[str, Rate, str]]) -> Header:
    """`RateLimit-Policy: "client";q=5;w=60`, with `;qu="cpu-ms"` where it is not requests that are counted. Deliberately without partition
    keys, which would repeat who the client is."""
    parts = (f'"{name}";q={rate.limit};w={rate.period_s}' + (f';qu="{unit}"' if unit else "") for name, rate, unit in policies)
    return b"ratelimit-policy", ", ".join(parts).encode()


def state_field(states: Iterable[tuple[str, Taken]]) -> Header:
    """`RateLimit: "client";r=4;t=12`: what is left, and the seconds until the quota is whole again."""
    return b"ratelimit", ", ".join(
        f'"{name}";r={taken.remaining};t={math.ceil(taken.reset_s - _ROUNDED_S)}' for name, taken in states
    ).encode()


def retry_field(seconds_s: float) -> Header:
    """`Retry-After` in whole seconds, at least 1 (RFC 9110, section 10.2.3)."""
    return b"retry-after", b"%d" % max(1, math.ceil(seconds_s))
