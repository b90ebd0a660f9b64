r"""Where a visitor may be led back to: a path of this very site, and never an address of another (CWE-601)."""

from __future__ import annotations

import re
from urllib.parse import unquote

MAX_CHARS = 2_000
# Printable ASCII without what some browser reads as something else: a backslash is a slash to most, a quote ends an attribute.
_ADDRESS = re.compile(r"/[!#$%&'()*+,\-./0-9:;=?@A-Z_a-z~\[\]]*")
_ENCODINGS = 3  # a path that is still encoded after so many decodings is nothing that an honest page links to


def own_path(address: str, otherwise: str = "/") -> str:
    r"""Return `address` when it is a path of this site, with its query and fragment if it has them, else `otherwise`.

    Browsers and servers read addresses by different rules (`//evil`, `/\evil`, `/<tab>/evil`, `/%2fevil`, `//a@evil`: CVE-2021-32618,
    CVE-2023-49438). So this does not ask where an address leads, but accepts only one that can be read in one way: ASCII without
    spaces and control characters, one slash first, no empty segment and no backslash, however often the path is decoded.
    """
    if len(address) > MAX_CHARS or not _ADDRESS.fullmatch(address):
        return otherwise
    path = re.split(r"[?#]", address, maxsplit=1)[0]
    for _ in range(_ENCODINGS):
        if "//" in path or "\\" in path or any(char < " " or char == "\x7f" for char in path):
            return otherwise
        plain = unquote(path, errors="replace")
        if plain == path:
            return address
        path = plain
    return otherwise
