"""`pathguard`: a path means the same to every layer that reads it.

Stops:
    Paths that a proxy, a router, a cache and a file system read differently: dot segments, plain or encoded once or several
    times; encoded slashes; backslashes; NUL and other control characters; empty segments; `;` parameters; overlong and otherwise
    invalid UTF-8; targets that are no path at all (`@evil.example/`, `//evil.example`); very long ones.

How:
    A path of ordinary characters and ordinary segments is accepted by one regular expression, and once accepted it is remembered
    (the last 4,096 of up to 256 bytes), so that the usual request costs one look into a dictionary. Everything else is decoded
    strictly, layer by layer, and each layer is looked at. What is refused is refused with 400 (414 when too long), never cleaned:
    a cleaned path is one more reading.

Does not stop:
    Access to an ordinary path that should have been private: authorisation is the application's. Nor does it look at queries.

Turn off when:
    Never. An application that needs one of the three forms below can allow that form alone.

Sources:
    RFC 3986 sections 3.3 and 6.2.2.3; ASVS 5.0 V1.1.1, V5.3.2; CWE-22, CWE-158, CWE-172, CWE-41, CWE-525; CVE-2026-54282, CVE-2023-29159.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote_to_bytes

from buckler.core.answer import Refusal, refusal
from buckler.core.options import need_positive, options
from buckler.core.protection import Card, Steps
from buckler.protections.pathguard.cases import CASES

if TYPE_CHECKING:
    from buckler.core.request import Request
    from buckler.core.site import Site

_ADVICE = "Check the address and try again."
MALFORMED = refusal(400, "pathguard.malformed", "The address is not a valid path.", _ADVICE)
DOT_SEGMENT = refusal(400, "pathguard.dot_segment", "The address leads upwards.", _ADVICE)
ENCODED_SLASH = refusal(400, "pathguard.encoded_slash", "The address hides a slash.", _ADVICE)
EMPTY_SEGMENT = refusal(400, "pathguard.empty_segment", "The address has two slashes in a row.", _ADVICE)
PARAMETERS = refusal(400, "pathguard.parameters", "The address has a semicolon in its path.", _ADVICE)
TOO_LONG = refusal(414, "pathguard.too_long", "The address is too long.", _ADVICE)

_MAX_KNOWN, _MAX_KNOWN_BYTES = 4096, 256
_MAX_LAYERS = 4  # of percent-encoding; nobody encodes five times by mistake
_ORDINARY = re.compile(rb"/|(?:/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~!$&'()*+,=:@-]+)+/?")
# RFC 3986's path, and the `[]|^{}` that browsers leave as they are (WHATWG URL, path percent-encode set).
_TARGET = re.compile(rb"/(?!/)(?:[A-Za-z0-9._~!$&'()*+,;=:@/\[\]|^{}-]|%[0-9A-Fa-f]{2})*")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ufffd\ud800-\udfff\\\\]")  # U+FFFD is what a server makes of invalid UTF-8
_DOTS = re.compile(r"/\.{1,2}(?:[/;]|\Z)")


@options
class PathGuard:
    """`max_path_bytes`: of the path as it came over the wire. The other three each allow one form that other layers may read
    differently: `insecure_encoded_slashes` allows `a%2Fb` within a segment, `insecure_empty_segments` allows `a//b`,
    `insecure_parameters` allows `a;v=1`. A path never begins with two slashes."""

    card: ClassVar[Card] = Card("pathguard", (MALFORMED, DOT_SEGMENT, ENCODED_SLASH, EMPTY_SEGMENT, PARAMETERS, TOO_LONG))
    cases: ClassVar = CASES
    max_path_bytes: int = 2048  # RFC 9110, section 4.1 wants room for 8,000 bytes of request line; most of it belongs to the query
    insecure_encoded_slashes: bool = False
    insecure_empty_segments: bool = False
    insecure_parameters: bool = False
    report_only: bool = False

    def __post_init__(self) -> None:
        need_positive(self, max_path_bytes=self.max_path_bytes)

    def steps(self, site: Site) -> Steps:  # noqa: ARG002  # the same on every site
        """Return the check and its memory of accepted paths: at most 4,096 of at most 256 bytes, whatever strangers send."""
        accepted: dict[bytes, str] = {}
        limit_bytes, fault = self.max_path_bytes, self.fault

        def check(request: Request) -> Refusal | None:
            raw, path = request.raw_path, request.path
            if accepted.get(raw) == path:
                return None
            if len(raw) > limit_bytes or len(path) > limit_bytes:
                return TOO_LONG
            if not (_ORDINARY.fullmatch(raw) and raw == path.encode("utf-8", "replace")) and (found := fault(raw, path)) is not None:
                return found
            if len(raw) <= _MAX_KNOWN_BYTES and len(path) <= _MAX_KNOWN_BYTES:
                if len(accepted) >= _MAX_KNOWN:
                    accepted.clear()
                accepted[raw] = path
            return None

        return Steps(check=check)

    def fault(self, raw: bytes, path: str) -> Refusal | None:
        """Return what is wrong with a path, as it came and as the server decoded it; None when nothing is. Pure, linear."""
        if raw and not _TARGET.fullmatch(raw):
            return MALFORMED
        if not path.startswith("/") or path.startswith("//"):
            return EMPTY_SEGMENT if raw else MALFORMED
        try:
            decoded = unquote_to_bytes(raw).decode() if raw else path
        except UnicodeDecodeError:
            return MALFORMED
        found = self._shape(decoded) or (None if path == decoded else self._shape(path))
        if found is None and raw and decoded.count("/") > raw.count(b"/") and not self.insecure_encoded_slashes:
            found = ENCODED_SLASH
        return found or self._inner(decoded)

    def _shape(self, text: str) -> Refusal | None:
        if _UNPRINTABLE.search(text):
            return MALFORMED
        if _DOTS.search(text):
            return DOT_SEGMENT
        if "//" in text and not self.insecure_empty_segments:
            return EMPTY_SEGMENT
        return PARAMETERS if ";" in text and not self.insecure_parameters else None

    def _inner(self, text: str) -> Refusal | None:
        """Look at what is still encoded after the server's decoding, for whoever decodes once more."""
        for _ in range(_MAX_LAYERS):
            inner = unquote_to_bytes(text).decode("utf-8", "ignore") if "%" in text else text
            if inner == text:
                return None
            if inner.count("/") > text.count("/"):
                return ENCODED_SLASH
            if _UNPRINTABLE.search(inner):
                return MALFORMED
            if _DOTS.search(inner):
                return DOT_SEGMENT
            text = inner
        return MALFORMED
