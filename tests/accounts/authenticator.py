"""A WebAuthn authenticator and its browser, in software: real keys, real CBOR, real signatures, and every lie that one of them could tell.

It reads the options that a site sends as JSON and answers as `navigator.credentials` does, in the form of `toJSON()`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field, replace
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

ES256, EDDSA, RS256 = -7, -8, -257
AAGUID = bytes(range(16))
_UP, _UV, _BE, _BS, _AT = 0x01, 0x04, 0x08, 0x10, 0x40


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def raw(encoded: str) -> bytes:
    return urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))


@dataclass(frozen=True)
class Lies:
    """What is said in place of the truth; None: the truth."""

    origin: str | None = None
    rp_id: str | None = None
    kind: str | None = None  # `webauthn.get` where `webauthn.create` belongs
    challenge: bytes | None = None
    user: bytes | None = None  # the user handle
    no_user: bool = False
    verified: bool | None = None
    present: bool = True
    eligible: bool | None = None
    backed_up: bool | None = None
    count: int | None = None
    signature: bytes | None = None
    credential_id: bytes | None = None  # only outside of what is signed
    client: dict[str, Any] = field(default_factory=dict)  # more of the client's data
    fmt: str = "none"
    statement: dict[str, Any] = field(default_factory=dict)
    cose: dict[int, Any] | bytes | None = None  # bytes: CBOR as it stands
    resident: bool | None = None
    transports: Any = None


HONEST = Lies()


@dataclass
class Key:
    """One credential, as the authenticator keeps it."""

    credential_id: bytes
    secret: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
    rp_id: str
    user: bytes
    resident: bool
    count: int = 0

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.secret, ec.EllipticCurvePrivateKey):
            return self.secret.sign(data, ec.ECDSA(SHA256()))
        if isinstance(self.secret, ed25519.Ed25519PrivateKey):
            return self.secret.sign(data)
        return self.secret.sign(data, padding.PKCS1v15(), SHA256())

    def cose(self) -> dict[int, Any]:
        if isinstance(self.secret, ec.EllipticCurvePrivateKey):
            point = self.secret.public_key().public_numbers()
            return {1: 2, 3: ES256, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        if isinstance(self.secret, ed25519.Ed25519PrivateKey):
            return {1: 1, 3: EDDSA, -1: 6, -2: self.secret.public_key().public_bytes_raw()}
        numbers = self.secret.public_key().public_numbers()
        return {1: 3, 3: RS256, -1: numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big"), -2: numbers.e.to_bytes(3, "big")}


def make_secret(algorithm: int) -> ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey:
    if algorithm == ES256:
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate() if algorithm == EDDSA else rsa.generate_private_key(65537, 2048)


class Authenticator:
    """`counts`: it counts its signatures, as security keys do and synced passkeys do not. `verifies`: it can ask for a finger or a PIN."""

    def __init__(
        self,
        *,
        origin: str = "https://shop.example",
        algorithm: int = ES256,
        counts: bool = True,
        verifies: bool = True,
        synced: bool = False,
    ) -> None:
        self.origin, self.algorithm, self.counts, self.verifies, self.synced = origin, algorithm, counts, verifies, synced
        self.keys: list[Key] = []

    def create(self, options: dict[str, Any], lies: Lies = HONEST, *, name: bytes = b"") -> dict[str, Any]:
        """Answer `navigator.credentials.create`, with a key that is called `name`. Raises ValueError where a real one would refuse."""
        known = {raw(item["id"]) for item in options["excludeCredentials"]}
        if known.intersection(key.credential_id for key in self.keys):
            raise ValueError("InvalidStateError: this authenticator has a key of this person already")
        if self.algorithm not in [item["alg"] for item in options["pubKeyCredParams"]]:
            raise ValueError("NotSupportedError")
        chosen = options["authenticatorSelection"]
        if chosen["userVerification"] == "required" and not self.verifies:
            raise ValueError("NotAllowedError")
        resident = chosen["residentKey"] == "required"
        key = Key(name or secrets.token_bytes(32), make_secret(self.algorithm), options["rp"]["id"], raw(options["user"]["id"]), resident)
        self.keys.append(key)
        client = self._client("webauthn.create", options, lies)
        data = self._data(key, options, replace(lies, verified=self._verified(chosen["userVerification"], lies)), attested=True)
        attestation = cbor2.dumps({"fmt": lies.fmt, "attStmt": self._statement(key, data, client, lies), "authData": data})
        transports = ["internal", "hybrid"] if lies.transports is None else lies.transports
        response = {"clientDataJSON": text(client), "attestationObject": text(attestation), "transports": transports}
        found = self._response(key, lies, response)
        found["clientExtensionResults"] = {"credProps": {"rk": resident if lies.resident is None else lies.resident}}
        return found

    def get(self, options: dict[str, Any], lies: Lies = HONEST, *, key: Key | None = None) -> dict[str, Any]:
        """Answer `navigator.credentials.get` with the newest key that fits, or with `key`, whether it fits or not."""
        allowed = [raw(item["id"]) for item in options["allowCredentials"]]
        fitting = [
            item for item in self.keys if (item.credential_id in allowed if allowed else item.resident) and item.rp_id == options["rpId"]
        ]
        if key is None and not fitting:
            raise ValueError("NotAllowedError")
        chosen = key or fitting[-1]
        chosen.count += 1 if self.counts else 0
        client = self._client("webauthn.get", options, lies)
        data = self._data(chosen, options, replace(lies, verified=self._verified(options["userVerification"], lies)), attested=False)
        signature = chosen.sign(data + hashlib.sha256(client).digest()) if lies.signature is None else lies.signature
        response = {"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature)}
        if not lies.no_user and (chosen.resident or lies.user is not None):
            response["userHandle"] = text(chosen.user if lies.user is None else lies.user)
        return self._response(chosen, lies, response)

    def _verified(self, wish: str, lies: Lies) -> bool:
        return (self.verifies and wish != "discouraged") if lies.verified is None else lies.verified

    def _client(self, kind: str, options: dict[str, Any], lies: Lies) -> bytes:
        challenge = options["challenge"] if lies.challenge is None else text(lies.challenge)
        said = {"type": lies.kind or kind, "challenge": challenge, "origin": lies.origin or self.origin, "crossOrigin": False}
        return json.dumps(said | lies.client).encode()

    def _data(self, key: Key, options: dict[str, Any], lies: Lies, *, attested: bool) -> bytes:
        eligible = self.synced if lies.eligible is None else lies.eligible
        backed_up = self.synced if lies.backed_up is None else lies.backed_up
        flags = (_UP * lies.present) | (_UV * bool(lies.verified)) | (_BE * eligible) | (_BS * backed_up) | (_AT * attested)
        count = key.count if lies.count is None else lies.count
        head = hashlib.sha256((lies.rp_id or key.rp_id).encode()).digest() + bytes([flags]) + count.to_bytes(4, "big")
        if not attested:
            return head
        public = lies.cose if isinstance(lies.cose, bytes) else cbor2.dumps(key.cose() if lies.cose is None else lies.cose)
        return head + AAGUID + len(key.credential_id).to_bytes(2, "big") + key.credential_id + public

    def _statement(self, key: Key, data: bytes, client: bytes, lies: Lies) -> dict[str, Any]:
        if lies.fmt != "packed" or lies.statement:
            return lies.statement
        return {"alg": self.algorithm, "sig": key.sign(data + hashlib.sha256(client).digest())}  # the key's own signature

    def _response(self, key: Key, lies: Lies, response: dict[str, Any]) -> dict[str, Any]:
        name = text(key.credential_id if lies.credential_id is None else lies.credential_id)
        return {
            "id": name,
            "rawId": name,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }
