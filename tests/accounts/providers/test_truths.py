"""What an honest provider may do, and what of it counts: algorithms, keys, audiences, e-mail addresses, names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from buckler.accounts.problems import AccountError
from buckler.accounts.providers import flow
from buckler.accounts.providers.remote import FRESH_S, MAX_KEYS, PAUSE_S
from tests.accounts.providers.evil import ACCESS, half, public, signed

if TYPE_CHECKING:
    from tests.accounts.providers.scene import Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("name", "algorithm", "hash_name"),
    [
        ("r", "RS256", "sha256"),
        ("r", "PS256", "sha256"),
        ("e", "ES256", "sha256"),
        ("o", "EdDSA", "sha512"),
        ("o", "Ed25519", "sha512"),
    ],
)
async def test_every_algorithm_of_ours(name: str, algorithm: str, hash_name: str, scene: Scene) -> None:
    scene.evil.claims["at_hash"] = half(ACCESS, hash_name)
    scene.evil.sign = lambda said: signed(said, name, algorithm)
    assert (await scene.tried()).subject == "mira"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["shop"]},
        {"aud": ["shop", "friend"], "azp": "shop"},
        {"azp": "shop"},
        {"at_hash": None},
        {"nbf": 0},
        {"exp": 2**52 + 0.5},
        {"sub": "a" * 255},
    ],
)
async def test_honest_claims(changes: dict[str, Any], scene: Scene) -> None:
    scene.evil.claims.update(changes)
    assert (await scene.tried(trusted_audiences=["friend"])).provider == "evil"


@pytest.mark.parametrize(("name", "seconds"), [("iat", 59), ("iat", -659), ("exp", -59), ("nbf", 59)])
async def test_a_clock_that_is_a_little_wrong(name: str, seconds: float, scene: Scene) -> None:
    scene.evil.claims[name] = scene.stage.clock.now() + seconds
    assert (await scene.tried()).subject == "mira"


@pytest.mark.parametrize("header", [{"typ": None}, {"typ": "jwt"}, {"x5t": "abc"}])
async def test_honest_headers(header: dict[str, Any], scene: Scene) -> None:
    scene.evil.sign = lambda said: signed(said, **header)
    assert (await scene.tried()).subject == "mira"


async def test_one_key_needs_no_name(scene: Scene) -> None:
    scene.evil.keys = [public("r", kid=None, use=None), public("e")]
    scene.evil.keys[0] = {name: value for name, value in scene.evil.keys[0].items() if value is not None}
    scene.evil.sign = lambda said: signed(said, kid=None)
    assert (await scene.tried()).subject == "mira"


async def test_what_is_no_key_is_passed_over(scene: Scene) -> None:
    scene.evil.keys = [5, "key", {"kty": "new"}, {}, *[{}] * (MAX_KEYS - 5), public("r", d="private", key_ops=["verify"], alg="RS256")]
    assert (await scene.tried()).subject == "mira"


# ---- when they signed in there


@pytest.mark.parametrize(("ago_s", "good"), [(0, True), (360, True), (361, False), (None, False), ("0", False)])
async def test_who_must_have_signed_in_lately(ago_s: Any, good: bool, scene: Scene) -> None:
    said = scene.stage.clock.now() - ago_s if isinstance(ago_s, int) else ago_s
    scene.evil.claims["auth_time"] = said
    if good:
        assert (await scene.tried(max_age_s=300)).subject == "mira"
        return
    with pytest.raises(AccountError):
        await scene.tried(max_age_s=300)
    assert "auth_time is wrong" in scene.reasons()


# ---- e-mail addresses


@pytest.mark.parametrize(
    ("said", "email", "verified"),
    [
        ({"email_verified": True}, "mira@mail.example", True),
        ({"email_verified": False}, "mira@mail.example", False),
        ({"email_verified": None}, "mira@mail.example", False),
        ({"email_verified": "true"}, "mira@mail.example", False),
        ({"email_verified": "false"}, "mira@mail.example", False),
        ({"email_verified": 1}, "mira@mail.example", False),
        ({"email_verified": [True]}, "mira@mail.example", False),
        ({"email": "no address"}, "", False),
        ({"email": "mira@mail.example, eve@mail.example"}, "", False),
        ({"email": "mira@mail.example\nbcc: eve@mail.example"}, "", False),
        ({"email": ["mira@mail.example"]}, "", False),
        ({"email": ""}, "", False),
    ],
)
async def test_an_address_counts_when_it_is_exactly_confirmed(said: dict[str, Any], email: str, verified: bool, scene: Scene) -> None:
    """GHSA-g38m-r43w-p2q7: an address that nobody has confirmed belongs to nobody."""
    scene.evil.claims.update(said)
    claimed = await scene.tried()
    assert (claimed.email, claimed.email_verified) == (email, verified)


async def test_an_address_is_judged_after_it_is_normalised(scene: Scene) -> None:
    """GHSA-7rqj-j65f-68wh: what looks like one address must not become another one later."""
    scene.evil.claims["email"] = "\uff4dira@mail.example"
    assert (await scene.tried()).email == "mira@mail.example"
    scene.evil.claims["email"] = "mira@mail.example\uff20evil.example"
    assert (await scene.tried()).email == ""


async def test_the_address_is_asked_for_when_the_token_has_none(scene: Scene) -> None:
    scene.evil.claims.update(email=None, email_verified=None)
    claimed = await scene.tried()
    assert (claimed.email, claimed.email_verified) == ("mira@mail.example", True)
    assert any("authorization: Bearer " + ACCESS in head for head in scene.evil.heads)


async def test_confirmed_in_the_token_says_nothing_about_what_is_told_elsewhere(scene: Scene) -> None:
    scene.evil.claims.update(email=None, email_verified=True)
    scene.evil.told.update(email="eve@mail.example", email_verified=None)
    claimed = await scene.tried()
    assert (claimed.email, claimed.email_verified) == ("eve@mail.example", False)


@pytest.mark.parametrize(("scopes", "userinfo"), [(["openid"], True), (["openid", "email"], False)])
async def test_nobody_is_asked_for_what_is_not_needed_or_not_offered(scopes: list[str], userinfo: bool, scene: Scene) -> None:
    scene.evil.claims.update(email=None)
    if not userinfo:
        scene.evil.discovery["userinfo_endpoint"] = None
    assert (await scene.tried(scopes=scopes)).email == ""
    assert "/me" not in scene.evil.asked


@pytest.mark.parametrize(
    ("said", "name"),
    [("Mira  Holm", "Mira Holm"), ("x" * 200, "x" * 100), ("Mira\x1b[2J", ""), ("a\u202eb", ""), (None, ""), (7, ""), ("", "")],
)
async def test_a_name_is_one_printable_line(said: Any, name: str, scene: Scene) -> None:
    scene.evil.claims["name"] = said
    assert (await scene.tried()).name == name


# ---- keys that change, and what is asked how often


async def test_what_is_known_is_not_asked_again(scene: Scene) -> None:
    provider = scene.provider()
    for _ in range(3):
        await scene.tried(provider)
    assert scene.evil.asked.count("/jwks") == 1
    assert scene.evil.asked.count("/.well-known/openid-configuration") == 1
    scene.stage.clock.move(FRESH_S)
    await scene.tried(provider)
    assert scene.evil.asked.count("/jwks") == 2
    assert scene.evil.asked.count("/.well-known/openid-configuration") == 2


async def test_new_keys_are_found_at_once_and_withdrawn_ones_end(scene: Scene) -> None:
    provider = scene.provider()
    await scene.tried(provider)
    scene.stage.clock.move(PAUSE_S)
    scene.evil.keys = [public("other", kid="new")]
    scene.evil.sign = lambda said: signed(said, "other", kid="new")
    assert (await scene.tried(provider)).subject == "mira"
    scene.evil.sign = signed
    with pytest.raises(AccountError):
        await scene.tried(provider)
    assert "none of the provider's keys" in scene.reasons()


async def test_a_flood_of_unknown_keys_asks_once_a_minute(scene: Scene) -> None:
    provider = scene.provider()
    await scene.tried(provider)
    scene.stage.clock.move(PAUSE_S)
    for number in range(20):
        scene.evil.sign = lambda said, number=number: signed(said, kid=f"flood-{number}")  # type: ignore[misc]  # binds the loop's value
        with pytest.raises(AccountError):
            await scene.tried(provider)
    assert scene.evil.asked.count("/jwks") == 2


async def test_a_failure_is_not_asked_for_again_at_once(scene: Scene) -> None:
    """Whoever comes while it is down waits for nothing."""
    provider = scene.provider()
    scene.evil.discovery["issuer"] = "https://other.example"
    for _ in range(3):
        with pytest.raises(AccountError) as caught:
            await scene.begun(provider)
        assert caught.value.problem is flow.UNREACHABLE
    assert scene.evil.asked.count("/.well-known/openid-configuration") == 1
    scene.evil.turn_honest()
    scene.stage.clock.move(caught.value.retry_s)
    assert (await scene.tried(provider)).subject == "mira"


# ---- how the client proves itself


async def test_the_secret_is_where_it_was_said_to_be(scene: Scene) -> None:
    await scene.tried(client_secret="a b:c%")
    assert "authorization: Basic c2hvcDphK2IlM0FjJTI1" in next(head for head in scene.evil.heads if head.startswith("POST"))
    assert not {"client_secret", "client_id"} & set(scene.evil.forms[1])
    scene.evil.turn_honest()
    await scene.tried(client_secret="a b:c%", token_auth="client_secret_post")
    assert (scene.evil.forms[1]["client_id"], scene.evil.forms[1]["client_secret"]) == ("shop", "a b:c%")
    assert not any("authorization" in head for head in scene.evil.heads)
    scene.evil.turn_honest()
    await scene.tried(client_secret="", token_auth="none")
    assert scene.evil.forms[1]["client_id"] == "shop"
    assert "client_secret" not in scene.evil.forms[1]
