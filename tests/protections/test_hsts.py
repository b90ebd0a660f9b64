from __future__ import annotations

from typing import Any

import pytest

from buckler.errors import ConfigError
from buckler.protections.hsts import HSTS
from buckler.testing import guarded, only, probe_app

NOT_WHOLE: Any = 1e9


def _sent(protection: Any, **site: Any) -> dict[bytes, bytes]:
    return dict(guarded(probe_app, *only(protection), **site).plan.constant)


def test_hsts() -> None:
    name = b"strict-transport-security"
    assert _sent(HSTS())[name] == b"max-age=63072000; includeSubDomains"
    assert _sent(HSTS(preload=True))[name] == b"max-age=63072000; includeSubDomains; preload"
    assert _sent(HSTS(include_subdomains=False, max_age_s=9))[name] == b"max-age=9"
    assert _sent(HSTS(report_only=True)) == {}
    assert _sent(HSTS(), development=True) == {}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: HSTS(max_age_s=0), "number over zero"),
        (lambda: HSTS(max_age_s=NOT_WHOLE), "whole seconds"),
        (lambda: HSTS(preload=True, max_age_s=100), "31536000 or more"),
        (lambda: HSTS(preload=True, include_subdomains=False), "all sub-domains"),
    ],
)
def test_what_cannot_work_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
