"""Codings where their libraries are missing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from buckler.cache.encodings import makers

if TYPE_CHECKING:
    import pytest


def test_gzip_is_always_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(makers()) == [b"br", b"zstd", b"gzip"]
    for name in ("brotli", "zstandard"):
        monkeypatch.setitem(sys.modules, name, None)
    makers.cache_clear()
    assert list(makers()) == [b"gzip"]
    makers.cache_clear()
