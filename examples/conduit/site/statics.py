"""Style, script and pictures: read once at start, under an address that changes with the content, so that a browser may keep them."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, HTTPException, Request, Response

from buckler.frameworks.fastapi.accounts import public

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent.parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"  # RFC 8246; the content of this address never changes


@dataclass(frozen=True, slots=True)
class StaticFile:
    """`packed` is the body in gzip. Nothing secret is in it, so compressing it tells nobody anything."""

    digest: str
    kind: str
    body: bytes
    packed: bytes


class Statics:
    """The files of `folder`, in memory. Deliberately no look at the disk per request: no path of a visitor ever names a file."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files: Mapping[str, StaticFile] = {path.name: _load(path) for path in sorted(folder.iterdir()) if path.suffix in _TYPES}

    def url(self, name: str) -> str:
        """Return the address of a file. Raises KeyError where there is none."""
        return f"/static/{self._files[name].digest}/{name}"

    def answer(self, request: Request, digest: str, name: str) -> Response:
        """Return the file, or 304 where the browser has it. Raises 404."""
        file = self._files.get(name)
        if file is None:
            raise HTTPException(404)
        packed = "gzip" in request.headers.get("accept-encoding", "")
        tag = f'"{file.digest}{"-gzip" if packed else ""}"'
        # An address of an older version (a page from before an update) brings the present file, but not to be kept.
        headers = {"ETag": tag, "Cache-Control": _FOR_EVER if digest == file.digest else "no-cache", "Vary": "Accept-Encoding"}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if packed:
            headers["Content-Encoding"] = "gzip"
        return Response(file.packed if packed else file.body, media_type=file.kind, headers=headers)


def _load(path: Path) -> StaticFile:
    body = path.read_bytes()
    return StaticFile(hashlib.sha256(body).hexdigest()[:16], _TYPES[path.suffix], body, gzip.compress(body, mtime=0))


def static_router(statics: Statics) -> APIRouter:
    """Return the routes of the files."""
    router = APIRouter(dependencies=[public(because="style, script and pictures are the same for everybody")])

    @router.api_route("/static/{digest}/{name}", methods=["GET", "HEAD"])
    async def static(request: Request, digest: str, name: str) -> Response:
        return statics.answer(request, digest, name)

    @router.api_route("/favicon.ico", methods=["GET", "HEAD"])
    async def favicon() -> Response:
        return Response(status_code=308, headers={"Location": statics.url("icon.svg"), "Cache-Control": "public, max-age=86400"})

    return router
