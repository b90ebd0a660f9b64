"""Every lie that a provider, or somebody in its name, can tell: name → what it is, and part of the reason that the operator reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.accounts.providers.evil import Said, half, public, signed, unpadded, unsigned, with_public_key_as_secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.accounts.providers.evil import Evil

DISCOVERY = "/.well-known/openid-configuration"
OTHER = "https://other.example"


def claims(**changes: Any) -> Callable[[Evil], None]:
    return lambda evil: evil.claims.update(changes)


def at(name: str, seconds: float) -> Callable[[Evil], None]:
    return lambda evil: evil.claims.update({name: evil.clock.now() + seconds})


def token(sign: Callable[[dict[str, Any]], str]) -> Callable[[Evil], None]:
    return lambda evil: setattr(evil, "sign", sign)


def word(text: str) -> Callable[[Evil], None]:
    """This, in place of a token."""
    return lambda evil: setattr(evil, "sign", lambda _: text)


def set_of_keys(*shown: Any) -> Callable[[Evil], None]:
    return lambda evil: setattr(evil, "keys", list(shown))


def tokens(**changes: Any) -> Callable[[Evil], None]:
    return lambda evil: evil.tokens.update(changes)


def answer(**changes: str | None) -> Callable[[Evil], None]:
    return lambda evil: evil.answer.update(changes)


def says(path: str, body: bytes = b"{}", *rest: Any) -> Callable[[Evil], None]:
    return lambda evil: evil.lies.update({path: Said(body, *rest)})


def document(**changes: Any) -> Callable[[Evil], None]:
    return lambda evil: evil.discovery.update(changes)


def both(*lies: Callable[[Evil], None]) -> Callable[[Evil], None]:
    def tell(evil: Evil) -> None:
        for lie in lies:
            lie(evil)

    return tell


def told(**changes: Any) -> Callable[[Evil], None]:
    return both(claims(email=None, email_verified=None), lambda evil: evil.told.update(changes))


def _head(**changes: Any) -> str:
    return unsigned({}, "RS256").partition(".")[0] if not changes else signed({}, **changes).partition(".")[0]


def _raw(head: str, payload: str) -> str:
    return f"{head}.{payload}.{unpadded(b'x' * 256)}"


DEEP = b"[" * 30_000
REFUSED: dict[str, tuple[Callable[[Evil], None], str]] = {
    # whose token it is, and for whom
    "iss_of_another": (claims(iss=OTHER), "iss is wrong"),
    "iss_with_a_slash_more": (lambda evil: evil.claims.update(iss=evil.url + "/"), "iss is wrong"),
    "iss_absent": (claims(iss=None), "iss is wrong"),
    "iss_a_list": (lambda evil: evil.claims.update(iss=[evil.url]), "iss is wrong"),
    "sub_absent": (claims(sub=None), "sub is wrong"),
    "sub_empty": (claims(sub=""), "sub is wrong"),
    "sub_a_number": (claims(sub=7), "sub is wrong"),
    "sub_too_long": (claims(sub="a" * 256), "sub is wrong"),
    "sub_not_ascii": (claims(sub="mir\u0430"), "sub is wrong"),
    "sub_with_a_line_break": (claims(sub="mira\n"), "sub is wrong"),
    "aud_of_another": (claims(aud="another"), "aud is wrong"),
    "aud_absent": (claims(aud=None), "aud is wrong"),
    "aud_empty": (claims(aud=[]), "aud is wrong"),
    "aud_a_prefix": (claims(aud="shop.evil"), "aud is wrong"),
    "aud_with_a_stranger": (claims(aud=["shop", "another"], azp="shop"), "aud is wrong"),
    "aud_with_an_object": (claims(aud=["shop", {}], azp="shop"), "aud is wrong"),
    "aud_several_without_azp": (claims(aud=["shop", "friend"]), "azp is wrong"),
    "azp_of_another": (claims(azp="another"), "azp is wrong"),
    "azp_null_is_no_azp": (claims(aud=["shop", "friend"], azp=0), "azp is wrong"),
    # when
    "exp_past": (at("exp", -61), "exp is wrong"),
    "exp_absent": (claims(exp=None), "exp is wrong"),
    "exp_a_text": (claims(exp="9999999999"), "exp is wrong"),
    "exp_true": (claims(exp=True), "exp is wrong"),
    "exp_not_a_number": (claims(exp=float("nan")), "exp is wrong"),
    "exp_endless": (claims(exp=float("inf")), "exp is wrong"),
    "exp_huge": (claims(exp=10**400), "exp is wrong"),
    "iat_absent": (claims(iat=None), "iat is wrong"),
    "iat_to_come": (at("iat", 61), "iat is wrong"),
    "iat_long_ago": (at("iat", -661), "iat is wrong"),
    "nbf_to_come": (at("nbf", 61), "nbf is wrong"),
    "nbf_a_text": (claims(nbf="0"), "nbf is wrong"),
    # what it belongs to
    "nonce_of_another": (claims(nonce="another"), "nonce is wrong"),
    "nonce_absent": (claims(nonce=None), "nonce is wrong"),
    "nonce_odd": (claims(nonce="\ud800"), "nonce is wrong"),
    "nonce_a_list": (lambda evil: setattr(evil, "sign", lambda said: signed({**said, "nonce": [said["nonce"]]})), "nonce is wrong"),
    "at_hash_of_another": (claims(at_hash=half("another")), "at_hash is wrong"),
    "at_hash_whole": (claims(at_hash=half("another") * 2), "at_hash is wrong"),
    "at_hash_a_number": (claims(at_hash=5), "at_hash is wrong"),
    # how it is signed
    "alg_none": (token(unsigned), "not signed as the provider announced"),
    "alg_None": (token(lambda said: unsigned(said, "None")), "not signed as the provider announced"),
    "alg_a_list": (token(lambda said: unsigned(said, ["RS256"])), "not signed as the provider announced"),
    "alg_absent": (word(_raw(unpadded(b'{"kid": "r"}'), unpadded(b"{}"))), "malformed: Missing"),
    "hs256_with_the_public_key": (token(with_public_key_as_secret), "not signed as the provider announced"),
    "alg_not_announced": (
        both(document(id_token_signing_alg_values_supported=["ES256"]), token(signed)),
        "not signed as the provider announced",
    ),
    "no_signature": (token(lambda said: unsigned(said, "RS256")), "signature is wrong"),
    "signature_of_another_key": (token(lambda said: signed(said, "other", kid="r")), "signature is wrong"),
    "signature_of_other_claims": (
        token(lambda said: signed({**said, "sub": "eve"}).rpartition(".")[0] + "." + signed(said).rpartition(".")[2]),
        "signature is wrong",
    ),
    "key_in_the_header": (token(lambda said: signed(said, "other", kid="r", jwk=public("other"))), "signature is wrong"),
    "key_at_an_address": (token(lambda said: signed(said, "other", kid="r", jku=OTHER)), "signature is wrong"),
    "ps256_said_rs256_done": (
        token(lambda said: signed(said).replace(signed(said).split(".")[0], _head(alg="PS256", kid="r"))),
        "signature is wrong",
    ),
    "kid_unknown": (token(lambda said: signed(said, kid="unknown")), "none of the provider's keys"),
    "kid_of_another_kind": (token(lambda said: signed(said, kid="e")), "none of the provider's keys"),
    "kid_a_number": (token(lambda said: signed(said, kid=5)), "key id is no text"),
    "kid_absent_with_two_keys": (
        both(set_of_keys(public("r"), public("other", kid="s")), token(lambda said: signed(said, kid=None))),
        "2 of the provider's keys",
    ),
    "kid_twice": (set_of_keys(public("r"), public("other")), "2 of the provider's keys"),
    "key_for_encryption": (set_of_keys(public("r", use="enc")), "none of the provider's keys"),
    "key_for_another_algorithm": (set_of_keys(public("r", alg="PS256")), "none of the provider's keys"),
    "key_for_other_work": (set_of_keys(public("r", key_ops=["wrapKey"])), "none of the provider's keys"),
    "key_for_odd_work": (set_of_keys(public("r", key_ops="verify")), "none of the provider's keys"),
    "key_symmetric": (
        both(set_of_keys({"kty": "oct", "kid": "r", "k": "AAAA"}), token(with_public_key_as_secret)),
        "not signed as the provider announced",
    ),
    "key_symmetric_by_rs256": (set_of_keys({"kty": "oct", "kid": "r", "k": "AAAA"}), "none of the provider's keys"),
    "key_short": (set_of_keys(public("r", n="x" * 170)), "none of the provider's keys"),
    "key_huge": (set_of_keys(public("r", n="x" * 5_000)), "none of the provider's keys"),
    "key_with_a_huge_exponent": (set_of_keys(public("r", e="x" * 400)), "none of the provider's keys"),
    "key_without_its_modulus": (set_of_keys({"kty": "RSA", "kid": "r", "e": "AQAB"}), "none of the provider's keys"),
    "key_even": (set_of_keys(public("r", e="AAAA")), "malformed: ValueError"),
    "key_of_numbers": (set_of_keys(public("r", n=5)), "none of the provider's keys"),
    "key_not_on_its_curve": (
        both(set_of_keys(public("e", y="A" * 43)), token(lambda said: signed(said, "e", "ES256"))),
        "malformed: ValueError",
    ),
    "key_on_another_curve": (
        both(set_of_keys(public("p384")), token(lambda said: signed(said, "e", "ES256", kid="p384"))),
        "none of the provider's keys",
    ),
    "key_for_agreement": (
        both(set_of_keys(public("x")), token(lambda said: signed(said, "o", "EdDSA", kid="x"))),
        "none of the provider's keys",
    ),
    # what else a token may be
    "crit_unknown": (token(lambda said: signed(said, crit=["exp"], exp=0)), "asks for what is not known"),
    "crit_known_to_the_library": (token(lambda said: signed(said, crit=["b64"], b64=True)), "asks for what is not known"),
    "crit_empty": (token(lambda said: signed(said, crit=[])), "asks for what is not known"),
    "payload_not_encoded": (token(lambda said: signed(said, b64=True)), "asks for what is not known"),
    "access_token_as_id_token": (token(lambda said: signed(said, typ="at+jwt")), "of another kind"),
    "logout_token_as_id_token": (token(lambda said: signed(said, typ="logout+jwt")), "of another kind"),
    "typ_a_number": (token(lambda said: signed(said, typ=5)), "of another kind"),
    "claims_a_list": (token(lambda said: signed([said])), "is no JSON object"),
    "claims_deep": (word(_raw(_head(), unpadded(DEEP[:9_000]))), "signature is wrong"),
    "header_a_list": (word(_raw(unpadded(b'["alg"]'), unpadded(b"{}"))), "header is no JSON object"),
    "header_deep": (word(_raw(unpadded(DEEP[:2_900]), unpadded(b"{}"))), "malformed"),
    "header_no_json": (word(_raw("!!", "!!")), "malformed"),
    "payload_no_base64": (word(_raw(_head(), "\x7f")), "malformed"),
    "encrypted": (word("a.b.c.d.e"), "malformed"),
    "two_parts": (word("a.b"), "malformed"),
    "token_empty": (word(""), "malformed"),
    "token_not_ascii": (word("\u0430.b.c"), "malformed"),
    "token_large": (token(lambda said: signed({**said, "x": "x" * 40_000})), "malformed"),
    "header_large": (token(lambda said: signed(said, x="x" * 5_000)), "malformed"),
    # what comes with it
    "token_type_of_another_kind": (tokens(token_type="mac"), "lacks one"),
    "token_type_absent": (tokens(token_type=None), "lacks one"),
    "id_token_absent": (tokens(id_token=None), "lacks one"),
    "access_token_absent": (tokens(access_token=None), "could not be written into a header"),
    "access_token_with_a_line_break": (tokens(access_token="a\r\nb: c"), "could not be written into a header"),
    "code_refused": (says("/token", b'{"error": "invalid_grant"}', 400), "the code was refused: 'invalid_grant'"),
    "code_refused_without_a_word": (says("/token", b"no", 400, "text/plain"), "the code was refused: None"),
    "told_of_somebody_else": (told(sub="eve"), "told of another person"),
    "told_of_nobody": (told(sub=None), "told of another person"),
    # the answer that the browser brings
    "answer_of_another": (answer(iss=OTHER), "another issuer"),
    "answer_without_its_issuer": (answer(iss=None), "another issuer"),
    "answer_without_its_issuer_is_an_error_too": (answer(iss=None, code=None, error="access_denied"), "another issuer"),
    "answer_of_another_where_none_is_announced": (
        both(document(authorization_response_iss_parameter_supported=None), answer(iss=OTHER)),
        "another issuer",
    ),
    "answer_with_an_error": (answer(code=None, error="server_error\x1b[2J", error_description="<b>"), "answered 'server_error"),
    "answer_without_a_code": (answer(code=None), "has no code"),
    "answer_with_an_empty_code": (answer(code=""), "has no code"),
    "answer_with_a_long_code": (answer(code="x" * 4_097), "has no code"),
}


UNREACHABLE: dict[str, tuple[Callable[[Evil], None], str]] = {
    "issuer_of_another": (document(issuer=OTHER), "another issuer"),
    "issuer_with_a_slash_more": (lambda evil: evil.discovery.update(issuer=evil.url + "/"), "another issuer"),
    "issuer_absent": (document(issuer=None), "another issuer"),
    "no_https_for_tokens": (document(token_endpoint="http://idp.example/token"), "token_endpoint"),
    "no_https_for_people": (document(authorization_endpoint="http://idp.example/auth"), "authorization_endpoint"),
    "no_https_for_keys": (document(jwks_uri="http://idp.example/jwks"), "jwks_uri"),
    "no_https_for_facts": (document(userinfo_endpoint="http://idp.example/me"), "userinfo_endpoint"),
    "an_address_that_is_a_script": (document(authorization_endpoint="javascript:alert(1)"), "authorization_endpoint"),
    "an_address_that_is_a_file": (document(jwks_uri="file:///etc/passwd"), "jwks_uri"),
    "an_address_that_is_none": (document(token_endpoint=5), "token_endpoint"),
    "no_algorithm_of_ours": (document(id_token_signing_alg_values_supported=["none", "HS256"]), "signs with none of"),
    "no_algorithm_at_all": (document(id_token_signing_alg_values_supported=None), "signs with none of"),
    "algorithms_no_list": (document(id_token_signing_alg_values_supported="RS256"), "signs with none of"),
    "no_code_flow": (document(response_types_supported=["id_token", 5]), "authorization code flow"),
    "document_no_json": (says(DISCOVERY, b"<html>"), "no JSON object"),
    "document_a_list": (says(DISCOVERY, b"[]"), "no JSON object"),
    "document_deep": (says(DISCOVERY, DEEP), "no JSON object"),
    "document_of_another_kind": (says(DISCOVERY, b"{}", 200, "text/html"), "is not application/json"),
    "document_not_found": (says(DISCOVERY, b"{}", 404), "status 404"),
    "document_elsewhere": (says(DISCOVERY, b"{}", 302, "application/json", f"location: {OTHER}"), "status 302"),
    "document_large": (says(DISCOVERY, b" " * 65_537), "more than 65536 bytes"),
    "document_slow": (lambda evil: evil.wait_s.update({DISCOVERY: 600}), "took more than"),
    "keys_no_json": (says("/jwks", b"<html>"), "no JSON object"),
    "keys_no_list": (says("/jwks", b'{"keys": {}}'), "no list"),
    "keys_without_end": (set_of_keys(*[{}] * 101), "no list of at most"),
    "keys_large": (says("/jwks", b" " * 65_537), "more than 65536 bytes"),
    "keys_of_another_kind": (says("/jwks", b'{"keys": []}', 200, "text/html"), "is not application/json"),
    "keys_elsewhere": (says("/jwks", b"{}", 301, "application/json", f"location: {OTHER}"), "status 301"),
    "keys_slow": (lambda evil: evil.wait_s.update({"/jwks": 600}), "took more than"),
    "keys_gone": (says("/jwks", b"", 500), "status 500"),
    "tokens_slow": (lambda evil: evil.wait_s.update({"/token": 600}), "took more than"),
    "tokens_elsewhere": (says("/token", b"{}", 307, "application/json", f"location: {OTHER}"), "status 307"),
    "tokens_failed": (says("/token", b"{}", 502), "status 502"),
    "tokens_of_another_kind": (says("/token", b"{}", 200, "text/html"), "is not application/json"),
    "tokens_no_json": (says("/token", b"[1]"), "no JSON object"),
    "tokens_large": (says("/token", b" " * 65_537), "more than 65536 bytes"),
    "facts_failed": (both(told(), says("/me", b"{}", 500)), "status 500"),
    "facts_signed_by_nobody_knows": (both(told(), says("/me", b"a.b.c", 200, "application/jwt")), "is not application/json"),
}
