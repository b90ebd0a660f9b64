"""Dates of HTTP: three forms, and nothing that only looks like one."""

from __future__ import annotations

import pytest

from buckler.core.dates import read_date, write_date

_AT_S = 784111777.0


@pytest.mark.parametrize(
    "text", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "SUN, 06 NOV 1994 08:49:37 gmt"]
)
def test_three_forms(text: str) -> None:
    assert read_date(text.encode()) == _AT_S


def test_two_digits_of_a_year_are_near() -> None:
    assert read_date(b"Thursday, 18-Aug-50 02:01:18 GMT") == 2544400878.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "Sun, 06  Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08.49.37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 30 Feb 1994 08:49:37 GMT",
        "Sun, 06 Xyz 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "S" * 65,
    ],
)
def test_no_dates(text: str) -> None:
    assert read_date(text.encode()) is None


def test_what_is_written_is_read() -> None:
    assert write_date(_AT_S) == b"Sun, 06 Nov 1994 08:49:37 GMT"
    assert read_date(b"Sun, 06 Nov 1994 23:59:60 GMT") == read_date(b"Sun, 06 Nov 1994 23:59:59 GMT")  # a leap second
