"""What is counted in a body does not depend on how it was cut, and agrees with the plain definitions."""

from __future__ import annotations

import gc
import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.core.protection import Limits
from buckler.guard.shapes import Shape, boundary_of, shape_of

LIMITS = Limits(max_fields=5, max_parts=3, max_part_header_bytes=64, max_depth=4)
FORM, MULTIPART, JSON = b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=b", b"application/json"
CUTS = st.lists(st.integers(0, 3000), max_size=12)
PART = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'


def verdict(kind: bytes, *pieces: bytes, limits: Limits = LIMITS) -> str:
    shape = shape_of(kind, limits)
    assert shape is not None
    for number, piece in enumerate(pieces):
        found = shape.feed(piece, last=number == len(pieces) - 1)
        if found is not None:
            return found.code
    return ""


def cut(body: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(body), *(at % (len(body) + 1) for at in cuts)})
    return [body[a:b] for a, b in pairwise(places)] or [b""]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (FORM, "Form"),
        (b"Application/X-WWW-Form-Urlencoded ; charset=utf-8", "Form"),
        (MULTIPART, "Multipart"),
        (b"multipart/mixed; boundary=b", "Multipart"),
        (JSON, "Json"),
        (b"application/problem+JSON; charset=utf-8", "Json"),
        (b"text/json", "Json"),
        (b"", "Json"),
        (b"text/plain, application/json", "Multipart"),
        (b"text/plain", "NoneType"),
        (b"image/png", "NoneType"),
    ],
)
def test_each_type_has_its_shape(kind: bytes, name: str) -> None:
    assert type(shape_of(kind, LIMITS)).__name__ == name


@pytest.mark.parametrize("kind", [FORM, MULTIPART, JSON, b""])
def test_no_limit_no_shape(kind: bytes) -> None:
    assert shape_of(kind, Limits()) is None


def test_two_content_types_are_none() -> None:
    """Whatever the application takes the body for, it is refused."""
    assert verdict(b"text/plain, application/json", b"x") == "bodylimit.malformed"


@given(st.integers(0, 12), CUTS)
def test_fields(count: int, cuts: list[int]) -> None:
    """CVE-2026-54283."""
    body = b"&".join([b"a=1"] * count)
    assert verdict(FORM, *cut(body, cuts)) == ("bodylimit.too_many_fields" if count > 5 else "")


@given(st.integers(0, 6), CUTS, st.sampled_from([b"x", b"", b"\r\n", b"\r\n--", b"\r", b"--b", b"\r\n--B\r\n\r\n", b"\r\n\r\n"]))
def test_parts(count: int, cuts: list[int], content: bytes) -> None:
    """CVE-2023-30798, CVE-2023-25577."""
    body = b"".join(b"--b\r\nX: y\r\n\r\n" + content + b"\r\n" for _ in range(count)) + b"--b--\r\n"
    assert verdict(MULTIPART, *cut(body, cuts)) == ("bodylimit.too_many_parts" if count > 3 else "")


@given(st.integers(40, 80), CUTS)
def test_part_headers(size: int, cuts: list[int]) -> None:
    """CVE-2026-42561: the line break behind the boundary counts as well."""
    body = b"--b\r\n" + b"X" * (size - 2) + b"\r\n\r\nx\r\n--b--\r\n"
    assert verdict(MULTIPART, *cut(body, cuts)) == ("bodylimit.too_many_parts" if size > 64 else "")


def test_part_headers_that_never_end() -> None:
    assert verdict(MULTIPART, b"--b\r\n", *[b"X: y\r\n"] * 100) == "bodylimit.too_many_parts"


def test_a_part_without_headers_and_a_part_without_content() -> None:
    assert verdict(MULTIPART, b"--b\r\n\r\n\r\n--b\r\n\r\nx\r\n--b--") == ""


@pytest.mark.parametrize("where", ["before", "after"])
@given(st.integers(900, 1200), CUTS)
def test_around_the_parts(where: str, size: int, cuts: list[int]) -> None:
    """CVE-2024-53981, CVE-2026-40347: what surrounds the parts, boundaries included, is at most a kilobyte."""
    around = b"\r\n" * (size // 2)
    body = around + b"\r\n" + PART + b"--b--" if where == "before" else PART + b"--b--" + around
    found = verdict(MULTIPART, *cut(body, cuts))
    if size < 1000:
        assert found == ""
    if size > 1050:
        assert found == "bodylimit.malformed"


def test_a_body_without_any_boundary() -> None:
    assert verdict(MULTIPART, b"x" * 2000) == "bodylimit.malformed"
    assert verdict(MULTIPART, *[b"x"] * 2000) == "bodylimit.malformed"


def test_a_part_that_begins_with_a_line_break_is_read_once() -> None:
    """CVE-2023-46136: megabytes of nearly-boundaries, in pieces; a parser that begins again with each piece would not end."""
    assert verdict(MULTIPART, b"--b\r\nX: y\r\n\r\n\r", *[b"\r\n--" * 4096] * 256, b"\r\n--b--") == ""


def test_a_multipart_shape_is_no_reference_cycle() -> None:
    while gc.collect():
        pass
    gc.disable()
    try:
        for _ in range(100):
            verdict(MULTIPART, PART, b"--b--")
        assert gc.collect() < 100  # what other threads have left meanwhile is not ours
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("kind", "boundary"),
    [
        (b"multipart/form-data; boundary=----WebKitFormBoundaryAbC012", b"----WebKitFormBoundaryAbC012"),
        (b'multipart/form-data; charset=utf-8; Boundary="a b"', b"a b"),
        (b"multipart/form-data;boundary=b ;", b"b"),
        (b"multipart/form-data; boundary=" + b"b" * 70, b"b" * 70),
        (b"multipart/form-data; boundary=" + b"b" * 71, b""),
        (b"multipart/form-data", b""),
        (b"multipart/form-data; boundary=", b""),
        (b'multipart/form-data; boundary="a ', b""),
        (b'multipart/form-data; boundary="a "', b""),
        (b"multipart/form-data; boundary=a; boundary=b", b""),
        (b"multipart/form-data; boundary*=utf-8''a", b""),
        (b"multipart/form-data; boundary*0=a; boundary*1=b", b""),
        (b"multipart/form-data; boundary=a, multipart/form-data; boundary=b", b""),
        (b"multipart/form-data; boundary=a; !", b""),
        (b'multipart/form-data; !="' + b"\\" * 100_000, b""),
        (b"multipart/form-data; boundary=a\x00", b""),
    ],
)
def test_boundaries(kind: bytes, boundary: bytes) -> None:
    """CVE-2024-24762 and what parsers read differently."""
    assert boundary_of(kind) == boundary


VALUES = st.recursive(
    st.none() | st.integers() | st.text(alphabet='a[]{}"\\,:\u00e9\U0001f600', max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='[{"\\', max_size=3), inner, max_size=3),
    max_leaves=12,
)


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(VALUES, CUTS, st.booleans())
def test_depth_is_what_a_parser_finds(value: object, cuts: list[int], ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert verdict(JSON, *cut(body, cuts)) == ("bodylimit.too_deep" if depth(value) > 4 else "")


@given(st.lists(st.sampled_from([b"[", b"]", b"{", b"}", b'"', b"\\", b"a", b'\\"', b"\\\\"]), max_size=60).map(b"".join), CUTS)
def test_nonsense_is_judged_the_same_however_it_is_cut(body: bytes, cuts: list[int]) -> None:
    whole = verdict(JSON, body, b"")
    assert verdict(JSON, *cut(body, cuts), b"") == whole


def test_many_shallow_values_are_not_deep() -> None:
    assert verdict(JSON, b"[" + b"[]," * 1000 + b"0]") == ""
    assert verdict(JSON, b"[" * 4 + b"]" * 4) == ""
    assert verdict(JSON, b"[" * 5 + b"]" * 5) == "bodylimit.too_deep"


def test_hostile_strings_are_read_once() -> None:
    """Linear: an open string of half a million escaped quotes, or a million bare ones."""
    assert verdict(JSON, b'["' + b'\\"' * 500_000, b"") == ""
    assert verdict(JSON, b'"' * 1_000_000, b"") == ""


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings_are_refused(encoding: str) -> None:
    for kind in (JSON, b""):
        assert verdict(kind, ("[" * 9 + "]" * 9).encode(encoding)) == "bodylimit.malformed"


def test_what_does_not_tell_its_type_and_does_not_look_like_json_is_no_json() -> None:
    assert verdict(b"", b"\x89PNG\r\n\x1a\n\x00" + b"[" * 100) == ""
    assert verdict(b"", b"", b"", b"PNG", b"[" * 100) == ""
    assert verdict(b"", b"\xef\xbb\xbf \n[[[[[") == "bodylimit.too_deep"
    assert verdict(b"", b"", b" [", b"[[[[") == "bodylimit.too_deep"


def test_every_shape_names_its_limit() -> None:
    for kind, name in ((FORM, "max_fields"), (MULTIPART, "max_parts"), (JSON, "max_depth")):
        shape: Shape | None = shape_of(kind, LIMITS)
        assert shape is not None
        assert shape.limit == name
