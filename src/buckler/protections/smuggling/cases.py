"""What `smuggling` stops."""

from __future__ import annotations

from buckler.core.case import Ask, Case, Place


def _send(*headers: tuple[str, str | None], http_version: str = "1.1") -> tuple[Ask, ...]:
    return (Ask(at=Place.WRITE, method="POST", headers=headers, body=b"a=1", http_version=http_version),)


_NO_LENGTH = ("content-length", None)
_CHUNKED = ("transfer-encoding", "chunked")

CASES = (
    Case(
        name="length_and_chunks",
        story="Two ways to tell where the request ends, of which a proxy and the server believe another one.",
        turns=_send(_CHUNKED),
        refused="smuggling.two_lengths",
        sources=("CWE-444",),
    ),
    Case(
        name="repeated_length",
        story="Two different lengths.",
        turns=_send(("content-length", "3"), ("content-length", "0")),
        refused="smuggling.length",
        sources=("CWE-444",),
    ),
    Case(
        name="list_of_lengths",
        story="Two lengths in one field.",
        turns=_send(("content-length", "3, 3")),
        refused="smuggling.length",
        sources=("CWE-444",),
    ),
    Case(
        name="signed_length",
        story="A length with a sign, which some parsers read as a number and some do not.",
        turns=_send(("content-length", "+3")),
        refused="smuggling.length",
        sources=("CWE-444",),
    ),
    Case(
        name="endless_length",
        story="A length of five thousand digits, which overflows one parser and stops another one.",
        turns=_send(("content-length", "1" * 5000)),
        refused="smuggling.length",
        sources=("CWE-190",),
    ),
    Case(
        name="other_encoding",
        story="A transfer encoding beside `chunked` that a proxy may not know.",
        turns=_send(_NO_LENGTH, ("transfer-encoding", "gzip, chunked")),
        refused="smuggling.encoding",
        sources=("GHSA-w3h3-4rj7-4ph4",),
    ),
    Case(
        name="disguised_encoding",
        story="An encoding that is nearly `chunked`.",
        turns=_send(_NO_LENGTH, ("transfer-encoding", "xchunked")),
        refused="smuggling.encoding",
        sources=("CWE-444",),
    ),
    Case(
        name="repeated_encoding",
        story="Two transfer encodings in two fields.",
        turns=_send(_NO_LENGTH, _CHUNKED, ("transfer-encoding", "identity")),
        refused="smuggling.encoding",
        sources=("GHSA-w3h3-4rj7-4ph4",),
    ),
    Case(
        name="chunks_in_http_1_0",
        story="Chunks in HTTP/1.0, which has none: an old proxy sees another end of the request.",
        turns=_send(_NO_LENGTH, _CHUNKED, http_version="1.0"),
        refused="smuggling.encoding",
        sources=("CWE-444",),
    ),
    Case(
        name="trace",
        story="A request that echoes the visitor's cookies into a page.",
        turns=(Ask(method="TRACE"),),
        refused="smuggling.method",
        sources=("CWE-693",),
    ),
    Case(
        name="lower_case_method",
        story="A method in lower case, which a rule for `GET` does not see and a lenient router does.",
        turns=(Ask(method="get"),),
        refused="smuggling.method",
        sources=("CWE-436",),
    ),
    Case(
        name="made_up_method",
        story="A method that nobody knows, to step round rules by method.",
        turns=(Ask(method="JEFF"),),
        refused="smuggling.method",
        sources=("CWE-436",),
    ),
    Case(name="page", story="A page.", turns=(Ask(),), honest=True),
    Case(name="form", story="A form with its length.", turns=_send(("sec-fetch-site", "same-origin")), honest=True),
    Case(
        name="chunked_upload",
        story="An upload in chunks, because its length is not known beforehand.",
        turns=(Ask(at=Place.UPLOAD, method="POST", chunks=(b"a", b"b"), headers=(("transfer-encoding", "Chunked"),)),),
        honest=True,
    ),
    Case(
        name="underscores",
        story="A header with underscores: nothing is read from it.",
        turns=(Ask(headers=(("content_length", "5"), ("transfer_encoding", "chunked"))),),
        honest=True,
        sources=("GHSA-5m6w-wvh7-57vm",),
    ),
    Case(
        name="own_method",
        story="A method that the application serves and names.",
        turns=(Ask(method="PROPFIND"),),
        honest=True,
        options={"methods": ("GET", "PROPFIND")},
    ),
)
