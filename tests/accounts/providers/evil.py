"""A provider that signs real tokens and can lie in every place. Untouched it is honest, so that each lie is the only one."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import ssl
from contextlib import asynccontextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry, serialize_compact

from buckler.accounts.providers import Provider
from tests.calm import hang_up

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from buckler.core.clock import Clock

Lie = Any
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody; without it, every provider would read all authorities
CODE, ACCESS = "code-of-the-test", "access.of-the~test_1"


class _AnyAlgorithm(JWSRegistry):
    """joserfc's, without its rules and warnings: what is tested is who verifies."""

    max_header_length = 100_000

    def check_header(self, header: dict[str, Any]) -> None: ...

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


@cache
def keys() -> dict[str, Any]:
    """One key a kind, made once."""
    return {
        "r": RSAKey.generate_key(2048, {"kid": "r", "use": "sig"}),
        "e": ECKey.generate_key("P-256", {"kid": "e", "use": "sig"}),
        "o": OKPKey.generate_key("Ed25519", {"kid": "o", "use": "sig"}),
        "other": RSAKey.generate_key(2048, {"kid": "r", "use": "sig"}),  # says that it is the first one
        "p384": ECKey.generate_key("P-384", {"kid": "p384"}),
        "x": OKPKey.generate_key("X25519", {"kid": "x"}),
    }


def public(name: str, **changes: Any) -> dict[str, Any]:
    """A key as the set of keys shows it."""
    return {**keys()[name].as_dict(private=False), **changes}


def unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def half(access: str, hash_name: str = "sha256") -> str:
    """`at_hash` of an access token."""
    digest = hashlib.new(hash_name, access.encode()).digest()
    return unpadded(digest[: len(digest) // 2])


def signed(claims: Any, name: str = "r", algorithm: str = "RS256", **header: Any) -> str:
    """A token with a true signature. A header of None is left out."""
    head = {"alg": algorithm, "kid": name, "typ": "JWT", **header}
    head = {key: value for key, value in head.items() if value is not None}
    return serialize_compact(head, json.dumps(claims).encode(), keys()[name], registry=_AnyAlgorithm())


def unsigned(claims: Any, algorithm: Any = "none", signature: bytes = b"") -> str:
    """A token with any signature; the key's id is there."""
    parts = (json.dumps(part).encode() for part in ({"alg": algorithm, "kid": "r", "typ": "JWT"}, claims))
    return ".".join((*map(unpadded, parts), unpadded(signature)))


def with_public_key_as_secret(claims: Any) -> str:
    """Algorithm confusion (CVE-2024-33663): HS256, and the secret is what everybody can read."""
    pem = keys()["r"].public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    said = unsigned(claims, "HS256").rpartition(".")[0]
    return f"{said}.{unpadded(hmac.digest(pem, said.encode(), 'sha256'))}"


class Said(NamedTuple):
    """One answer."""

    body: bytes
    status: int = 200
    kind: str = "application/json"
    more: str = ""


class Evil:
    """`lies` replaces a whole answer by its path; the other attributes change parts of honest ones."""

    def __init__(self, url: str, clock: Clock) -> None:
        self.url, self.clock = url, clock
        self.turn_honest()

    def turn_honest(self) -> None:
        """Forget every lie, and what was asked."""
        self.discovery: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.tokens: dict[str, Any] = {}
        self.told: dict[str, Any] = {}
        self.answer: dict[str, str | None] = {}
        self.keys: list[Any] = [public("r"), public("e"), public("o")]
        self.sign: Callable[[dict[str, Any]], str] = signed
        self.lies: dict[str, Said] = {}
        self.wait_s: dict[str, float] = {}
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.heads: list[str] = []
        self._nonce = self._challenge = ""

    def provider(self, **options: Any) -> Provider:
        """This provider, as an application configures it."""
        given: dict[str, Any] = {"client_secret": "secret", "insecure_http_on_loopback": True, "timeout_s": 60.0, "tls": _NO_TLS, **options}
        return Provider(name="evil", label="Evil", issuer=self.url, client_id="shop", **given)

    def visited(self, url: str) -> dict[str, str]:
        """What the browser brings back from `url`."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self._nonce, self._challenge = asked["nonce"], asked["code_challenge"]
        said = {"code": CODE, "state": asked["state"], "iss": self.url, **self.answer}
        return {name: value for name, value in said.items() if value is not None}

    def said(self, path: str) -> Said:
        """Answer as a provider does."""
        self.asked.append(path)
        if path in self.lies:
            return self.lies[path]
        honest = {"/.well-known/openid-configuration": self._discovery, "/jwks": self._jwks, "/token": self._token, "/me": self._me}
        return Said(json.dumps({name: value for name, value in honest[path]().items() if value is not None}).encode())

    def _discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/me",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["none", "HS256", "RS256", "PS256", "ES256", "EdDSA", "Ed25519"],
            "authorization_response_iss_parameter_supported": True,
            **self.discovery,
        }

    def _jwks(self) -> dict[str, Any]:
        return {"keys": self.keys}

    def _token(self) -> dict[str, Any]:
        verifier = self.forms[-1].get("code_verifier", "")
        if unpadded(hashlib.sha256(verifier.encode()).digest()) != self._challenge:
            return {"error": "invalid_grant"}
        now_s = int(self.clock.now())
        person = {"sub": "mira", "email": "mira@mail.example", "email_verified": True, "name": "Mira"}
        times = {"iat": now_s, "exp": now_s + 300, "auth_time": now_s}
        claims = {"iss": self.url, "aud": "shop", "nonce": self._nonce, "at_hash": half(ACCESS), **person, **times, **self.claims}
        claims = {name: value for name, value in claims.items() if value is not None}
        return {"token_type": "Bearer", "access_token": ACCESS, "id_token": self.sign(claims), **self.tokens}

    def _me(self) -> dict[str, Any]:
        return {"sub": "mira", "email": "mira@mail.example", "email_verified": True, **self.told}


@asynccontextmanager
async def lying(clock: Clock) -> AsyncIterator[Evil]:
    """Lend the provider, on a free port of this machine."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = next((int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:")), 0)
                body = (await reader.readexactly(length)).decode()
                evil.heads.append(head)
                evil.forms.append({name: values[0] for name, values in parse_qs(body).items()})
                path = head.split(" ")[1]
                said = evil.said(path)
                await asyncio.sleep(evil.wait_s.get(path, 0))
                lines = (f"HTTP/1.1 {said.status} It", f"content-type: {said.kind}", f"content-length: {len(said.body)}")
                writer.write("\r\n".join((*lines, *filter(None, [said.more]), "", "")).encode() + said.body)
                await writer.drain()

    def taken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(talk(reader, writer))
        task.add_done_callback(lambda _: writer.transport.abort())
        tasks.append(task)

    tasks: list[asyncio.Task[None]] = []
    server = await asyncio.start_server(taken, "127.0.0.1", 0)
    evil = Evil(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", clock)
    try:
        yield evil
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await hang_up(server)
