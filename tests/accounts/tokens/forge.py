"""Access tokens that are wrong in one way each, in the manner of Project Wycheproof. Made by hand, and with the site's own keys where
only then it matters."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from joserfc import jwe, jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from buckler.accounts.tokens import Tokens
from buckler.accounts.visit import Visit
from buckler.testing import SECRET
from tests.requests import request_of, site_of

if TYPE_CHECKING:
    from collections.abc import Callable

PERSON, FAMILY = UUID(int=1), UUID(int=2)


def visit_of(tokens: Tokens | None = None, **site: Any) -> Visit:
    """A visit without a database: whoever verifies an access token needs none."""
    accounts: Any = SimpleNamespace(tokens=tokens or Tokens(), origin="")
    nowhere: Any = None
    return Visit(accounts, request_of(site=site_of(**site)), nowhere)


def b64(raw: bytes | dict[str, Any] | list[Any]) -> str:
    raw = raw if isinstance(raw, bytes) else json.dumps(raw, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Forge:
    """What an attacker could know, and, for tokens that only a slip of ours could make, the key itself."""

    def __init__(self, visit: Visit) -> None:
        (self.key,) = visit.site.keys.proofs("tokens.access", b"")
        (self.other_purpose,) = visit.site.keys.proofs("seal/totp", b"")
        self.now_s = int(visit.site.clock.now())
        self.kid = base64.urlsafe_b64encode(hmac.digest(self.key, b"buckler/tokens/id", "sha256")[:6]).decode()
        self.head: dict[str, Any] = {"typ": "at+jwt", "alg": "HS256", "kid": self.kid}
        self.claims: dict[str, Any] = {
            "iss": "https://shop.example", "aud": "https://shop.example", "sub": str(PERSON), "client_id": str(FAMILY),
            "scope": "articles:read", "iat": self.now_s, "exp": self.now_s + 300, "jti": "j",
        }  # fmt: skip

    def signed(self, head: Any = None, body: Any = None, key: bytes | None = None, digest: str = "sha256") -> str:
        said = f"{b64(self.head if head is None else head)}.{b64(self.claims if body is None else body)}"
        return f"{said}.{b64(hmac.digest(key or self.key, said.encode(), digest))}"

    def headed(self, *without: str, **more: Any) -> str:
        """Signed well, under another header."""
        return self.signed({name: value for name, value in self.head.items() if name not in without} | more)

    def claimed(self, *without: str, **more: Any) -> str:
        """Signed well, with other claims."""
        return self.signed(body={name: value for name, value in self.claims.items() if name not in without} | more)

    def unsigned(self, **more: Any) -> str:
        return f"{b64(self.head | more)}.{b64(self.claims)}."

    def by_stranger(self, kind: Any, algorithm: str, **more: Any) -> str:
        """Signed by an attacker's own key, which the header may bring along."""
        key = kind.generate_key("P-256") if kind is ECKey else kind.generate_key(2048)
        head = self.head | {"alg": algorithm} | {name: value(key) if callable(value) else value for name, value in more.items()}
        registry = jws.JWSRegistry(algorithms=[algorithm])
        registry.max_header_length = 4000
        return jws.serialize_compact(head, json.dumps(self.claims), key, registry=registry)

    def encrypted(self, **more: Any) -> str:
        head = {"alg": "dir", "enc": "A256GCM", "typ": "at+jwt", "kid": self.kid} | more
        return jwe.encrypt_compact(head, json.dumps(self.claims), OctKey.import_key(self.key), algorithms=["dir", "A256GCM", "DEF"])

    def parts(self) -> list[str]:
        return self.signed().split(".")


def _changed(text: str, at: int) -> str:
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def _loose_end(forge: Forge) -> str:
    """Another spelling of the same signature: base64 leaves two bits unused here."""
    text = forge.signed()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) + 1]


def _standard_alphabet(forge: Forge) -> str:
    """Signed until the signature has a character that the two alphabets write differently."""
    for number in range(200):
        text = forge.claimed(jti=str(number))
        if set("-_") & set(text.rpartition(".")[2]):
            return text.replace("-", "+").replace("_", "/")
    raise AssertionError


def _bomb(forge: Forge) -> str:
    """CVE-2024-33664: a hundred megabytes, packed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(1_000_000)) + packer.flush()
    return ".".join([b64({"alg": "dir", "enc": "A256GCM", "zip": "DEF"}), "", b64(bytes(12)), b64(packed), b64(bytes(16))])


def _slow(forge: Forge) -> str:
    """Asks for a billion rounds of a key derivation."""
    head = {"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 10**9, "p2s": b64(bytes(8))}
    return ".".join([b64(head), b64(bytes(24)), b64(bytes(12)), b64(bytes(8)), b64(bytes(16))])


SHAPES: dict[str, Callable[[Forge], str]] = {
    "empty": lambda _: "",
    "a word": lambda _: "token",
    "one part": lambda f: f.parts()[0],
    "two parts": lambda f: ".".join(f.parts()[:2]),
    "four parts": lambda f: f.signed() + "." + f.parts()[2],
    "a point at the end": lambda f: f.signed() + ".",
    "a point at the beginning": lambda f: "." + f.signed(),
    "points only": lambda _: "..",
    "a space before": lambda f: " " + f.signed(),
    "a line break after": lambda f: f.signed() + "\n",
    "a line break within the signature": lambda f: f.signed()[:-4] + "\n" + f.signed()[-4:],
    "with its scheme": lambda f: "Bearer " + f.signed(),
    "twice, with a comma": lambda f: f.signed() + "," + f.signed(),
    "padded": lambda f: f.signed() + "=",
    "standard base64": _standard_alphabet,
    "not base64": lambda f: f.parts()[0] + ".!!!." + f.parts()[2],
    "not ASCII": lambda f: f.signed() + "é",
    "a lone surrogate": lambda f: f.signed() + "\ud800",
    "NUL at the end": lambda f: f.signed() + "\0",
    "too long": lambda f: f.claimed(jti="j" * 5000),
    "JSON serialization": lambda f: json.dumps(dict(zip(("protected", "payload", "signature"), f.parts(), strict=True))),
    "a personal token of another site": lambda _: "ghp_" + "0" * 36,
    "a personal token with a wrong checksum": lambda _: "bkp_" + "0" * 36,
    "a refresh token": lambda _: "bkr_" + "0" * 30 + "000000",
}
SIGNATURES: dict[str, Callable[[Forge], str]] = {
    "no signature": lambda f: f.unsigned(),
    "half a signature": lambda f: f.signed()[:-22],
    "a changed signature": lambda f: _changed(f.signed(), -2),
    "a longer signature": lambda f: f.signed() + "AAAA",
    "a signature of zeros": lambda f: f.unsigned() + "A" * 43,
    "the signature of another token": lambda f: ".".join([*f.parts()[:2], f.claimed(jti="other").split(".")[2]]),
    "another spelling of the signature": _loose_end,
    "changed claims": lambda f: ".".join([f.parts()[0], b64(f.claims | {"scope": "*"}), f.parts()[2]]),
    "no claims": lambda f: ".".join([f.parts()[0], "", f.parts()[2]]),
    "another site's secret": lambda f: f.signed(key=b"x" * 32),
    "the site's secret itself": lambda f: f.signed(key=SECRET.encode()),
    "the key of another purpose": lambda f: f.signed(key=f.other_purpose),
    "an empty key": lambda f: f.signed(key=bytes(1)),
    "the name of the key as key": lambda f: f.signed(key=f.kid.encode()),
    "a plain hash": lambda f: f.unsigned() + b64(hashlib.sha256(f.unsigned()[:-1].encode()).digest()),
}
HEADERS: dict[str, Callable[[Forge], str]] = {
    "alg none": lambda f: f.unsigned(alg="none"),
    "alg None": lambda f: f.unsigned(alg="None"),
    "alg NONE": lambda f: f.unsigned(alg="NONE"),
    "alg none, signed": lambda f: f.headed(alg="none"),
    "alg empty": lambda f: f.headed(alg=""),
    "alg missing": lambda f: f.headed("alg"),
    "alg null": lambda f: f.headed(alg=None),
    "alg a list": lambda f: f.headed(alg=["HS256", "none"]),
    "alg in small letters": lambda f: f.headed(alg="hs256"),
    "HS384": lambda f: f.signed(f.head | {"alg": "HS384"}, digest="sha384"),
    "HS512": lambda f: f.signed(f.head | {"alg": "HS512"}, digest="sha512"),
    "RS256 of a stranger": lambda f: f.by_stranger(RSAKey, "RS256"),
    "PS256 of a stranger": lambda f: f.by_stranger(RSAKey, "PS256"),
    "ES256 of a stranger": lambda f: f.by_stranger(ECKey, "ES256"),
    "an embedded key": lambda f: f.by_stranger(ECKey, "ES256", jwk=lambda key: key.as_dict(private=False)),
    "an embedded key of ours": lambda f: f.headed(jwk={"kty": "oct", "k": "QQ"}),
    "jku": lambda f: f.headed(jku="https://evil.example/keys"),
    "x5u": lambda f: f.headed(x5u="https://evil.example/cert"),
    "x5c": lambda f: f.headed(x5c=["MIIB"]),
    "kid missing": lambda f: f.headed("kid"),
    "kid empty": lambda f: f.headed(kid=""),
    "kid a number": lambda f: f.headed(kid=1),
    "kid a path": lambda f: f.headed(kid="../../../dev/null"),
    "kid SQL": lambda f: f.headed(kid="' UNION SELECT 'key"),
    "kid of nobody": lambda f: f.headed(kid="AAAAAAAA"),
    "crit unknown": lambda f: f.headed(crit=["exp2"], exp2=1),
    "crit known": lambda f: f.headed(crit=["kid"]),
    "crit empty": lambda f: f.headed(crit=[]),
    "crit null": lambda f: f.headed(crit=None),
    "b64 false": lambda f: f.headed(crit=["b64"], b64=False),
    "b64 true": lambda f: f.headed(b64=True),
    "zip": lambda f: f.headed(zip="DEF"),
    "cty": lambda f: f.headed(cty="JWT"),
    "typ of an ID token": lambda f: f.headed(typ="JWT"),
    "typ missing": lambda f: f.headed("typ"),
    "typ in its long form": lambda f: f.headed(typ="application/at+jwt"),
    "one more parameter": lambda f: f.headed(x=1),
    "parameters in another order": lambda f: f.signed(dict(reversed(f.head.items()))),
    "spaces in the header": lambda f: f.signed(json.dumps(f.head, indent=1).encode()),
    "alg twice": lambda f: f.signed(json.dumps(f.head).replace("{", '{"alg":"none",').encode()),
    "header a list": lambda f: f.signed([f.head]),
    "header not JSON": lambda f: f.signed(b"{"),
    "header of a thousand brackets": lambda f: f.signed(b"[" * 1000),
    "header empty": lambda f: f.signed(b""),
    "encrypted": lambda f: f.encrypted(),
    "encrypted and packed": lambda f: f.encrypted(zip="DEF"),
    "a packed bomb": _bomb,
    "a slow key derivation": _slow,
}
CLAIMS: dict[str, Callable[[Forge], str]] = {
    "expired": lambda f: f.claimed(exp=f.now_s - 1),
    "expires now": lambda f: f.claimed(exp=f.now_s),
    "exp missing": lambda f: f.claimed("exp"),
    "exp null": lambda f: f.claimed(exp=None),
    "exp a text": lambda f: f.claimed(exp=str(f.now_s + 300)),
    "exp with a fraction": lambda f: f.claimed(exp=f.now_s + 0.5),
    "exp NaN": lambda f: f.claimed(exp=float("nan")),
    "exp infinite": lambda f: f.claimed(exp=float("inf")),
    "exp true": lambda f: f.claimed(exp=True),
    "exp a list": lambda f: f.claimed(exp=[f.now_s + 300]),
    "exp in milliseconds": lambda f: f.claimed(exp=(f.now_s + 300) * 1000),
    "lives too long": lambda f: f.claimed(exp=f.now_s + 301),
    "iat missing": lambda f: f.claimed("iat"),
    "iat in the future": lambda f: f.claimed(iat=f.now_s + 61),
    "iat a text": lambda f: f.claimed(iat=str(f.now_s)),
    "iat false": lambda f: f.claimed(iat=False),
    "iss missing": lambda f: f.claimed("iss"),
    "iss of another site": lambda f: f.claimed(iss="https://evil.example"),
    "iss with a slash": lambda f: f.claimed(iss="https://shop.example/"),
    "iss over http": lambda f: f.claimed(iss="http://shop.example"),
    "iss a list": lambda f: f.claimed(iss=["https://shop.example"]),
    "aud missing": lambda f: f.claimed("aud"),
    "aud of another site": lambda f: f.claimed(aud="https://other.example"),
    "aud a list": lambda f: f.claimed(aud=["https://shop.example"]),
    "aud empty": lambda f: f.claimed(aud=""),
    "sub missing": lambda f: f.claimed("sub"),
    "sub null": lambda f: f.claimed(sub=None),
    "sub a number": lambda f: f.claimed(sub=1),
    "sub no id": lambda f: f.claimed(sub="mira"),
    "sub an object": lambda f: f.claimed(sub={"id": str(PERSON)}),
    "client_id missing": lambda f: f.claimed("client_id"),
    "client_id no id": lambda f: f.claimed(client_id="app"),
    "scope missing": lambda f: f.claimed("scope"),
    "scope a list": lambda f: f.claimed(scope=["*"]),
    "jti missing": lambda f: f.claimed("jti"),
    "one more claim": lambda f: f.claimed(admin=True),
    "not before": lambda f: f.claimed(nbf=f.now_s + 60),
    "claims a list": lambda f: f.signed(body=[f.claims]),
    "claims a text": lambda f: f.signed(body=b'"claims"'),
    "claims not JSON": lambda f: f.signed(body=b"{"),
    "claims not UTF-8": lambda f: f.signed(body=b'{"a":"\xff"}'),
    "claims of a thousand brackets": lambda f: f.signed(body=b"[" * 2000),
    "claims empty": lambda f: f.signed(body=b""),
}
BAD = {**SHAPES, **SIGNATURES, **HEADERS, **CLAIMS}
