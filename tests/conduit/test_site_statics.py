from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

from examples.conduit.site.statics import FOLDER
from tests.conduit.site import Visitor, running

if TYPE_CHECKING:
    from pathlib import Path


async def test_files_are_kept_for_ever_under_an_address_of_their_content(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as visitor:
        page = (await visitor.get("/")).text
        style = re.search(r"/static/[0-9a-f]{16}/site\.css", page)
        assert style
        for path in {style[0], *re.findall(r'(?:src|href)="(/static/[^"]+)"', page)}:
            answer = await visitor.get(path, headers={"accept-encoding": "identity"})
            assert answer.status_code == 200
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert "set-cookie" not in answer.headers
            assert answer.content == (FOLDER / path.rpartition("/")[2]).read_bytes()
            again = await visitor.get(path, headers={"accept-encoding": "identity", "if-none-match": answer.headers["etag"]})
            assert (again.status_code, again.content) == (304, b"")
        packed = await visitor.send(visitor.build_request("GET", style[0], headers={"accept-encoding": "gzip"}), stream=True)
        raw = b"".join([part async for part in packed.aiter_raw()])
        assert gzip.decompress(raw) == (FOLDER / "site.css").read_bytes()
        assert packed.headers["vary"] == "Accept-Encoding"
        assert packed.headers["etag"].endswith('-gzip"')


async def test_an_older_address_is_answered_but_not_kept(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as visitor:
        answer = await visitor.get("/static/0123456789abcdef/site.css")
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")
        assert (await visitor.head("/static/0123456789abcdef/site.css")).status_code == 200


async def test_nothing_else_is_a_file(tmp_path: Path) -> None:
    async with running(tmp_path) as guard, Visitor(guard) as visitor:
        for path in (
            "/static/x/nothing.css",
            "/static/x/..",
            "/static/x/..%2f..%2fapp.py",
            "/static/",
            "/static/site.css",
            "/static/x/%00",
        ):
            assert (await visitor.get(path)).status_code in {400, 404}
        icon = await visitor.get("/favicon.ico")
        assert icon.status_code == 308
        assert icon.headers["location"].endswith("/icon.svg")
