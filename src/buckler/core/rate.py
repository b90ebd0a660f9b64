"""Rates as people write them: `5/minute`, `100/10s`."""

from __future__ import annotations

import re
from typing import NamedTuple

from buckler.errors import ConfigError

_FIX = "write a number, a slash and a time, as in 5/minute, 100/10s, 1000/day"
_RATE = re.compile(r"([1-9][0-9]{0,8})\s*/\s*([1-9][0-9]{0,8})?\s*([a-z]+)")
_UNITS = {
    1: ("s", "sec", "second", "seconds"),
    60: ("m", "min", "minute", "minutes"),
    3600: ("h", "hour", "hours"),
    86_400: ("d", "day", "days"),
}
_SECONDS = {name: seconds for seconds, names in _UNITS.items() for name in names}


class Rate(NamedTuple):
    """`limit` calls in `period_s` seconds; as many at once, then one in every `period_s / limit`."""

    limit: int
    period_s: int


def rate(option: str, text: object) -> Rate:
    """Return the rate that `text` says. Raises `ConfigError` that names `option`."""
    found = _RATE.fullmatch(text.strip().lower()) if isinstance(text, str) else None
    if found is None or found[3] not in _SECONDS:
        raise ConfigError(option, text, _FIX)
    return Rate(int(found[1]), int(found[2] or 1) * _SECONDS[found[3]])
