from __future__ import annotations

from typing import Any

from buckler.protections.nosniff import NoSniff
from buckler.testing import guarded, only, probe_app


def _sent(protection: Any) -> dict[bytes, bytes]:
    return dict(guarded(probe_app, *only(protection)).plan.constant)


def test_nosniff() -> None:
    assert _sent(NoSniff()) == {b"x-content-type-options": b"nosniff"}
    assert _sent(NoSniff(report_only=True)) == {}
