"""A configuration that cannot work stops the start (GHSA-8fpg-xm3f-6cx3)."""

from __future__ import annotations

import ssl
from typing import Any

import pytest

from buckler.accounts.providers import Provider
from buckler.errors import ConfigError

GOOD: dict[str, Any] = {
    "name": "idp",
    "label": "Example ID",
    "issuer": "https://idp.example",
    "client_id": "shop",
    "client_secret": "s3cret-value",
}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"name": "example-id-2"},
        {"issuer": "https://idp.example:8443/realms/one"},
        {"token_auth": "client_secret_post"},
        {"token_auth": "none", "client_secret": ""},
        {"scopes": ("openid",)},
        {"max_age_s": 0},
        {"prompt": "login"},
        {"trusted_audiences": ["friend"]},
        {"tls": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)},
        {"issuer": "http://localhost:9000", "insecure_http_on_loopback": True},
    ],
)
def test_configurations_that_work(changes: dict[str, Any]) -> None:
    assert Provider(**{**GOOD, **changes}).name


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *[("name", value) for value in (None, "", "Example", "a b", "a/b", "..", "-a", "a-", "a_b", "a" * 101, "é")],
        *[(name, value) for name in ("label", "client_id") for value in (None, "", " ", "a ", "a\n", "a\x00", 5)],
        *[("issuer", value) for value in (None, "", "idp.example", "http://idp.example", "https://", "https://idp.example/?x=1")],
        *[("issuer", value) for value in ("https://idp.example/#x", "https://a:b@idp.example", "http://localhost:9000", 5)],
        *[("client_secret", value) for value in (None, "", "s3cret-value\n", " s3cret-value", "s3cret\x00value", 5)],
        *[("token_auth", value) for value in (None, "", "basic", "private_key_jwt")],
        *[("scopes", value) for value in ((), ["email"], "openid", ["openid", "a b"], ["openid", ""], ["openid", 'a"'], None)],
        *[("max_age_s", value) for value in (-1, 1.5, True, "60")],
        *[("timeout_s", value) for value in (0, -1, None, "5", True)],
        *[("prompt", value) for value in ("none", "Login", None)],
        *[("trusted_audiences", value) for value in ("friend", [5], None)],
    ],
)
def test_configurations_that_do_not(option: str, value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        Provider(**{**GOOD, option: value})
    assert caught.value.option == f"Provider.{option}"
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("option", ["name", "label", "issuer", "client_id"])
def test_what_is_left_out_stops_the_start(option: str) -> None:
    with pytest.raises(TypeError, match=option):
        Provider(**{name: value for name, value in GOOD.items() if name != option})


@pytest.mark.parametrize("changes", [{"client_secret": ""}, {"token_auth": "none"}])
def test_a_secret_and_how_it_is_used_belong_together(changes: dict[str, Any]) -> None:
    """An environment that lost the secret must not make a client without one."""
    with pytest.raises(ConfigError) as caught:
        Provider(**{**GOOD, **changes})
    assert caught.value.option == "Provider.client_secret"


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(ConfigError, match="client_secret"):
        Provider(**{**GOOD, "client_secrets": "x"})


def test_the_secret_is_never_printed() -> None:
    assert "s3cret" not in repr(Provider(**GOOD))


async def test_closing_what_was_never_used() -> None:
    await Provider(**GOOD).close()
