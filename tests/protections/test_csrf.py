"""`csrf` beyond its cases: its options, and the token for old browsers."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.core.sign import Keys
from buckler.errors import ConfigError
from buckler.protections.csrf import CSRF, NO_TOKEN
from buckler.protections.csrf.token import MAX_FORM_BYTES, holds_token, make_token
from buckler.testing import SECRET
from tests.requests import request_of, site_of

if TYPE_CHECKING:
    from buckler.core.request import Request

KEYS = Keys([SECRET])


class Bound:
    def __init__(self, binding: bytes) -> None:
        self.binding = binding


def _request(*headers: tuple[bytes, bytes], body: bytes | None = None, session: object = None) -> Request:
    return request_of(*headers, method="POST", body=body, session=session or Bound(b"mira's"))


TOKEN = make_token(_request(), KEYS)


def test_a_token_is_masked_anew_each_time() -> None:
    """BREACH: what repeats in a compressed page can be guessed letter by letter."""
    tokens = [make_token(_request(), KEYS) for _ in range(20)]
    assert len(set(tokens)) == 20
    for position in range(len(tokens[0]) - 4):
        assert len({token[position : position + 4] for token in tokens}) > 1
    assert all(holds_token(_request((b"x-csrf-token", token.encode())), KEYS) for token in tokens)


def test_a_token_marks_the_response_as_one_visitors() -> None:
    request = _request()
    make_token(request, KEYS)
    assert request.touched


def test_without_a_session_there_is_no_token() -> None:
    request = request_of()
    assert make_token(request, KEYS) == ""
    assert not request.touched


def test_a_token_belongs_to_one_session_and_one_site() -> None:
    header = (b"x-csrf-token", TOKEN.encode())
    assert holds_token(_request(header), KEYS)
    assert not holds_token(_request(header, session=Bound(b"noor's")), KEYS)
    assert not holds_token(_request(header), Keys(["another secret of another site, long enough"]))
    assert holds_token(_request(header), Keys(["another secret of another site, long enough", SECRET]))  # in rotation


def _multipart(token: str, name: str = "csrf_token", filler: bytes = b"") -> bytes:
    start = b"--cut\r\n"
    return start + b'Content-Disposition: form-data; name="a"\r\n\r\n' + filler + b"\r\n" + start + (
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{token}\r\n--cut--\r\n'.encode()
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "held"),
    [
        (urlencode({"a": "1", "csrf_token": TOKEN}).encode(), True),
        (_multipart(TOKEN), True),
        (_multipart(TOKEN, name="xcsrf_token"), False),
        (urlencode({"xcsrf_token": TOKEN}).encode(), False),
        (urlencode({"a": f"csrf_token={TOKEN}"}).encode(), False),
        (b"", False),
        (None, False),
        (b"csrf_token=", False),
        (b"csrf_token=" + TOKEN.encode()[:-4], False),
        (b"csrf_token=" + b"A" * 88, False),
        (b"csrf_token=%ff%fe", False),
        (b"&".join([b"a=1"] * 2000) + b"&csrf_token=" + TOKEN.encode(), False),
        (b"\x00\xff" * 500, False),
    ],
    ids=[f"body_{number}" for number in range(13)],  # a token in an id would differ from worker to worker
)
def test_where_a_token_is_looked_for(body: bytes | None, held: bool) -> None:
    assert holds_token(_request(body=body), KEYS) is held


@given(st.binary(max_size=200))
def test_no_other_bytes_are_a_token(raw: bytes) -> None:
    assert not holds_token(_request((b"x-csrf-token", raw)), KEYS)
    assert not holds_token(_request((b"x-csrf-token", base64.urlsafe_b64encode(raw))), KEYS)
    assert not holds_token(_request(body=b"csrf_token=" + raw), KEYS)


@pytest.mark.parametrize(
    ("headers", "asks"),
    [
        (((b"cookie", b"a=1"),), True),
        ((), False),
        (((b"cookie", b"a=1"), (b"sec-fetch-site", b"same-origin")), False),
        (((b"cookie", b"a=1"), (b"origin", b"https://shop.example")), False),
    ],
)
def test_the_body_is_read_only_where_nothing_else_tells(headers: tuple[tuple[bytes, bytes], ...], asks: bool) -> None:
    steps = CSRF().steps(site_of())
    request = request_of(*headers, method="POST")
    assert steps.check_unsafe is not None
    assert steps.wait is not None
    assert steps.check_unsafe(request) is None
    assert request.want_body_bytes == (MAX_FORM_BYTES if asks else 0)
    assert request.waits is asks
    assert steps.wait.ask(request) == ([] if asks else None)


def test_the_store_is_asked_nothing() -> None:
    site = site_of()
    wait = CSRF().steps(site).wait
    assert wait is not None
    assert wait.judge(request_of(), []) is None
    assert wait.judge(_request(body=b"a=1"), []) is NO_TOKEN
    assert wait.judge(_request((b"x-csrf-token", site.offers["csrf"](_request()).encode())), []) is None


@pytest.mark.parametrize(
    "options",
    [
        {"trusted_origins": "https://pay.example"},
        {"trusted_origins": ["pay.example"]},
        {"trusted_origins": ["https://pay.example/"]},
        {"trusted_origins": ["https://Pay.example"]},
        {"trusted_origins": ["null"]},
        {"trusted_origins": ["*"]},
        {"trusted": []},
    ],
)
def test_options_that_cannot_work_stop_the_start(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="CSRF"):
        CSRF(**options)
