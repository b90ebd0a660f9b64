"""Style, script and picture of the pages: read once at start, under an address that changes with the content, so that a browser may keep
them. An application's own folder `pages/static` comes first, as it does with templates."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fastapi import Request, Response

from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.texts import OWN

if TYPE_CHECKING:
    from collections.abc import Sequence

MISSING = Problem("account.file_missing", 404, "There is no such file.", "Load the page again.")
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
_FOR_EVER = "public, max-age=31536000, immutable"  # RFC 8246; the content of this address never changes
_DIGEST_CHARS = 16


class StaticFile(NamedTuple):
    """`packed` is the body in gzip. Nothing secret is in it, so compressing it tells nobody anything."""

    digest: str
    kind: str
    body: bytes
    packed: bytes


class Statics:
    """The files, in memory. Deliberately no look at the disk per request: no path of a visitor ever names a file."""

    def __init__(self, folders: Sequence[str | Path], path: str) -> None:
        self._path = path
        self._files: dict[str, StaticFile] = {}
        for folder in (OWN, *reversed(folders)):
            there = Path(folder) / "pages" / "static"
            self._files |= {file.name: _load(file) for file in sorted(there.glob("*")) if file.suffix in _TYPES}

    def url(self, name: str) -> str:
        """Return the address of a file. Raises KeyError where there is none."""
        return f"{self._path}/{self._files[name].digest}/{name}"

    async def answer(self, request: Request, digest: str, name: str) -> Response:
        """Return the file, or 304 where the browser has it. Raises `AccountError` 404. A route."""
        file = self._files.get(name)
        if file is None:
            raise AccountError(MISSING)
        packed = "gzip" in request.headers.get("accept-encoding", "")
        tag = f'"{file.digest}{"-gzip" if packed else ""}"'
        # An address of an older version (a page from before an update) brings the present file, but not to be kept.
        headers = {"etag": tag, "cache-control": _FOR_EVER if digest == file.digest else "no-cache", "vary": "accept-encoding"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if packed:
            headers["content-encoding"] = "gzip"
        return Response(file.packed if packed else file.body, media_type=file.kind, headers=headers)


def _load(file: Path) -> StaticFile:
    body = file.read_bytes()
    digest = hashlib.sha256(body).hexdigest()[:_DIGEST_CHARS]
    return StaticFile(digest, _TYPES[file.suffix], body, gzip.compress(body, mtime=0))
