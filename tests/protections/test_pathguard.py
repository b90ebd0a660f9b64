"""`pathguard` beyond its cases: options, memory, odd servers."""

from __future__ import annotations

import posixpath
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.errors import ConfigError
from buckler.protections.pathguard import PathGuard
from tests.requests import request_of, site_of


def verdict(raw: bytes, path: str | None = None, **options: Any) -> str:
    check = PathGuard(**options).steps(site_of()).check
    assert check is not None
    decoded = raw.decode("latin-1") if path is None else path
    request = request_of(raw_path=raw, path=unquote(decoded) if path is None else path)
    found = check(request)
    assert (check(request) is None) is (found is None), "the memory changes the answer"
    return getattr(found, "code", "")


@pytest.mark.parametrize(
    ("option", "path", "code"),
    [
        ("insecure_encoded_slashes", b"/pkg/@scope%2Fname", "pathguard.encoded_slash"),
        ("insecure_empty_segments", b"/a//b", "pathguard.empty_segment"),
        ("insecure_parameters", b"/map;v=1.2", "pathguard.parameters"),
    ],
)
def test_each_hole_lets_through_one_form(option: str, path: bytes, code: str) -> None:
    hole: dict[str, Any] = {option: True}
    assert verdict(path) == code
    assert verdict(path, **hole) == ""
    assert verdict(b"/a/../b", **hole) == "pathguard.dot_segment"
    assert verdict(b"/a/..;/b", **hole) == "pathguard.dot_segment"
    assert verdict(b"/a%2f..%2fb", **hole) == "pathguard.dot_segment"
    assert verdict(b"//evil.example/", **hole) == "pathguard.malformed"
    assert verdict(b"/%2fevil.example/", **hole) == "pathguard.empty_segment"


@pytest.mark.parametrize(
    "raw", [b"*", b"a", b"http://evil.example/", b"/%", b"/%2", b"/%zz", b"/a b", b'/a"', b"/<a>", b"/caf\xc3\xa9", b"/\x7f"]
)
def test_what_is_no_path(raw: bytes) -> None:
    assert verdict(raw) == "pathguard.malformed"


def test_a_server_without_raw_path() -> None:
    """ASGI calls `raw_path` optional: then the decoded path is all there is."""
    assert verdict(b"", "/articles/1") == ""
    assert verdict(b"", "/caf\u00e9 and more") == ""
    assert verdict(b"", "/a/../b") == "pathguard.dot_segment"
    assert verdict(b"", "/a/%2e%2e/b") == "pathguard.dot_segment"
    assert verdict(b"", "articles") == "pathguard.malformed"
    assert verdict(b"", "//evil.example") == "pathguard.malformed"
    assert verdict(b"", "") == "pathguard.malformed"


def test_the_decoded_path_is_looked_at_too() -> None:
    """A server or a mount may hand over a path that is not what the raw one decodes to."""
    assert verdict(b"/app/x", "/x") == ""
    assert verdict(b"/app/x", "/../x") == "pathguard.dot_segment"
    assert verdict(b"/app/x", "/caf\ufffd") == "pathguard.malformed"
    assert verdict(b"/app/x", "/\ud800") == "pathguard.malformed"
    assert verdict(b"/a%00", "/a") == "pathguard.malformed"


def test_inner_layers() -> None:
    assert verdict(b"/a%2500") == "pathguard.malformed"
    assert verdict(b"/a%2520b") == ""
    assert verdict(b"/50%25ff") == ""


def test_length() -> None:
    assert verdict(b"/" + b"a" * 2047) == ""
    assert verdict(b"/" + b"a" * 2048) == "pathguard.too_long"
    assert verdict(b"", "/" + "a" * 2048) == "pathguard.too_long"
    assert verdict(b"/abc", max_path_bytes=3) == "pathguard.too_long"


def test_the_memory_is_bounded_and_exact() -> None:
    check = PathGuard().steps(site_of()).check
    assert check is not None
    assert check.__closure__ is not None
    memory = next(cell.cell_contents for cell in check.__closure__ if isinstance(cell.cell_contents, dict))
    for number in range(5000):
        assert check(request_of(raw_path=b"/%d" % number, path=f"/{number}")) is None
        assert len(memory) <= 4096
    long = b"/" + b"a" * 300
    assert check(request_of(raw_path=long, path=long.decode())) is None
    assert long not in memory
    assert check(request_of(raw_path=b"/4999", path="/../etc")) is not None


@given(st.text(alphabet="/.%25eEfFcC0a\\;", max_size=24).map(lambda text: ("/" + text).encode()))
def test_no_accepted_path_leaves_its_folder(raw: bytes) -> None:
    """However often somebody decodes what was accepted, normalising it changes nothing but a slash at the end."""
    if verdict(raw) == "":
        text = raw.decode()
        for _ in range(6):
            text = unquote(text)
            assert posixpath.normpath(text) == (text.rstrip("/") or "/")
            assert "\\" not in text


@pytest.mark.parametrize("value", [0, -1, "long"])
def test_settings_that_cannot_work(value: Any) -> None:
    with pytest.raises(ConfigError, match="max_path_bytes"):
        PathGuard(max_path_bytes=value)
