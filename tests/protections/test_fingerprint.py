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


async def test_one_word_in_place_of_the_servers_name() -> None:
    for path in ("/", "/telling"):
        wire = Wire()
        await guarded(probe_app, *only(Fingerprint(server="web")))(scope_of(path), wire.receive, wire.send)
        assert [value for name, value in wire.sent[0]["headers"] if name == b"server"] == [b"web"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"keep": ["etag"]}, "only these are taken out"),
        ({"keep": "server"}, "list of strings"),
        ({"server": "web/1.0"}, "without a version"),
        ({"server": "a\nb"}, "one plain word"),
        ({"server": 5}, "one plain word"),
        ({"server": "web", "keep": ["server"]}, "give one of both"),
    ],
)
def test_what_cannot_work_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Fingerprint(**given)
