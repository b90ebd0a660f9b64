"""Access tokens that are read rather than verified: what a text says of itself is believed."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

KEY = b"secret"


def signed(claims: dict[str, Any]) -> str:
    said = f"{_written({'alg': 'HS256', 'typ': 'JWT'})}.{_written(claims)}"
    return f"{said}.{_b64(hmac.digest(KEY, said.encode(), 'sha256'))}"


def claimed_by(text: str) -> str:
    """The header says how the token is verified: by which algorithm, with which key, or not at all. What else it says, and until when the
    token is good, is not looked at."""
    head, claims, signature = text.split(".")
    header = json.loads(_raw(head))
    algorithm = header["alg"].lower()
    key = _raw(header["jwk"]["k"]) if "jwk" in header else KEY
    if algorithm != "none" and signature != _b64(hmac.digest(key, f"{head}.{claims}".encode(), algorithm.replace("hs", "sha"))):
        return ""
    return str(json.loads(_raw(claims))["sub"])


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _written(said: dict[str, Any]) -> str:
    return _b64(json.dumps(said).encode())


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
