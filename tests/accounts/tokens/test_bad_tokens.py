"""Whatever is wrong with a token, it is refused, and in one way."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, OKPKey

from buckler.accounts.problems import AccountError
from buckler.accounts.tokens import Tokens, owner_of
from buckler.accounts.tokens.jwt import Signer
from buckler.accounts.tokens.problems import TOKEN_INVALID
from buckler.core.sign import Keys
from buckler.stores.memory import Memory
from buckler.testing import SECRET
from tests.accounts.tokens.forge import BAD, CLAIMS, FAMILY, HEADERS, PERSON, SHAPES, SIGNATURES, Forge, b64, visit_of

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit
    from buckler.core.store import Op, Reply

MOST_S = 5.0  # processor time for the worst of them; the packed bomb and the slow derivation would take minutes


class Asked(Memory):
    """Counts what it is asked."""

    trips = 0

    def at_once(self, ops: list[Op]) -> list[Reply]:
        self.trips += 1
        return super().at_once(ops)


async def _refused(visit: Visit, text: str) -> AccountError:
    with pytest.raises(AccountError) as caught:
        await owner_of(visit, text)
    return caught.value


async def test_the_true_token_is_taken() -> None:
    """Without it the table would prove nothing."""
    visit = visit_of()
    signed = await owner_of(visit, Forge(visit).signed())
    assert (signed.person_id, signed.how, signed.token_id) == (PERSON, "access_token", str(FAMILY))
    assert signed.scopes == frozenset({"articles:read"})


async def test_a_header_is_what_the_signer_writes() -> None:
    """The table is made by hand: its header must be the library's, letter by letter."""
    visit = visit_of()
    forge = Forge(visit)
    assert Signer(visit.site.keys).mint(forge.claims) == forge.signed()


def test_the_table_is_long_and_names_are_used_once() -> None:
    assert len(BAD) == len(SHAPES) + len(SIGNATURES) + len(HEADERS) + len(CLAIMS) >= 120


@pytest.mark.parametrize("name", BAD)
async def test_bad_token(name: str) -> None:
    """CVE-2026-32597 (`crit`), CVE-2024-33663 (confusion), CVE-2024-33664 (packed bomb), and their relatives."""
    store = Asked()
    visit = visit_of(store=store)
    text = BAD[name](Forge(visit))
    began_s = time.process_time()
    error = await _refused(visit, text)
    assert time.process_time() - began_s < MOST_S
    assert (error.problem, error.field, error.retry_s, error.values, str(error)) == (TOKEN_INVALID, "", 0.0, {}, "account.token_invalid")
    assert error.__cause__ is None
    assert store.trips == 0, "attack traffic asks no store"


@pytest.mark.parametrize("kind", [OKPKey, ECKey])
async def test_a_public_key_is_no_secret(kind: Any) -> None:
    """CVE-2024-33663: where tokens are signed with a private key, one that is signed by HMAC with the public key is nobody's."""
    key = kind.generate_key("Ed25519" if kind is OKPKey else "P-256")
    visit = visit_of(Tokens(signing_keys=[key.as_pem(private=True).decode()]))
    forge = Forge(visit)
    header = Signer(visit.site.keys, visit.accounts.tokens.signing_keys).mint(forge.claims).partition(".")[0]
    public = [
        key.as_pem(private=False),
        key.as_pem(private=False).strip(),
        key.as_der(private=False),
        b64(key.as_dict(private=False)).encode(),
    ]
    for secret in public:
        for head in (forge.head, forge.head | {"kid": key.thumbprint()}):
            await _refused(visit, forge.signed(head, key=secret))
        said = f"{header}.{b64(forge.claims)}"
        await _refused(visit, f"{said}.{forge.signed(key=secret).rpartition('.')[2]}")
    await _refused(visit, forge.signed())  # nor by the site's secrets, which sign nothing here


async def test_another_site_with_the_same_secrets() -> None:
    """Staging and production must not share secrets; when they do, a token is still for one of them."""
    visit = visit_of()
    text = Forge(visit).signed()
    for other in (Tokens(issuer="https://staging.example"), Tokens(audience="https://api.example")):
        await _refused(visit_of(other), text)


async def test_a_changed_character_anywhere() -> None:
    visit = visit_of()
    text = Forge(visit).signed()
    for at in range(len(text)):
        for char in "A.-":
            if text[at] != char:
                await _refused(visit, text[:at] + char + text[at + 1 :])


@given(st.text(max_size=300))
async def test_any_text_is_refused_in_one_way(text: str) -> None:
    assert (await _refused(visit_of(), text)).problem is TOKEN_INVALID


@given(st.binary(max_size=200), st.binary(max_size=40))
async def test_any_claims_and_signature_under_a_true_header(claims: bytes, signature: bytes) -> None:
    visit = visit_of()
    head = Forge(visit).parts()[0]
    assert (await _refused(visit, f"{head}.{b64(claims)}.{b64(signature)}")).problem is TOKEN_INVALID


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["iss", "aud", "sub", "client_id", "jti", "scope", "exp", "iat"]), json_values, min_size=1))
async def test_any_values_of_claims_under_a_true_signature(values: dict[str, Any]) -> None:
    visit = visit_of()
    forge = Forge(visit)
    text = forge.claimed(**values)
    fits = type(values.get("jti", "")) is str and type(values.get("scope", "")) is str and not values.keys() - {"jti", "scope"}
    if fits:
        await owner_of(visit, text)
    else:
        await _refused(visit, text)


def test_a_signer_shows_no_key() -> None:
    assert repr(Signer(Keys([SECRET, "o" * 32]))) == "Signer(2)"
