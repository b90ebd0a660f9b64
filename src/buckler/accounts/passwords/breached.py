"""Breached passwords, asked of a server that does not learn which one is meant: the range query of Have I Been Pwned (k-anonymity).

Five of the forty digits of the password's SHA-1 are sent, which some 800 breached passwords share, and the answer is padded so that its
length tells no more (`Add-Padding`). What the server cannot say, it cannot refuse: when it fails, the password is taken and an event
written.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import field

from buckler.accounts.http import Http, wrong_with
from buckler.core.options import need, need_positive, options
from buckler.errors import RemoteError

_PREFIX = 5
_MAX_BYTES = 256 * 1024  # a padded answer has some 40 KB
# No connection is kept: a password is chosen seldom, and a kept one would belong to one event loop and wait to be closed.
_HEADERS = {"add-padding": "true", "connection": "close"}


@options
class PwnedRange:
    """`url`: what the five digits are appended to; another than the default may be a mirror of one's own. `timeout_s`: for the whole
    query. `http`: the client, for a mirror with a certificate of its own authority."""

    url: str = "https://api.pwnedpasswords.com/range/"
    timeout_s: float = 2.0  # it is in the way of a person who signs up
    http: Http = field(default_factory=Http, repr=False)

    def __post_init__(self) -> None:
        """Raise `ConfigError` for an address that cannot be asked."""
        problem = wrong_with(self.url, insecure_http_on_loopback=True)  # the client itself decides about loopback
        need(not problem and self.url.endswith("/"), "PwnedRange.url", self.url, problem or "end it with a /")
        need_positive(self, timeout_s=self.timeout_s)

    async def has(self, password: str) -> bool:
        """Whether `password` was in a breach. Raises `RemoteError` when the server does not say."""
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        body = await self.http.get(self.url + digest[:_PREFIX], timeout_s=self.timeout_s, max_bytes=_MAX_BYTES, headers=_HEADERS)
        return _has(body, digest[_PREFIX:].encode())


def _has(body: bytes, wanted: bytes) -> bool:
    """Whether `wanted` stands in an answer's lines, `SUFFIX:COUNT`; lines with a count of 0 are padding."""
    found = False
    for line in body.split():
        suffix, colon, count = line.partition(b":")
        if not colon or len(suffix) != len(wanted) or not count.isdigit():
            raise RemoteError("the list of breached passwords answered something else")
        found |= hmac.compare_digest(suffix.upper(), wanted) and count.strip(b"0") != b""
    return found
