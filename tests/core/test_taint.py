"""Watched headers: every way of looking counts, and passing by does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.taint import Watched, is_named, is_watched, unwatched, watched
from tests.requests import request_of

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = [(b"host", b"shop.example"), (b"cookie", b"a=b"), (b"x-forwarded-host", b"evil.example")]

LOOKS: list[Callable[[bytes, bytes], Any]] = [
    lambda name, _: name == b"cookie",
    lambda name, _: name in {b"cookie": 1},
    lambda name, _: name != b"cookie",
    lambda name, _: name.decode(),
    lambda name, _: name.title(),
    lambda name, _: name[:3],
    lambda name, _: b"coo" in name,
    lambda name, _: str(name),
    lambda name, _: bytes(name),
    lambda name, _: f"{name!r}",
    lambda name, _: name + b"",
    lambda name, _: sorted([name, b"a"]),
    lambda _, value: value == b"x",
    lambda _, value: value != b"x",
    lambda _, value: value.decode(),
    lambda _, value: value.split(b";"),
    lambda _, value: list(value),
    lambda _, value: value.lower(),
    lambda _, value: b"%b" % value,
    lambda _, value: value % (),
]


@pytest.mark.parametrize("look", LOOKS)
def test_looks(look: Callable[[bytes, bytes], Any]) -> None:
    request = request_of()
    look(*watched(PLAIN, request)[1])
    assert (request.tainted, request.unkeyed, request.touched) == ("cookie", "", True)


@pytest.mark.parametrize(
    "pass_by",
    [
        lambda name, _: name == b"host",
        lambda name, _: name != b"host",
        lambda name, value: {name: value}.get(b"host"),
        lambda name, _: name.lower() == b"host",
        lambda name, value: (len(name), hash(name), is_named(name, b"cookie"), unwatched(value)),
        lambda name, _: isinstance(name, bytes),
    ],
)
def test_passing_by(pass_by: Callable[[bytes, bytes], Any]) -> None:
    request = request_of()
    pass_by(*watched(PLAIN, request)[1])
    assert (request.tainted, request.unkeyed, request.touched) == ("", "", False)


def test_others_stay_as_they_are_and_equal() -> None:
    request = request_of()
    found = watched(PLAIN, request)
    assert found[0] is PLAIN[0]
    assert type(unwatched(found[1][1])) is bytes
    assert unwatched(b"x") == b"x"
    assert request.tainted == ""
    assert found == PLAIN  # equal to look at, which is a look
    assert (request.tainted, request.unkeyed) == ("cookie", "x-forwarded-host")


def test_the_first_look_counts_and_each_of_what_is_in_no_key() -> None:
    request = request_of()
    headers = watched([*PLAIN, (b"authorization", b"x"), (b"forwarded", b"y")], request)
    for _, value in headers:
        value.decode()
        value.decode()
    assert (request.tainted, request.unkeyed) == ("cookie", "x-forwarded-host, forwarded")
    assert isinstance(headers[3][1], Watched)


@pytest.mark.parametrize(
    "name",
    [
        "x-api-key",
        "apikey",
        "x-auth-token",
        "x-goog-authenticated-user-email",
        "cf-access-jwt-assertion",
        "x-forwarded-user",
        "x-client-cert",
    ],
)
def test_who_asks_is_said_by_many_names(name: str) -> None:
    request = request_of()
    ((raw, value),) = watched([(name.encode(), b"mira")], request)
    assert raw == name.encode()
    assert value.decode() == "mira"
    assert request.unkeyed == name


@pytest.mark.parametrize("name", ["user-agent", "accept", "test-id", "req-num", "foo", "x-request-id", "idempotency-key", "x-usernames"])
def test_other_names_say_nothing_of_who_asks(name: str) -> None:
    assert not is_watched(name.encode())


def test_a_name_that_is_too_long_to_be_looked_into_says_who_asks() -> None:
    assert is_watched(b"x-" + 200 * b"a")
