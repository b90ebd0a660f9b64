"""A route's own Content-Security-Policy."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import FastAPI, Request
from starlette.testclient import TestClient

from buckler import CSP, SELF
from buckler.errors import ConfigError
from buckler.frameworks.fastapi import policy
from buckler.frameworks.starlette import use_policy
from buckler.testing import guarded

GALLERY = CSP(img_src=[SELF, "https://pictures.example"])
APP = FastAPI()


@APP.get("/gallery", dependencies=[policy(GALLERY)])
async def gallery() -> None: ...


@APP.get("/trial", dependencies=[policy(CSP(img_src=["https://other.example"], report_only=True))])
async def trial() -> None: ...


@APP.get("/by-hand")
async def by_hand(request: Request) -> None:
    use_policy(request, GALLERY)


@APP.get("/plain")
async def plain() -> None: ...


CLIENT = TestClient(guarded(APP), base_url="https://shop.example")


@pytest.mark.parametrize(("path", "own"), [("/gallery", True), ("/by-hand", True), ("/plain", False), ("/trial", False)])
def test_a_route_has_its_own_policy_and_no_other_has_it(path: str, own: bool) -> None:
    assert ("https://pictures.example" in CLIENT.get(path).headers["content-security-policy"]) is own


def test_a_policy_that_only_reports_goes_beside_the_sites() -> None:
    headers = CLIENT.get("/trial").headers
    assert "img-src https://other.example" in headers["content-security-policy-report-only"]
    assert "img-src 'self'" in headers["content-security-policy"]


@pytest.mark.parametrize("own", ["default-src 'none'", None, CSP])
def test_anything_but_a_policy_is_refused(own: Any) -> None:
    with pytest.raises(ConfigError, match="give a policy"):
        policy(own)
