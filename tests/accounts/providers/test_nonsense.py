"""Whatever a provider sends, it is either true or one kind of error: nothing else ever comes out of reading it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.errors import UnsupportedAlgorithmError

from buckler.accounts.http import Answer
from buckler.accounts.providers import Provider, id_token
from buckler.accounts.providers.remote import ALGORITHMS, document, parsed
from buckler.core.clock import HandClock
from buckler.errors import RemoteError, VerificationError
from tests.accounts.providers.evil import keys, public, signed, unpadded, unsigned

if TYPE_CHECKING:
    from collections.abc import Sequence

CLOCK = HandClock()
NOW = int(CLOCK.now())
TRUE = {"iss": "https://idp.example", "aud": "shop", "sub": "mira", "nonce": "n", "iat": NOW, "exp": NOW + 60}
EXPECTED = id_token.Expected(ALGORITHMS, "n", "access")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
PART = st.sampled_from(["kty", "crv", "n", "e", "x", "y", "use", "alg", "kid", "key_ops", "d", "k"])
CLAIM = st.sampled_from(["iss", "aud", "sub", "nonce", "iat", "exp", "nbf", "azp", "at_hash", "auth_time"])
HEADER = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "jku", "x5u", "zip", "enc"])


class Shown:
    """In place of a server: these keys, whenever they are asked for."""

    def __init__(self, *shown: dict[str, Any]) -> None:
        self.shown = shown

    async def keys(self, _clock: object, *, anew: bool = False) -> Sequence[dict[str, Any]]:
        return self.shown


def read(token: str, *shown: dict[str, Any]) -> dict[str, Any] | None:
    """The claims, or None for what is refused."""
    provider = Provider(name="idp", label="Idp", issuer="https://idp.example", client_id="shop", client_secret="secret", max_age_s=60)
    provider.__dict__["remote"] = Shown(*(shown or (public("r"),)))
    try:
        return asyncio.run(id_token.read(token, provider, EXPECTED, CLOCK))
    except VerificationError:
        return None


def test_the_truth_is_read() -> None:
    assert read(signed({**TRUE, "auth_time": NOW})) is not None


@given(st.dictionaries(CLAIM, JSON, min_size=1, max_size=3))
@settings(max_examples=60)
def test_any_claims(changes: dict[str, Any]) -> None:
    found = read(signed({**TRUE, "auth_time": NOW, **changes}))
    if found is not None:  # a change that changed nothing, or nothing that matters
        assert (found["iss"], found["nonce"], found["sub"] != "") == ("https://idp.example", "n", True)


@given(st.dictionaries(HEADER, JSON, max_size=4))
@settings(max_examples=60)
def test_any_header(head: dict[str, Any]) -> None:
    said = unsigned(TRUE).split(".")[1]
    assert read(f"{unpadded(json.dumps(head).encode())}.{said}.{unpadded(b'x' * 64)}") is None


@given(st.sampled_from(["r", "e", "o", "p384", "x"]), st.dictionaries(PART, JSON, max_size=4), st.sampled_from(ALGORITHMS))
@settings(max_examples=120)
def test_any_key(name: str, changes: dict[str, Any], algorithm: str) -> None:
    """A damaged key verifies nothing but what the true one would: with a part of it gone, there is nothing to find."""
    shown = {**public(name), **changes}
    found = read(unsigned({**TRUE, "auth_time": NOW}, algorithm, b"x" * 64), shown)
    assert found is None


@given(st.text(max_size=60) | st.text(alphabet="ab.", max_size=20))
def test_any_text(token: str) -> None:
    assert read(token) is None


@given(st.binary(max_size=60) | JSON.map(lambda said: json.dumps(said).encode()))
def test_any_document(raw: bytes) -> None:
    found = parsed(raw)
    assert found is None or isinstance(found, dict)
    try:
        assert document(Answer(200, "application/json", raw), "it") == found
    except RemoteError:
        assert found is None


@pytest.mark.parametrize("algorithms", [[], None, ["ES256"]])
def test_the_library_may_do_nothing_that_was_not_said(algorithms: Any) -> None:
    """joserfc takes its own recommendations, HS256 among them, for an empty list."""
    registry = id_token._Registry(algorithms=algorithms)
    for name in ("HS256", "none", "RS256"):
        with pytest.raises(UnsupportedAlgorithmError):
            registry.get_alg(name)


def test_a_private_key_that_a_provider_shows_is_used_as_a_public_one() -> None:
    shown = {**keys()["r"].as_dict(private=True)}
    assert "d" in shown
    assert read(signed({**TRUE, "auth_time": NOW}), shown) is not None
