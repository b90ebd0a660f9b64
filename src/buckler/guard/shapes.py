"""Counts what is in a body while it streams by: fields, parts, nesting. Keeps a few bytes, never the body, and lets C do the looking.

A shape's answer does not depend on how the body was cut into pieces.
"""

from __future__ import annotations

import re
from array import array
from itertools import accumulate
from typing import TYPE_CHECKING, Protocol

from buckler.protections.bodylimit import MALFORMED, TOO_DEEP, TOO_MANY_FIELDS, TOO_MANY_PARTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.answer import Refusal
    from buckler.core.protection import Limits

_MAX_TYPE_BYTES = 512  # a longer Content-Type is meant for somebody's regular expression (CVE-2024-24762)
_MAX_AROUND_BYTES = 1024  # before the first and after the last boundary, where nobody sends anything (CVE-2024-53981)
_PARAMETER = re.compile(rb""";[ \t]*([!#$&+\-.^_`|~0-9A-Za-z*']+)=("[^"\\]*"|[^\s;",]*)[ \t]*""")
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046, section 5.1.1


class Shape(Protocol):
    """`limit` names the field of `Limits` that it keeps."""

    limit: str

    def feed(self, piece: bytes, *, last: bool) -> Refusal | None:
        """Look at the next piece of the body; return a refusal when the limit is passed."""
        ...


def shape_of(content_type: bytes, limits: Limits) -> Shape | None:
    """Return the shape that watches a body of this type, or None for types that have none: files, plain text."""
    kind = content_type.partition(b";")[0].strip().lower()
    if kind == b"application/x-www-form-urlencoded":
        return Form(limits.max_fields) if limits.max_fields else None
    if kind.startswith(b"multipart/") or b"," in kind:  # two types are none: refused, whatever the application takes the body for
        return Multipart(content_type, limits) if limits.max_parts else None
    if not kind or kind.endswith((b"/json", b"+json")):
        return Json(limits.max_depth, is_told=bool(kind)) if limits.max_depth else None
    return None


class Form:
    """An urlencoded form: its fields."""

    limit = "max_fields"

    def __init__(self, max_fields: int) -> None:
        self._left = max_fields

    def feed(self, piece: bytes, *, last: bool) -> Refusal | None:  # noqa: ARG002  # every piece counts the same
        self._left -= piece.count(b"&")
        return None if self._left > 0 else TOO_MANY_FIELDS


class Multipart:
    """A multipart body: its parts, the header of each, and what stands before the first and after the last (RFC 2046)."""

    limit = "max_parts"

    def __init__(self, content_type: bytes, limits: Limits) -> None:
        boundary = boundary_of(content_type)
        self._delimiter = b"\r\n--" + boundary if boundary else b""
        self._parts_left = limits.max_parts or 0
        self._max_header_bytes = limits.max_part_header_bytes or _MAX_AROUND_BYTES
        self._around_left = _MAX_AROUND_BYTES
        self._kept = b"\r\n"  # so that a delimiter at the very beginning is one
        # A function of the class and deliberately not a bound method, which would be a reference cycle per request.
        self._look: Callable[[Multipart, bytes, int], int | Refusal] = Multipart._in_preamble

    def feed(self, piece: bytes, *, last: bool) -> Refusal | None:  # noqa: ARG002  # a missing end is the parser's to find
        if not self._delimiter:
            return MALFORMED
        data, at = self._kept + piece, 0
        while True:
            look = self._look
            found = look(self, data, at)
            if not isinstance(found, int):
                return found
            if found == at and look is self._look:
                break
            at = found
        self._kept = data[at:]
        return None

    def _in_preamble(self, data: bytes, at: int) -> int | Refusal:
        ends = self._in_part(data, at)
        self._around_left -= ends - at
        return ends if self._around_left >= 0 else MALFORMED

    def _in_part(self, data: bytes, at: int) -> int:
        """Up to behind the next delimiter, or to the last bytes that may be the beginning of one."""
        found = data.find(self._delimiter, at)
        if found < 0:
            return max(at, len(data) - len(self._delimiter) + 1)
        self._look = Multipart._behind_delimiter
        return found + len(self._delimiter)

    def _behind_delimiter(self, data: bytes, at: int) -> int:
        """Two dashes end the body; anything else begins a part."""
        if len(data) - at > 1:
            self._look = Multipart._behind_the_end if data.startswith(b"--", at) else Multipart._in_header
        return at

    def _in_header(self, data: bytes, at: int) -> int | Refusal:
        end = data.find(b"\r\n\r\n", at)
        if (len(data) - 3 if end < 0 else end) - at > self._max_header_bytes:  # 3: of an end that is still arriving
            return TOO_MANY_PARTS
        if end < 0:
            return at
        self._parts_left -= 1
        self._look = Multipart._in_part
        return end + 2 if self._parts_left >= 0 else TOO_MANY_PARTS  # + 2: the delimiter of an empty part begins with the second CRLF

    def _behind_the_end(self, data: bytes, at: int) -> int | Refusal:
        self._around_left -= len(data) - at
        return len(data) if self._around_left >= 0 else MALFORMED


def boundary_of(content_type: bytes) -> bytes:
    """Return the one boundary that every parser finds in a Content-Type, or b"" when there is none, or when two could be read."""
    if len(content_type) > _MAX_TYPE_BYTES or b"," in content_type.partition(b";")[0]:
        return b""
    text = content_type.rstrip(b"; \t")
    at = text.find(b";")
    found = []
    while 0 <= at < len(text):
        parameter = _PARAMETER.match(text, at)
        if parameter is None:
            return b""
        if parameter[1].lower().startswith(b"boundary"):
            found.append((parameter[1].lower(), parameter[2].strip(b'"')))
        at = parameter.end()
    good = len(found) == 1 and found[0][0] == b"boundary" and _BOUNDARY.fullmatch(found[0][1])
    return found[0][1] if good else b""


_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)  # possessive: no way back, so linear
_MARKS = b" \t\r\n\x00\xef\xbb\xbf\xfe\xff"  # what may stand before a JSON text: blanks and byte order marks
_STEPS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_OTHERS = bytes(set(range(256)) - set(b"[{]}"))


class Json:
    """A JSON text: how deep its arrays and objects are nested. What stands in strings does not count. A body that does not tell its
    type (`is_told=False`) is watched when it begins like one, because many a handler takes it for JSON."""

    limit = "max_depth"

    def __init__(self, max_depth: int, *, is_told: bool = True) -> None:
        self._max_depth, self._depth, self._is_told = max_depth, 0, is_told
        self._open = self._kept = b""  # a string, or an escape in one, that goes on in the next piece
        self._is_first, self._is_other = True, False

    def feed(self, piece: bytes, *, last: bool) -> Refusal | None:
        whole, begins = self._is_first and last, self._is_first and bool(piece)
        if begins:
            self._is_first = False
            self._is_other = not self._is_told and not piece.lstrip(_MARKS).startswith((b"[", b"{"))
        if self._is_other:
            return None
        if b"\x00" in piece:
            return MALFORMED  # UTF-16 or UTF-32, which some parsers take and RFC 8259 does not: its bytes are not what they seem
        if whole and piece.count(b"[") + piece.count(b"{") <= self._max_depth:
            return None  # nearly every body ends here
        data = self._open + self._kept + piece
        escapes = (len(data) - len(data.rstrip(b"\\"))) % 2
        self._kept = b"\\" * escapes
        # The quote put behind closes a string that is still open, or else stays as the last byte of what is left.
        rest = _STRING.sub(b"", data[: len(data) - escapes] + b'"')
        self._open = b"" if rest.endswith(b'"') else b'"'
        deepest, self._depth = self._depths(rest)
        return TOO_DEEP if deepest > self._max_depth else None

    def _depths(self, rest: bytes) -> tuple[int, int]:
        steps = array("b", rest.translate(_STEPS, _OTHERS))
        return max(accumulate(steps, initial=self._depth)), self._depth + sum(steps)
