"""What `bodylimit` stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case, Place

if TYPE_CHECKING:
    from buckler.core.case import Transcript

_PIECE = b"a" * 65_536  # one object, however often a case sends it: cases are imported wherever the guard runs
_FORM, _MULTIPART, _JSON = "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application/json"
_PART = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
_END = b"--b--\r\n"


def taken(transcript: Transcript) -> bool:
    """The application read the body and answered."""
    return transcript[-1].reached and transcript[-1].status < 400  # where HTTP's refusals begin


def _send(kind: str | None, body: bytes, *headers: tuple[str, str | None]) -> tuple[Ask, ...]:
    return (Ask(at=Place.UPLOAD, method="POST", body=body, headers=(("content-type", kind), *headers)),)


def _attack(name: str, story: str, turns: tuple[Ask, ...], refused: str, *sources: str) -> Case:
    return Case(name=name, story=story, turns=turns, succeeds=taken, refused=f"bodylimit.{refused}", sources=sources)


def _honest(name: str, story: str, turns: tuple[Ask, ...]) -> Case:
    return Case(name=name, story=story, turns=turns, succeeds=taken, honest=True)


def _chunked(kind: str, *chunks: bytes, headers: tuple[tuple[str, str | None], ...] = (), http_version: str = "1.1") -> tuple[Ask, ...]:
    own = (("content-type", kind), *headers)
    return (Ask(at=Place.UPLOAD, method="POST", chunks=chunks, headers=own, http_version=http_version),)


_NO_CHUNKS: tuple[str, str | None] = ("transfer-encoding", None)

CASES = (
    _attack(
        "declared",
        "A body that says it has two megabytes.",
        _send("text/plain", b"a", ("content-length", "2097152")),
        "too_large",
        "CWE-770",
    ),
    _attack("chunked", "Two megabytes in chunks, without a length.", _chunked("text/plain", *[_PIECE] * 32), "too_large", "CVE-2026-5766"),
    _attack(
        "understated",
        "Two megabytes that say they are ten bytes.",
        _chunked("text/plain", *[_PIECE] * 32, headers=(_NO_CHUNKS, ("content-length", "10"))),
        "too_large",
        "CVE-2026-33034",
    ),
    _attack(
        "no_length",
        "Two megabytes with neither a length nor chunks, as HTTP/2 allows.",
        _chunked("text/plain", *[_PIECE] * 32, headers=(_NO_CHUNKS,), http_version="2"),
        "too_large",
        "CVE-2026-33034",
    ),
    _attack("fields", "A form of a hundred thousand fields.", _chunked(_FORM, *[b"a=&" * 1000] * 100), "too_many_fields", "CVE-2026-54283"),
    _attack(
        "large_field", "A form with one field of fifty megabytes.", _chunked(_FORM, b"a=", *[_PIECE] * 800), "too_large", "CVE-2026-54283"
    ),
    _attack(
        "parts",
        "A hundred thousand parts.",
        _chunked(_MULTIPART, *[b"--b\r\n\r\n\r\n" * 1000] * 100, _END),
        "too_many_parts",
        "CVE-2023-30798",
        "CVE-2023-25577",
        "GHSA-q34m-jh98-gwm2",
    ),
    _attack(
        "part_headers",
        "A part with ten thousand headers.",
        _chunked(_MULTIPART, b"--b\r\n", *[b"X: y\r\n" * 1000] * 10, b"\r\n\r\n", _END),
        "too_many_parts",
        "CVE-2026-42561",
    ),
    _attack(
        "long_part_header",
        "A part with one header of half a megabyte.",
        _chunked(_MULTIPART, b"--b\r\nX: ", *[_PIECE] * 8, b"\r\n\r\n\r\n", _END),
        "too_many_parts",
        "CVE-2026-42561",
    ),
    _attack(
        "before_the_parts",
        "Line breaks before the first part, which parsers step over one by one.",
        _chunked(_MULTIPART, *[b"\r\n" * 1000] * 100, _PART, _END),
        "malformed",
        "CVE-2024-53981",
    ),
    _attack(
        "after_the_parts",
        "Half a megabyte behind the last part, of which parsers log every byte.",
        _chunked(_MULTIPART, _PART, _END, *[_PIECE] * 8),
        "malformed",
        "CVE-2026-40347",
    ),
    _attack(
        "two_boundaries",
        "Two boundaries, of which the guard and the parser believe another one.",
        _send("multipart/form-data; boundary=a; boundary=b", _PART + _END),
        "malformed",
        "CWE-436",
    ),
    _attack(
        "endless_type",
        "A content type that keeps a regular expression busy.",
        _send('multipart/form-data; !="' + "\\" * 10_000, _PART),
        "malformed",
        "CVE-2024-24762",
    ),
    _attack("nesting", "JSON of a thousand arrays in each other.", _send(_JSON, b"[" * 1000 + b"]" * 1000), "too_deep", "CWE-674"),
    _attack("nesting_without_type", "The same without a content type.", _send(None, b"[" * 1000 + b"]" * 1000), "too_deep", "CWE-674"),
    _attack(
        "nesting_in_utf16",
        "The same in UTF-16, which some parsers guess.",
        _send(_JSON, ("[" * 99 + "]" * 99).encode("utf-16")),
        "malformed",
        "CWE-674",
    ),
    _honest("form", "A form of twenty fields.", _send(_FORM, b"&".join(b"field%d=x" % n for n in range(20)))),
    _honest("upload", "A photo of half a megabyte.", _chunked(_MULTIPART, _PART, b"--b\r\nX: y\r\n\r\n", *[_PIECE] * 8, b"\r\n", _END)),
    _honest("slow_upload", "A photo in single bytes.", _chunked(_MULTIPART, *[bytes([byte]) for byte in _PART + _PART + _END])),
    _honest(
        "part_that_begins_with_a_line_break",
        "A file that begins with a line break and goes on for long; a parser that looks again and again for its end never ends.",
        _chunked(_MULTIPART, b"--b\r\nX: y\r\n\r\n\r", *[b"\r\n--" * 1000] * 100, b"\r\n", _END),
    ),
    _honest("list", "A list of a thousand objects.", _send(_JSON, b"[" + b'{"a":[1]},' * 1000 + b"0]")),
    _honest("brackets_in_text", "An article with many brackets in its text.", _send(_JSON, b'{"text":"' + b'[[\\"{' * 1000 + b'"}')),
    _honest("empty", "A request with an empty body.", _send(_JSON, b"", ("content-length", "0"))),
)
