"""The door of joserfc: signed texts for access tokens (RFC 9068), with nothing in them that chooses how they are verified.

The header of a token of ours is a constant for each key. So the header that somebody presents is never read: it is looked up among those
that this site writes, and the key and the algorithm come from there. `alg: none`, another algorithm, a foreign `kid`, `crit`, an embedded
`jwk`, `jku`, `x5u`, `zip` and everything that is encrypted are thereby not known here (CVE-2026-32597, CVE-2024-33663, CVE-2024-33664).
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any, NamedTuple

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey
from joserfc.jws import JWSRegistry

from buckler.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.sign import Keys

TYPE = "at+jwt"  # RFC 9068, section 2.1: so that no other kind of token is taken for one that gives access
MAX_CHARS = 4096  # of a whole token; ours have some 600 and, with all the scopes that one may have, under 3,000
_PURPOSE = "tokens.access"
_KEY_ID_BYTES = 6
_CURVES = {"Ed25519": "Ed25519", "P-256": "ES256"}  # curve → algorithm, by its full name: RFC 9864 retired `EdDSA`


class _Key(NamedTuple):
    key: OctKey | OKPKey | ECKey
    header: dict[str, str]
    registry: JWSRegistry


class Signer:
    """Makes and reads the tokens of one site: with keys derived from its secrets, or with its own private keys, the newest first."""

    __slots__ = ("_keys", "_newest")

    def __init__(self, keys: Keys, signing_keys: Sequence[str] = ()) -> None:
        made = [_own(pem) for pem in signing_keys] or [_derived(raw) for raw in keys.proofs(_PURPOSE, b"")]
        self._newest = made[0]
        self._keys = {_header_of(key): key for key in made}

    def mint(self, claims: dict[str, Any]) -> str:
        """Return the signed token."""
        key = self._newest
        return jwt.encode(key.header, claims, key.key, registry=key.registry, default_type=None)

    def read(self, text: str) -> dict[str, Any] | None:
        """Return the claims of a token that was signed here; None for every other text. Whether they hold is for the caller to judge."""
        key = self._keys.get(text.partition(".")[0]) if len(text) <= MAX_CHARS and text.isascii() else None
        if key is None:
            return None
        try:
            return jwt.decode(text, key.key, registry=key.registry).claims
        except (JoseError, ValueError, RecursionError):  # the last one: of claims within claims, a thousand deep
            return None

    def __repr__(self) -> str:
        return f"Signer({len(self._keys)})"


def own_key(pem: str) -> OKPKey | ECKey:
    """Return a private key, Ed25519 or P-256. Raises ConfigError, which does not show it, for everything else."""
    for kind in (OKPKey, ECKey):
        try:
            key: OKPKey | ECKey = kind.import_key(pem)
        except (JoseError, ValueError, TypeError):  # the last one: of a key that is locked by a password
            continue
        if key.is_private and key.curve_name in _CURVES:
            return key
    fix = "give private keys in PEM, Ed25519 or P-256, as from `openssl genpkey -algorithm ed25519`"
    raise ConfigError("Tokens.signing_keys", "…", fix)


def public_keys(signing_keys: Sequence[str]) -> dict[str, Any]:
    """Return the JWK set (RFC 7517) by which other services verify: public halves, `kid` by RFC 7638. Empty when tokens are signed with
    the site's secrets, which nobody else may have."""
    found: list[Key] = []
    for key in map(own_key, signing_keys):
        kind = type(key)
        parts = key.as_dict(private=False)
        found.append(kind.import_key(parts, {"use": "sig", "alg": _CURVES[key.curve_name]}))
    return dict(KeySet(found).as_dict(private=False))


def _own(pem: str) -> _Key:
    key = own_key(pem)
    return _key(key, _CURVES[key.curve_name], key.thumbprint())


def _derived(raw: bytes) -> _Key:
    name = urlsafe_b64encode(hmac.digest(raw, b"buckler/tokens/id", "sha256")[:_KEY_ID_BYTES]).decode()
    return _key(OctKey.import_key(raw), "HS256", name)


def _key(key: OctKey | OKPKey | ECKey, algorithm: str, name: str) -> _Key:
    return _Key(key, {"typ": TYPE, "alg": algorithm, "kid": name}, JWSRegistry(algorithms=[algorithm]))


def _header_of(key: _Key) -> str:
    """Return the header as it stands in every token of this key: the library writes it, so that there is nothing to agree on."""
    return jwt.encode(key.header, {}, key.key, registry=key.registry, default_type=None).partition(".")[0]
