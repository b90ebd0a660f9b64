from __future__ import annotations

from typing import Any

import pytest

from buckler.errors import ConfigError
from buckler.protections.fingerprint import Fingerprint
from buckler.testing import guarded, only, probe_app
from tests.asgi import Wire, scope_of


async def _telling(protection: Any) -> set[bytes]:
    wire = Wire()
    await guarded(probe_app, *only(protection))(scope_of("/telling"), wire.receive, wire.send)
    return {name for name, _ in wire.sent[0]["headers"]} & {b"server", b"x-powered-by"}


async def test_fingerprint() -> None:
    assert await _telling(Fingerprint()) == set()
    assert await _telling(Fingerprint(keep=["server"])) == {b"server"}
    assert await _telling(Fingerprint(report_only=True)) == {b"server", b"x-powered-by"}


@pytest.mark.parametrize(("keep", "message"), [(["etag"], "only these are taken out"), ("server", "list of strings")])
def test_what_cannot_work_is_refused(keep: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Fingerprint(keep=keep)
