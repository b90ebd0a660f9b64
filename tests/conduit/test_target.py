"""What the command line and the audit are told of Conduit is true; the API describes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.testing import Place
from examples.conduit import target
from examples.conduit.target import DEMO_ARTICLE
from tests.conduit.inside import inside

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conduit.inside import Inside

LOOKS = {"accept": "text/html"}
OURS = {"origin": "https://localhost", "content-type": "application/x-www-form-urlencoded"}


async def test_every_place_is_there(tmp_path: Path) -> None:
    async with inside(tmp_path, demo_content=True) as conduit:
        client, paths = conduit.client, target.paths
        assert (await client.get(paths[Place.PAGE])).status_code == 200
        assert (await client.get(paths[Place.PRIVATE], headers=LOOKS)).status_code == 303, "to the sign-in page"
        assert (await client.post(paths[Place.UPLOAD], content=b"username=x", headers=OURS)).status_code == 422
        signed_in = await client.post(paths[Place.SIGN_IN], content=target.sign_in_body, headers=OURS)
        assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/")
        assert (await client.get(paths[Place.PRIVATE])).status_code == 200
        before = (await conduit.ask("GET", f"/articles/{DEMO_ARTICLE}")).json()["article"]["favoritesCount"]
        assert (await client.post(paths[Place.WRITE], headers=OURS)).status_code == 303
        after = (await conduit.ask("GET", f"/articles/{DEMO_ARTICLE}")).json()["article"]["favoritesCount"]
        assert after == before + 1
        assert (await client.post(paths[Place.SIGN_OUT], headers=OURS)).status_code == 303
        assert (await client.get(paths[Place.PRIVATE], headers=LOOKS)).status_code == 303


async def test_the_api_describes_itself(conduit: Inside) -> None:
    page = await conduit.ask("GET", "/docs")
    assert page.status_code == 200
    assert "/api/openapi.json" in page.text
    described = (await conduit.ask("GET", "/openapi.json")).json()
    assert set(described["paths"]["/articles/{slug}"]) == {"get", "put", "delete"}
    for path in described["paths"].values():
        for operation in path.values():
            answer = operation["responses"]["422"]["content"]["application/json"]["schema"]
            assert answer == {"$ref": "#/components/schemas/ErrorsAnswer"}
