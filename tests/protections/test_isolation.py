from __future__ import annotations

from typing import Any

import pytest

from buckler.errors import ConfigError
from buckler.protections.isolation import Isolation
from buckler.testing import guarded, only, probe_app


def _sent(protection: Any) -> dict[bytes, bytes]:
    return dict(guarded(probe_app, *only(protection)).plan.constant)


def test_isolation() -> None:
    assert _sent(Isolation()) == {
        b"cross-origin-opener-policy": b"same-origin",
        b"cross-origin-embedder-policy": b"credentialless",
        b"cross-origin-resource-policy": b"same-origin",
    }
    assert list(_sent(Isolation(report_only=True))) == [
        b"cross-origin-opener-policy-report-only",
        b"cross-origin-embedder-policy-report-only",
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Isolation(opener="x"), r"Isolation\.opener"),
        (lambda: Isolation(embedder="x"), r"Isolation\.embedder"),
        (lambda: Isolation(resource="x"), r"Isolation\.resource"),
    ],
)
def test_what_cannot_work_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
