"""`forwarded` beyond its cases: what the parse makes of a site behind proxies."""

from __future__ import annotations

from buckler.protections.forwarded import Forwarded
from tests.requests import request_of, site_of


def test_it_costs_nothing_without_proxies() -> None:
    assert Forwarded().steps(site_of()).check is None


def test_it_refuses_what_the_parse_did_not_believe() -> None:
    check = Forwarded().steps(site_of(behind_proxies=True)).check
    assert check is not None
    assert check(request_of()) is None
    assert getattr(check(request_of(trouble="forwarded")), "code", "") == "forwarded.unreadable"
