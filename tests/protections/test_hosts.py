from __future__ import annotations

from typing import Any

import pytest

from buckler.errors import ConfigError
from buckler.testing import guarded, probe_app
from tests.asgi import Wire, scope_of


async def _status(host: bytes, **site: Any) -> int:
    wire = Wire()
    await guarded(probe_app, **site)(scope_of(headers=[(b"host", host)]), wire.receive, wire.send)
    return wire.status


@pytest.mark.parametrize(
    ("host", "status"),
    [
        (b"shop.example", 200),
        (b"SHOP.example:8443", 200),
        (b"shop.example.", 200),
        (b"a.shop.example", 421),
        (b"shop.example.evil.example", 421),
        (b"evilshop.example", 421),
        (b"", 400),
        (b"shop.example:99999", 400),
        (b"shop..example", 400),
        (b"user@shop.example", 400),
        (b"shop.example\x00", 400),
    ],
)
async def test_exact_names(host: bytes, status: int) -> None:
    assert await _status(host) == status


@pytest.mark.parametrize(
    ("host", "status"), [(b"a.shop.example", 200), (b"a.b.shop.example", 200), (b"shop.example", 421), (b"ashop.example", 421)]
)
async def test_a_star_stands_for_sub_domains_alone(host: bytes, status: int) -> None:
    assert await _status(host, hosts=["*.shop.example"]) == status


async def test_an_address_can_be_a_host() -> None:
    assert await _status(b"[::1]:8443", hosts=["[::1]"]) == 200
    assert await _status(b"127.0.0.1", hosts=["127.0.0.1"]) == 200


@pytest.mark.parametrize("name", ["https://shop.example", "shop.example/", "shop.example:443", "*", "a*b", ""])
def test_a_name_that_no_host_can_match_stops_the_start(name: str) -> None:
    with pytest.raises(ConfigError, match=r"Guard\.hosts"):
        guarded(probe_app, hosts=[name])
