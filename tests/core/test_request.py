from __future__ import annotations

from buckler.core.request import Request


def test_the_nonce_is_made_at_first_use_and_marks_the_response() -> None:
    request = Request()
    assert (request.has_nonce, request.touched) == (False, False)
    nonce = request.nonce
    assert request.nonce == nonce
    assert len(nonce) == 22
    assert (request.has_nonce, request.touched) == (True, True)
    assert Request().nonce != nonce


def test_notes() -> None:
    request = Request()
    assert request.noted("csp") is None
    request.note("csp", 1)
    request.note("other", 2)
    assert (request.noted("csp"), request.noted("other"), request.noted("third")) == (1, 2, None)
    assert request.touched


def test_origin() -> None:
    request = Request()
    request.scheme, request.authority = "https", "shop.example:8443"
    assert request.origin == "https://shop.example:8443"
