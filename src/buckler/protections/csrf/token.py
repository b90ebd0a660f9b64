"""The token for browsers that say neither where a request comes from nor why: bound to the session, masked, nothing stored."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import TYPE_CHECKING, Protocol, cast
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from buckler.core.request import Request
    from buckler.core.sign import Keys

FIELD, HEADER = "csrf_token", b"x-csrf-token"
MAX_FORM_BYTES = 65_536
_MAX_FIELDS = 1_000
_PURPOSE = "csrf.token"
_SIZE = 32


class _Bound(Protocol):
    binding: bytes


def make_token(request: Request, keys: Keys) -> str:
    """Return the token of the request's session, masked anew each time so that compression does not leak it (BREACH); "" without
    a session, where `csrf` asks for none."""
    if request.session is None:
        return ""
    request.touched = True
    proof = keys.prove(_PURPOSE, cast("_Bound", request.session).binding)
    pad = secrets.token_bytes(_SIZE)
    return base64.urlsafe_b64encode(pad + _xor(pad, proof)).decode()


def holds_token(request: Request, keys: Keys) -> bool:
    """Whether the request carries its session's token, in the header or in a form field of its (small) body."""
    presented = request.headers.get(HEADER) or _field(request.body or b"")
    try:
        raw = base64.b64decode(presented, altchars=b"-_", validate=True)
    except binascii.Error:
        return False
    if len(raw) != 2 * _SIZE:
        return False
    return keys.proves(_PURPOSE, cast("_Bound", request.session).binding, _xor(raw[:_SIZE], raw[_SIZE:]))


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _field(body: bytes) -> bytes:
    """The value of the field in an urlencoded form, or after its name in a multipart one."""
    marker = f'name="{FIELD}"\r\n\r\n'.encode()
    if marker in body:
        return body.partition(marker)[2].partition(b"\r\n")[0]
    try:
        pairs = parse_qsl(body, max_num_fields=_MAX_FIELDS)
    except ValueError:
        return b""
    return next((value for name, value in pairs if name == FIELD.encode()), b"")
