"""Dates as HTTP writes them: three forms to read, one to write (RFC 9110, section 5.6.7)."""

from __future__ import annotations

import re
import time
from calendar import timegm
from datetime import UTC, datetime
from functools import lru_cache

_DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_CLOCK = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_FORMS = (
    re.compile(rf"(?:{'|'.join(_DAYS)}), (?P<day>\d\d) (?P<month>[a-z]{{3}}) (?P<year>\d{{4}}) {_CLOCK} GMT", re.IGNORECASE),
    re.compile(
        rf"(?:mon|tues|wednes|thurs|fri|satur|sun)day, (?P<day>\d\d)-(?P<month>[a-z]{{3}})-(?P<year>\d\d) {_CLOCK} GMT", re.IGNORECASE
    ),
    re.compile(rf"(?:{'|'.join(_DAYS)}) (?P<month>[a-z]{{3}}) (?P<day>[ \d]\d) {_CLOCK} (?P<year>\d{{4}})", re.IGNORECASE),
)
_MAX_BYTES = 64
_FUTURE_YEARS = 50  # RFC 9110: a year of two digits that seems to lie more than fifty years ahead is in the past


@lru_cache(maxsize=1024)
def read_date(value: bytes) -> float | None:
    """Return seconds since the epoch, or None for what is no date of HTTP's: another zone, other blanks, two digits of a year."""
    if len(value) > _MAX_BYTES:
        return None
    text = value.decode("latin-1")
    found = next((match for form in _FORMS if (match := form.fullmatch(text))), None)
    if found is None or found["month"].title() not in _MONTHS:
        return None
    year = int(found["year"])
    if len(found["year"]) == 2:
        this_year = time.gmtime().tm_year
        year += this_year - this_year % 100
        year -= 100 if year > this_year + _FUTURE_YEARS else 0
    month = _MONTHS.index(found["month"].title()) + 1
    try:
        moment = datetime(
            year, month, int(found["day"]), int(found["hour"]), int(found["minute"]), min(int(found["second"]), 59), tzinfo=UTC
        )
    except ValueError:  # the thirtieth of February
        return None
    return float(timegm(moment.utctimetuple()))


def write_date(at_s: float) -> bytes:
    """Return the preferred form: `Sun, 06 Nov 1994 08:49:37 GMT`."""
    at = time.gmtime(at_s)
    month = _MONTHS[at.tm_mon - 1]
    return f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {month} {at.tm_year} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT".encode()
