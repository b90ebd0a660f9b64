"""`smuggling` beyond its cases."""

from __future__ import annotations

import pytest

from buckler.errors import ConfigError
from buckler.protections.smuggling import Smuggling
from tests.requests import request_of, site_of


def verdict(*headers: tuple[bytes, bytes], **changes: object) -> str:
    check = Smuggling().steps(site_of()).check
    assert check is not None
    return getattr(check(request_of(*headers, **changes)), "code", "")


@pytest.mark.parametrize("value", [b"", b" 3", b"3 ", b"-1", b"0x3", b"1_0", b"3.0", b"3,3", b"\xb2", b"1" * 20, b"3\n"])
def test_a_length_is_one_plain_number(value: bytes) -> None:
    assert verdict((b"content-length", value)) == "smuggling.length"


@pytest.mark.parametrize("value", [b"0", b"3", b"003", b"9" * 19])
def test_plain_numbers(value: bytes) -> None:
    assert verdict((b"content-length", value)) == ""


@pytest.mark.parametrize("value", [b"", b"chunked ", b"\x0bchunked", b"chunked, chunked", b"identity", b"chunked;q=1", b'"chunked"'])
def test_an_encoding_is_chunked(value: bytes) -> None:
    assert verdict((b"transfer-encoding", value)) == "smuggling.encoding"


@pytest.mark.parametrize("version", ["1.0", "2", "2.0", "3"])
def test_only_http_1_1_has_chunks(version: str) -> None:
    assert verdict((b"transfer-encoding", b"chunked"), http_version=version) == "smuggling.encoding"
    assert verdict((b"content-length", b"3"), http_version=version) == ""


@pytest.mark.parametrize("methods", ["GET", ["get"], ["TRACE"], ["GET", "CONNECT"], [""], ["G T"], [1]])
def test_settings_that_cannot_work(methods: object) -> None:
    with pytest.raises(ConfigError, match="methods"):
        Smuggling(methods=methods)  # type: ignore[arg-type]  # that is what is tested
