"""What a FastAPI route can ask for: its session, its nonce, its token, its exemption."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, WebSocket

from buckler.errors import ConfigError
from buckler.frameworks.fastapi import Session, SessionDep, SessionsDep, csrf_exempt, csrf_token, nonce, session
from buckler.guard import off
from buckler.protections.csrf import CSRF
from buckler.protections.sessions import Sessions
from buckler.testing import guarded
from tests.asgi import Wire, scope_of

SAME = {"sec-fetch-site": "same-origin"}


APP = FastAPI()


@APP.post("/sign-in")
async def sign_in(session: SessionDep, name: str = "mira") -> None:
    session.sign_in(name)


@APP.get("/me")
def me(visitor: Annotated[Session, Depends(session)]) -> str | None:  # in a worker thread
    return visitor.person


@APP.post("/end")
async def end(registry: SessionsDep) -> None:
    await registry.revoke_all("mira")


@APP.get("/page")
async def page(word: Annotated[str, Depends(nonce)], token: Annotated[str, Depends(csrf_token)]) -> dict[str, str]:
    return {"nonce": word, "token": token}


@APP.post("/act")
async def act() -> None: ...


@APP.post("/hook")
@csrf_exempt(because="the payment provider calls it, and signs what it says")
async def hook() -> None: ...


@APP.post("/hook/{rest}")
async def not_the_hook(rest: str) -> None: ...


@APP.websocket("/socket")
async def socket(websocket: WebSocket, visitor: SessionDep) -> None:
    await websocket.accept()
    await websocket.send_text(str(visitor.person))
    await websocket.close()


def _client(app: Any, *changes: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(guarded(app, *changes)), base_url="https://shop.example")


async def test_signing_in_and_ending_it() -> None:
    client = _client(APP)
    assert (await client.get("/me")).json() is None
    await client.post("/sign-in", headers=SAME)
    answer = await client.get("/me")
    assert answer.json() == "mira"
    assert answer.headers["cache-control"] == "no-store"
    assert "cookie" in answer.headers["vary"].lower()
    await client.post("/end", headers=SAME)
    assert (await client.get("/me")).json() is None


async def test_each_response_has_its_own_nonce() -> None:
    client = _client(APP)
    words = {(await client.get("/page")).json()["nonce"] for _ in range(3)}
    assert len(words) == 3


async def test_an_old_browser_needs_the_token_of_its_session() -> None:
    client = _client(APP)
    assert (await client.get("/page")).json()["token"] == ""  # no session, so nobody asks for a token
    assert (await client.post("/act")).status_code == 200
    await client.post("/sign-in", headers=SAME)
    before = (await client.get("/page")).json()["token"]
    assert (await client.post("/act", headers={"x-csrf-token": before})).status_code == 200
    assert (await client.post("/act")).json()["code"] == "csrf.no_token"
    await client.post("/sign-in", headers=SAME)
    assert (await client.post("/act", headers={"x-csrf-token": before})).json()["code"] == "csrf.no_token"


async def test_without_csrf_there_is_no_token() -> None:
    client = _client(APP, off(CSRF, because="the application has no sign-in"))
    await client.post("/sign-in")
    assert (await client.get("/page")).json()["token"] == ""


async def test_an_exemption_hangs_on_the_endpoint_alone() -> None:
    """CVE-2025-47910: what is said of one route says nothing of its neighbours, and no spelling borrows it."""
    client = _client(APP)
    evil = {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert (await client.post("/hook", headers=evil)).status_code == 200
    for path in ("/act", "/hook/", "/hook/x", "/hook/../act", "/Hook", "/hook;x"):
        assert (await client.post(path, headers=evil)).status_code in {400, 403}


async def test_an_exemption_is_found_within_routers_and_mounts() -> None:
    router = APIRouter(prefix="/in")

    @router.post("/hook")
    @csrf_exempt(because="signed")
    async def hook() -> None: ...

    inner, outer = FastAPI(), FastAPI()
    inner.include_router(router)
    outer.mount("/deep", inner)
    assert (await _client(outer).post("/deep/in/hook", headers={"sec-fetch-site": "cross-site"})).status_code == 200


@pytest.mark.parametrize("because", ["", " ", None])
def test_an_exemption_says_why(because: Any) -> None:
    with pytest.raises(ConfigError, match=r"csrf_exempt\.because"):
        csrf_exempt(because=because)


async def test_a_socket_knows_who_is_signed_in() -> None:
    guard = guarded(APP)
    client = httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="https://shop.example")
    await client.post("/sign-in", headers=SAME)
    wire = Wire()
    wire.incoming = [{"type": "websocket.connect"}]
    cookie = f"__Host-session={client.cookies['__Host-session']}".encode()
    scope = scope_of("/socket", "GET", (b"cookie", cookie), (b"origin", b"https://shop.example"), type="websocket", scheme="wss")
    await guard(scope | {"subprotocols": []}, wire.receive, wire.send)
    assert wire.sent[1]["text"] == "mira"


async def test_a_session_needs_its_protection() -> None:
    client = _client(APP, off(Sessions, because="the test wants to see the message"))
    with pytest.raises(RuntimeError, match="`sessions`, which is off"):
        await client.get("/me")


def test_without_fastapi_the_extra_is_named() -> None:
    """In a process of its own: an import cannot be undone."""
    program = (
        "import sys\nsys.modules['fastapi'] = None\nfrom buckler.errors import MissingExtraError\n"
        "try:\n    import buckler.frameworks.fastapi\nexcept MissingExtraError as missing:\n    print(missing)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env={"PYTHONPATH": "src"})
    assert 'pip install "buckler[fastapi]"' in told.stdout
