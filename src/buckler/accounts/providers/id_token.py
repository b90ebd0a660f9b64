"""An ID token: the provider's signed word on who came (OpenID Connect Core 1.0, section 3.1.3.7).

The signature is checked by joserfc; this file decides what joserfc may do. The algorithm is one that the provider announced *and* that is
in our list, and its key is of the type for that algorithm: so `none` and HS256 with a public key as its secret have no way in. A `crit`
header is refused whatever it names (CVE-2026-32597). The key comes from the provider's own address, never from the token (`jwk`, `jku`,
`x5u`). That the token came straight from the provider over TLS would be enough for the standard; it is not for us.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact

from buckler.accounts.providers.remote import parsed
from buckler.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.accounts.providers.provider import Provider
    from buckler.core.clock import Clock

MAX_CHARS = 32_768
LEEWAY_S = 60.0  # between their clock and ours
OLD_S = 600.0  # an ID token is made when the code is redeemed: seconds ago
_MAX_SUBJECT = 255  # OpenID Connect Core 1.0, section 2
_RSA_BYTES = range(256, 1025)  # 2048 bits: NIST SP 800-131A; more than 8192 only cost time
_MAX_EXPONENT_CHARS = 12
_PARTS = ("kty", "crv", "n", "e", "x", "y")  # of a public key: a private one's further parts are not even read
_KINDS: dict[str, tuple[type[RSAKey | ECKey | OKPKey], str]] = {
    "RS256": (RSAKey, ""),
    "PS256": (RSAKey, ""),
    "ES256": (ECKey, "P-256"),
    "EdDSA": (OKPKey, "Ed25519"),
    "Ed25519": (OKPKey, "Ed25519"),
}
_HASHES = {"EdDSA": hashlib.sha512, "Ed25519": hashlib.sha512}  # of the algorithm itself; the others: SHA-256


class _Registry(JWSRegistry):
    """joserfc's, with the algorithms of one provider alone. Given none, its own would take HS256."""

    max_header_length = 4_096
    max_payload_length = MAX_CHARS

    def get_alg(self, name: str) -> Any:
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


class Expected(NamedTuple):
    """What the token must agree with. `algorithms`: those that the provider announced, of ours."""

    algorithms: Sequence[str]
    nonce: str
    access_token: str


async def read(token: str, provider: Provider, expected: Expected, clock: Clock) -> dict[str, Any]:
    """Return the claims of a true ID token. Raises `VerificationError`, whose text is for the operator, and `RemoteError`."""
    try:
        registry = _Registry(algorithms=expected.algorithms, strict_check_header=False)
        signed = extract_compact(token.encode("ascii"), None, registry)
        algorithm, kid = _head(signed, expected.algorithms)
        key = await _key(provider, algorithm, kid, clock)
        genuine = validate_compact(signed, key, registry=registry)
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:  # whatever a library makes of nonsense
        raise VerificationError(f"the ID token is malformed: {type(error).__name__}") from None
    if not genuine:
        raise VerificationError("the ID token's signature is wrong")
    claims = parsed(signed.payload)
    if claims is None:
        raise VerificationError("the ID token is no JSON object")
    wrong = _wrong_parties(claims, provider) or _wrong_times(claims, provider, clock.now()) or _wrong_bindings(claims, expected, algorithm)
    if wrong:
        raise VerificationError(f"the ID token's {wrong} is wrong")
    return claims


def _head(signed: CompactSignature, algorithms: Sequence[str]) -> tuple[str, str | None]:
    """Return algorithm and key id."""
    header: object = signed.headers()
    if not isinstance(header, dict):
        raise VerificationError("the ID token's header is no JSON object")
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise VerificationError("the ID token is not signed as the provider announced")
    if "crit" in header or "b64" in header:
        raise VerificationError("the ID token asks for what is not known here")
    if not isinstance(kind, str) or kind.upper() != "JWT":  # a token of another kind, such as at+jwt (RFC 8725, section 3.11)
        raise VerificationError("the ID token is of another kind")
    if kid is not None and not isinstance(kid, str):
        raise VerificationError("the ID token's key id is no text")
    return algorithm, kid


async def _key(provider: Provider, algorithm: str, kid: str | None, clock: Clock) -> Key:
    """Return the one key that fits; where there is none, look once more, since the provider may have changed its keys."""
    for anew in (False, True):
        fitting = [key for key in await provider.remote.keys(clock, anew=anew) if fits(key, algorithm, kid)]
        if fitting:
            break
    if len(fitting) != 1:
        raise VerificationError(f"{len(fitting) or 'none'} of the provider's keys could have signed the ID token")
    public: Any = {part: fitting[0][part] for part in _PARTS if part in fitting[0]}
    return _KINDS[algorithm][0].import_key(public)


def fits(key: dict[str, Any], algorithm: str, kid: str | None) -> bool:
    """Whether a key of the provider's may have signed with `algorithm` (RFC 7517, section 4)."""
    kind, curve = _KINDS[algorithm]
    operations = key.get("key_ops", ["verify"])
    return (
        key.get("kty") == kind.key_type
        and key.get("crv", "") == curve
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (isinstance(operations, list) and "verify" in operations)
        and (kid is None or key.get("kid") == kid)
        and all(isinstance(key.get(part, ""), str) for part in _PARTS)
        and (kind is not RSAKey or _is_sound_rsa(key))
    )


def _is_sound_rsa(key: dict[str, Any]) -> bool:
    """Whether it is long enough to be secure, and short enough not to keep this machine busy."""
    modulus, exponent = key.get("n", ""), key.get("e", "")
    return len(modulus) * 3 // 4 in _RSA_BYTES and 0 < len(exponent) <= _MAX_EXPONENT_CHARS


def _wrong_parties(claims: dict[str, Any], provider: Provider) -> str:
    if claims.get("iss") != provider.issuer:
        return "iss"
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT or not (subject.isascii() and subject.isprintable()):
        return "sub"
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if provider.client_id not in audiences:
        return "aud"
    if any(other != provider.client_id and other not in provider.trusted_audiences for other in audiences):
        return "aud"  # section 3.1.3.7, 3: an audience that nobody here trusts
    if len(audiences) > 1 and "azp" not in claims:
        return "azp"
    return "" if claims.get("azp", provider.client_id) == provider.client_id else "azp"


def _wrong_times(claims: dict[str, Any], provider: Provider, now_s: float) -> str:
    expires_s, issued_s, since_s = _time(claims, "exp"), _time(claims, "iat"), _time(claims, "auth_time")
    if expires_s is None or expires_s <= now_s - LEEWAY_S:
        return "exp"
    if issued_s is None or not now_s - OLD_S - LEEWAY_S <= issued_s <= now_s + LEEWAY_S:
        return "iat"
    if "nbf" in claims:
        from_s = _time(claims, "nbf")
        if from_s is None or from_s > now_s + LEEWAY_S:
            return "nbf"
    if provider.max_age_s is not None and (since_s is None or now_s - since_s > provider.max_age_s + LEEWAY_S):
        return "auth_time"
    return ""


def _time(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(value) < 2**53 and math.isfinite(value) else None


def _wrong_bindings(claims: dict[str, Any], expected: Expected, algorithm: str) -> str:
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode("utf-8", "surrogatepass"), expected.nonce.encode()):
        return "nonce"
    if "at_hash" in claims:  # section 3.1.3.6: the left half of the access token's hash
        digest = _HASHES.get(algorithm, hashlib.sha256)(expected.access_token.encode("utf-8", "surrogatepass")).digest()
        half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
        if claims["at_hash"] != half:
            return "at_hash"
    return ""
