from __future__ import annotations

from typing import Any

import pytest

from buckler.errors import ConfigError
from buckler.protections.framing import Framing
from buckler.testing import guarded, only, probe_app


def _sent(protection: Any) -> dict[bytes, bytes]:
    return dict(guarded(probe_app, *only(protection)).plan.constant)


def test_framing() -> None:
    assert _sent(Framing()) == {b"x-frame-options": b"DENY"}
    assert _sent(Framing(allow="same-origin")) == {b"x-frame-options": b"SAMEORIGIN"}
    assert _sent(Framing(report_only=True)) == {}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Framing(allow="ALLOWALL"), "choose one of none, same-origin"),
    ],
)
def test_what_cannot_work_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
