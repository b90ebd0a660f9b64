"""What goes to the browser and what comes back: the door of the library webauthn, which reads and verifies.

Before the library sees a response, its shape is judged here: strings where strings belong, of a bounded length. Whatever the library
raises then means that the response is not what it should be, whichever of its parts was the first to complain.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any, NamedTuple

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography, parse_attestation_object
from webauthn.helpers.cose import COSECRV, COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import DecodedEC2PublicKey, DecodedOKPPublicKey, DecodedRSAPublicKey
from webauthn.helpers.structs import AuthenticatorTransport, CredentialDeviceType

from buckler.accounts.passkeys.challenges import LIVES_S
from buckler.accounts.problems import AccountError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from buckler.accounts.tables import Passkey
    from buckler.core.request import Request

REFUSED = Problem("account.passkey_refused", 401, "This passkey was not accepted.", "Try again, or use another way.")

# In this order, as WebAuthn Level 3, section 5.4, suggests. RS256 for Windows Hello on older machines.
ALGORITHMS = (COSEAlgorithmIdentifier.EDDSA, COSEAlgorithmIdentifier.ECDSA_SHA_256, COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256)
_MAX_CHARS = 32_768  # of one part; a response without attestation has less than one thousand
_MAX_ID_BYTES, _MIN_ID_BYTES = 1023, 16  # WebAuthn Level 3, section 4, "Credential ID"
_MIN_RSA_BYTES = 256  # NIST SP 800-57 part 1, section 5.6.1: 2048 bits
_TEXT = re.compile(r"[A-Za-z0-9_-]*={0,2}")
_TRANSPORTS = {item.value for item in AuthenticatorTransport}
_FORMATS = {"none", "packed"}  # what browsers send when none is asked for: nothing, or the key's own signature


class Presented(NamedTuple):
    """A response whose shape is right, and nothing more. `user` is whom a passkey says that it belongs to."""

    credential_id: bytes
    challenge: bytes
    user: bytes | None
    crossed: bool
    parts: dict[str, Any]
    resident: bool | None  # what the browser says; None: nothing
    transports: list[str]


class Made(NamedTuple):
    """A new key that answered the challenge."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    verified: bool
    eligible: bool
    backed_up: bool
    aaguid: str


class Answer(NamedTuple):
    """A key's valid answer to the challenge."""

    sign_count: int
    backed_up: bool


# ---- what goes out: dictionaries for `PublicKeyCredential.parseCreationOptionsFromJSON` and `parseRequestOptionsFromJSON`


def creation(
    request: Request, site_name: str, challenge: bytes, *, user: tuple[bytes, str], passkey: bool, known: Iterable[Passkey]
) -> dict[str, Any]:
    """Return the options for a new key. `user`: handle and name. `passkey`: that it is kept with its owner and verifies them."""
    handle, name = user
    return {
        "rp": {"id": request.host, "name": site_name},
        "user": {"id": text(handle), "name": name, "displayName": name},
        "challenge": text(challenge),
        "pubKeyCredParams": [{"type": "public-key", "alg": int(item)} for item in ALGORITHMS],
        "timeout": int(LIVES_S * 1000),
        "excludeCredentials": [_described(item) for item in known],
        "authenticatorSelection": {
            "residentKey": "required" if passkey else "discouraged",
            "requireResidentKey": passkey,
            "userVerification": "required" if passkey else "discouraged",
        },
        "attestation": "none",
        "extensions": {"credProps": True},
    }


def asking(request: Request, challenge: bytes, *, verified: bool, known: Iterable[Passkey]) -> dict[str, Any]:
    """Return the options for an answer of one of the `known` keys; of any passkey of this site when there are none."""
    return {
        "rpId": request.host,
        "challenge": text(challenge),
        "timeout": int(LIVES_S * 1000),
        "allowCredentials": [_described(item) for item in known],
        "userVerification": "required" if verified else "discouraged",
    }


def _described(item: Passkey) -> dict[str, Any]:
    return {"type": "public-key", "id": text(item.credential_id), "transports": item.transports}


def text(raw: bytes) -> str:
    """Return base64url without padding, as WebAuthn's JSON has it."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


# ---- what comes back


def presented(response: object, *parts: str) -> Presented:
    """Return a response, a JSON object or its text, whose `parts` are there. Raises `AccountError` for everything else."""
    try:
        return _presented(response, parts)
    except (ValueError, TypeError, KeyError, RecursionError) as why:
        raise AccountError(REFUSED) from why


def _presented(response: object, parts: tuple[str, ...]) -> Presented:
    found = _object(json.loads(_short(response)) if isinstance(response, str) else response)
    credential_id = raw(found["rawId"])
    if found["type"] != "public-key" or not _MIN_ID_BYTES <= len(credential_id) <= _MAX_ID_BYTES or raw(found["id"]) != credential_id:
        raise ValueError("no key of this kind")
    inner = _object(found["response"])
    client = _object(json.loads(raw(inner["clientDataJSON"])))
    user, extensions = inner.get("userHandle"), found.get("clientExtensionResults")
    properties = extensions.get("credProps") if isinstance(extensions, dict) else None
    resident = properties.get("rk") if isinstance(properties, dict) else None
    transports = inner.get("transports")
    return Presented(
        credential_id=credential_id,
        challenge=raw(client["challenge"]),
        user=None if user is None else raw(user),
        crossed=bool(client.get("crossOrigin")) or "topOrigin" in client,
        parts={
            "id": text(credential_id),
            "rawId": text(credential_id),
            "type": "public-key",
            "response": {name: text(raw(inner[name])) for name in ("clientDataJSON", *parts)},
        },
        resident=resident if isinstance(resident, bool) else None,
        transports=sorted(_TRANSPORTS.intersection(filter(_is_text, transports))) if isinstance(transports, list) else [],
    )


def raw(encoded: object) -> bytes:
    """Return the bytes of base64url. Raises ValueError or TypeError for what is none."""
    plain = _short(encoded)
    if not _TEXT.fullmatch(plain):
        raise ValueError("not base64url")
    plain = plain.rstrip("=")
    return urlsafe_b64decode(plain + "=" * (-len(plain) % 4))


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _short(value: object) -> str:
    if not isinstance(value, str) or len(value) > _MAX_CHARS:
        raise TypeError("not a short text")
    return value


def _is_text(value: object) -> bool:
    return isinstance(value, str)


# ---- what is verified


def made(request: Request, response: Presented, *, verified: bool) -> Made:
    """Return the new key. Raises `AccountError` unless it answers the challenge, for this site, with a key that is good enough."""
    try:
        return _made(request, response, verified=verified)
    except Exception as why:  # whatever the library stumbles over is in the response: it asks nothing of the network
        raise AccountError(REFUSED) from why


def _made(request: Request, response: Presented, *, verified: bool) -> Made:
    if parse_attestation_object(raw(response.parts["response"]["attestationObject"])).fmt not in _FORMATS or response.crossed:
        raise ValueError("an attestation that nobody asked for, or another site's frame")
    found = verify_registration_response(
        credential=response.parts,
        expected_challenge=response.challenge,
        expected_rp_id=request.host,
        expected_origin=request.origin,
        require_user_verification=verified,
        supported_pub_key_algs=list(ALGORITHMS),
    )
    _judge_key(found.credential_public_key)
    if found.credential_id != response.credential_id:
        raise ValueError("two names for one key")
    eligible = found.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    return Made(
        credential_id=found.credential_id,
        public_key=found.credential_public_key,
        sign_count=found.sign_count,
        verified=found.user_verified,
        eligible=eligible,
        backed_up=found.credential_backed_up,
        aaguid=found.aaguid,
    )


def _judge_key(encoded: bytes) -> None:
    """Raise unless the key is a point of its curve, or a long enough modulus, and its algorithm is of its kind: without an attestation
    nothing was signed with it yet."""
    key = decode_credential_public_key(encoded)
    es256 = isinstance(key, DecodedEC2PublicKey) and (key.alg, key.crv) == (COSEAlgorithmIdentifier.ECDSA_SHA_256, COSECRV.P256)
    eddsa = isinstance(key, DecodedOKPPublicKey) and key.alg == COSEAlgorithmIdentifier.EDDSA
    rsa = isinstance(key, DecodedRSAPublicKey) and len(key.n) >= _MIN_RSA_BYTES
    if not (es256 or eddsa or (rsa and key.alg == COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256)):
        raise ValueError("not a key that was asked for")
    decoded_public_key_to_cryptography(key)


def answered(request: Request, response: Presented, key: Passkey, *, verified: bool) -> Answer:
    """Return the key's answer. Raises `AccountError` unless it is `key`'s, to this challenge, for this site. The counter is not judged."""
    try:
        found = verify_authentication_response(
            credential=response.parts,
            expected_challenge=response.challenge,
            expected_rp_id=request.host,
            expected_origin=request.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=0,
            require_user_verification=verified,
        )
    except Exception as why:  # as above
        raise AccountError(REFUSED) from why
    eligible = found.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    if response.crossed or eligible != key.backup_eligible:  # WebAuthn Level 3, section 7.2: eligibility never changes
        raise AccountError(REFUSED)
    return Answer(found.new_sign_count, found.credential_backed_up)
