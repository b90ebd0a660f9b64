"""Published mistakes that are about work: what a stranger sends costs no more than its length (docs/past-mistakes.md)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from buckler.core.proxies import Proxies
from buckler.guard.read import reader
from examples.conduit.site.statics import Statics
from tests.asgi import scope_of
from tests.conduit.site import Visitor, running
from tests.requests import site_of

if TYPE_CHECKING:
    from pathlib import Path

# Processor time. The linear way needs some 50 ms; the quadratic one copies a terabyte.
MOST_S = 10.0


def test_copies_of_one_header_are_joined_in_linear_time() -> None:
    """CVE-2025-14550."""
    copies = [(b"x-copy", b"a" * 100)] * 100_000
    began_s = time.process_time()
    request = reader(Proxies(0), site_of())(scope_of("/", "GET", *copies))
    assert time.process_time() - began_s < MOST_S
    assert request.repeated == {b"x-copy"}
    assert len(request.headers[b"x-copy"]) == 100_000 * 102 - 2


async def test_a_range_of_ten_thousand_parts_is_not_even_read(tmp_path: Path) -> None:
    """CVE-2025-62727: files are sent whole."""
    parts = ",".join(f"{number}-{number + 100}" for number in range(10_000))
    async with running(tmp_path) as guard, Visitor(guard) as visitor:
        address = Statics().url("site.css")
        whole = await visitor.get(address)
        began_s = time.process_time()
        answer = await visitor.get(address, headers={"range": f"bytes={parts}"})
        assert time.process_time() - began_s < MOST_S
    assert (answer.status_code, answer.content) == (200, whole.content)
