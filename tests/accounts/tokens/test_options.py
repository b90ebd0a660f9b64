from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from buckler.accounts.tokens import Tokens, public_keys
from buckler.accounts.tokens.jwt import Signer
from buckler.core.sign import Keys
from buckler.errors import ConfigError
from buckler.testing import SECRET
from tests.accounts.tokens.forge import Forge, visit_of


def _pem(kind: Any, curve: str) -> str:
    pem: bytes = kind.generate_key(curve).as_pem(private=True)
    return pem.decode()


ED, EC = _pem(OKPKey, "Ed25519"), _pem(ECKey, "P-256")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"prefix": "b"}, "Tokens.prefix"),
        ({"prefix": "Bk"}, "Tokens.prefix"),
        ({"prefix": "bk_"}, "Tokens.prefix"),
        ({"prefix": "toolongname"}, "Tokens.prefix"),
        ({"prefix": None}, "Tokens.prefix"),
        ({"scopes": "articles:read"}, "Tokens.scopes"),
        ({"scopes": ["articles:*"]}, "Tokens.scopes"),
        ({"days": 0}, "Tokens.days"),
        ({"days": 1.5}, "Tokens.days"),
        ({"days": True}, "Tokens.days"),
        ({"max_days": 30}, "Tokens.days"),
        ({"max_days": 0}, "Tokens.max_days"),
        ({"per_minute": 0}, "Tokens.per_minute"),
        ({"max_personal": -1}, "Tokens.max_personal"),
        ({"access_s": 3601}, "Tokens.access_s"),
        ({"idle_days": 31}, "Tokens.idle_days"),
        ({"on_store_failure": "shrug"}, "Tokens.on_store_failure"),
        ({"signing_keys": ED}, "Tokens.signing_keys"),
        ({"signing_keys": [ED.encode()]}, "Tokens.signing_keys"),
        ({"signing_keys": [ED, ""]}, "Tokens.signing_keys"),
        ({"signing_keys": ["-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"]}, "Tokens.signing_keys"),
        ({"signing_keys": [_pem(OKPKey, "X25519")]}, "Tokens.signing_keys"),
        ({"signing_keys": [_pem(OKPKey, "Ed448")]}, "Tokens.signing_keys"),
        ({"signing_keys": [_pem(ECKey, "P-384")]}, "Tokens.signing_keys"),
        ({"signing_keys": [RSAKey.generate_key(2048).as_pem(private=True).decode()]}, "Tokens.signing_keys"),
        ({"signing_keys": [OKPKey.generate_key("Ed25519").as_pem(private=False).decode()]}, "Tokens.signing_keys"),
        ({"signing_keys": [OKPKey.generate_key("Ed25519").as_pem(private=True, password="walrus").decode()]}, "Tokens.signing_keys"),
    ],
)
def test_options_that_cannot_work(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Tokens(**options)
    assert caught.value.option == told
    assert "PRIVATE KEY" not in str(caught.value).replace("BEGIN PRIVATE KEY-----…", "")


def test_private_keys_are_not_shown() -> None:
    assert "PRIVATE" not in repr(Tokens(signing_keys=[ED]))


@pytest.mark.parametrize(("pem", "algorithm"), [(ED, "Ed25519"), (EC, "ES256")])
def test_own_keys_sign_and_other_services_verify(pem: str, algorithm: str) -> None:
    """What another service does: the key set, the token, and the algorithm that the key is for. It has no secret of this site."""
    text = Signer(Keys([SECRET]), [pem]).mint({"sub": "mira"})
    (published,) = public_keys([pem])["keys"]
    assert published["alg"] == algorithm
    assert published["use"] == "sig"
    assert "d" not in published
    keys = KeySet.import_key_set({"keys": [published]})
    found = jwt.decode(text, keys, algorithms=[algorithm])
    assert found.claims == {"sub": "mira"}
    assert found.header == {"typ": "at+jwt", "alg": algorithm, "kid": published["kid"]}


def test_the_sites_secrets_are_never_published() -> None:
    assert public_keys(()) == {"keys": []}


def test_own_keys_are_rotated() -> None:
    keys = Keys([SECRET])
    old = Signer(keys, [ED]).mint({"sub": "mira"})
    both = Signer(keys, [EC, ED])
    assert both.read(old) == {"sub": "mira"}
    assert both.read(both.mint({"sub": "noor"})) == {"sub": "noor"}
    assert Signer(keys, [EC]).read(old) is None
    assert [item["alg"] for item in public_keys([EC, ED])["keys"]] == ["ES256", "Ed25519"]


def test_secrets_are_rotated() -> None:
    old = Signer(Keys([SECRET])).mint({"sub": "mira"})
    assert Signer(Keys(["n" * 32, SECRET])).read(old) == {"sub": "mira"}
    assert Signer(Keys(["n" * 32])).read(old) is None


def test_a_token_with_all_the_scopes_that_one_may_have_can_be_read() -> None:
    visit = visit_of()
    forge = Forge(visit)
    scopes = " ".join(f"{number:02}" + "s" * 98 for number in range(20))
    text = forge.claimed(scope=scopes, iss="https://" + "h" * 200, aud="https://" + "h" * 200)
    assert Signer(visit.site.keys).read(text) is not None
    assert len(text) < 3_900
