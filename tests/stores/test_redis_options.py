"""Options of Redis that cannot work stop the start, and what its addresses say."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from buckler.errors import ConfigError
from buckler.stores.redis import Redis

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (Redis, "at least one address"),
        (lambda: Redis("redis://a", "redis://b"), "sentinel= or cluster"),
        (lambda: Redis("redis://a", sentinel="x", cluster=True), "give either"),
        (lambda: Redis("redis://a", prefix=""), "short word"),
        (lambda: Redis("redis://a", prefix="{x}"), "without braces"),
        (lambda: Redis("redis://a", wait_s=0), "Redis.wait_s"),
        (lambda: Redis("http://a"), "redis://host"),
        (lambda: Redis("redis://"), "redis://host"),
        (lambda: Redis("redis://a:99999"), "redis://host"),
        (lambda: Redis("redis://a?db=1"), "arguments of Redis"),
        (lambda: Redis("redis://a/one"), "number of a database"),
        (lambda: Redis("redis://a/1", cluster=True), "no databases"),
    ],
)
def test_options_that_cannot_work_stop_the_start(build: Callable[[], Redis], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build()


def test_a_password_is_in_no_message() -> None:
    with pytest.raises(ConfigError) as failure:
        Redis("redis://user:hunter2@a:99999")
    assert "hunter2" not in str(failure.value)


def test_addresses_say_how_to_come_in() -> None:
    login = Redis("redis://me:p%40ss@shop.example/3")._login
    assert (login.username, login.password, login.database, login.tls) == ("me", "p@ss", 3, None)
    assert Redis("redis://me:old@a", username="you", password="new")._login[:2] == ("you", "new")
    safe = Redis("rediss://a")._login.tls
    assert safe is not None
    assert safe.verify_mode is ssl.CERT_REQUIRED
    watched = Redis("redis://:s1@a", "redis://b:7", sentinel="shop", password="p")
    assert [(place.address.port, place.login.password) for place in watched._places] == [(26379, "s1"), (7, None)]
    assert watched._login.password == "p"
