from __future__ import annotations

import pytest

from buckler.core.rate import rate
from buckler.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("5/minute", (5, 60)),
        ("100/10s", (100, 10)),
        ("1/s", (1, 1)),
        (" 20 / 2 Hours ", (20, 7200)),
        ("7/day", (7, 86_400)),
        ("3/90sec", (3, 90)),
    ],
)
def test_rates_are_read_as_people_write_them(text: str, read: tuple[int, int]) -> None:
    assert rate("x", text) == read


@pytest.mark.parametrize(
    "text", ["", "5", "5/", "0/minute", "-1/s", "5/0s", "5/fortnight", "5 per minute", "5/minute/2", "9" * 10 + "/s", 5, None]
)
def test_other_rates_stop_the_start(text: object) -> None:
    with pytest.raises(ConfigError, match=r"RateLimit\.flood|x = .*as in 5/minute"):
        rate("x", text)
