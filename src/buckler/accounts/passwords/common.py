"""The short list of common passwords, which is always there. Where it comes from: COMMON.md beside it."""

from __future__ import annotations

import gzip
from functools import cache
from importlib.resources import files
from unicodedata import normalize


@cache
def common() -> frozenset[str]:
    """Return the list: lower case, eight characters and more. Read at first use: 5 ms, and 1 MB from then on."""
    packed = files("buckler.accounts.passwords").joinpath("common.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode("ascii").split("\n"))


def is_common(password: str) -> bool:
    """Whether `password` is one of them, whatever its case and the width of its characters."""
    return normalize("NFKC", password).casefold() in common()
