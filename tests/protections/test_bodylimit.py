"""`bodylimit`: declared lengths and settings. What is counted while a body streams is tested in `tests/guard`."""

from __future__ import annotations

from typing import Any

import pytest

from buckler.errors import ConfigError
from buckler.protections.bodylimit import BodyLimit
from tests.requests import request_of, site_of


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        (b"100", ""),
        (b"101", "bodylimit.too_large"),
        (b"0", ""),
        (b"9" * 5000, "bodylimit.too_large"),
        (b"+1", ""),  # no number: `smuggling` refuses it, and here the bytes are counted as they come
        (b"", ""),
    ],
)
def test_declared_lengths(declared: bytes, code: str) -> None:
    check = BodyLimit(max_bytes=100).steps(site_of()).check
    assert check is not None
    assert getattr(check(request_of((b"content-length", declared))), "code", "") == code
    assert check(request_of()) is None


@pytest.mark.parametrize("name", ["max_bytes", "max_fields", "max_parts", "max_part_header_bytes", "max_depth"])
@pytest.mark.parametrize("value", [0, -1, True, "1"])
def test_settings_that_cannot_work(name: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=name):
        BodyLimit(**{name: value})
