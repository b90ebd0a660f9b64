from __future__ import annotations

from typing import Any

import pytest

from buckler.errors import ConfigError
from buckler.protections.referrer import Referrer
from buckler.testing import guarded, only, probe_app


def _sent(protection: Any) -> dict[bytes, bytes]:
    return dict(guarded(probe_app, *only(protection)).plan.constant)


def test_referrer() -> None:
    assert _sent(Referrer()) == {b"referrer-policy": b"same-origin"}
    assert _sent(Referrer(report_only=True)) == {}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Referrer(policy="unsafe-url"), "choose one of same-origin"),
    ],
)
def test_what_cannot_work_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
