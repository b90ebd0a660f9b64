"""Whose quota it is: accounts in JSON and forms, signed-in persons, and everything else that `limited` can count by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import pytest
from fastapi import FastAPI, Form, Request

from buckler.frameworks.fastapi import SessionDep, limited

if TYPE_CHECKING:
    from collections.abc import Callable


from tests.fastapi_site import at, client_of, limited_app, statuses_of

SPELLINGS = ["john", "John", "ｊohn", " john"]  # noqa: RUF001  # CVE-2026-47203


@pytest.mark.parametrize(
    "request_of",
    [
        lambda name: {"json": {"user": {"email": name}}},
        lambda name: {
            "content": b'{"user": {"email": "nobody"}, "user": {"email": "' + name.encode() + b'"}}',
            "headers": {"content-type": "application/json"},
        },
    ],
)
async def test_an_account_is_found_in_json(request_of: Callable[[str], dict[str, Any]]) -> None:
    client = client_of(limited_app("3/minute", by="account", account="user.email"))
    statuses = []
    for number, name in enumerate(SPELLINGS):
        statuses.append((await at(client, f"198.51.100.{number}").post("/sign-in", **request_of(name))).status_code)
    assert statuses == [200, 200, 200, 429]
    assert await statuses_of(client, 1, **request_of("jane")) == [200]


@pytest.mark.parametrize("multipart", [False, True])
@pytest.mark.parametrize("reads", ["form", "nothing", "itself"])
async def test_an_account_is_found_in_a_form_whoever_reads_it(multipart: bool, reads: str) -> None:
    app = FastAPI()
    limit = limited("3/minute", by="account", account="email")
    if reads == "form":

        @app.post("/sign-in", dependencies=[limit])
        async def by_form(email: Annotated[str, Form()]) -> str:
            return email

    elif reads == "itself":

        @app.post("/sign-in", dependencies=[limit])
        async def by_itself(request: Request) -> str:
            return str((await request.form())["email"])

    else:

        @app.post("/sign-in", dependencies=[limit])
        async def by_nobody() -> str:
            return "x"

    client = client_of(app)
    statuses = []
    for name in SPELLINGS:
        form: dict[str, Any] = {"files": {"email": (None, name)}} if multipart else {"data": {"email": name}}
        answer = await client.post("/sign-in", **form)
        statuses.append(answer.status_code)
        if answer.status_code == 200 and reads != "nothing":
            assert answer.json() == name
    assert statuses == [200, 200, 200, 429]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"user": 7}',
        b'{"user": {"email": null}}',
        b'{"user": {"email": ["a"]}}',
        b'{"user": {"email": true}}',
        b"\xff",
        b"[" * 20,
    ],
)
async def test_requests_without_an_account_share_one_quota(body: bytes) -> None:
    app = FastAPI()

    @app.post("/sign-in", dependencies=[limited("1/minute", by="account", account="user.email")])
    async def sign_in() -> None: ...

    client = client_of(app)
    assert await statuses_of(client, 1, content=b"{}") == [200]
    assert await statuses_of(client, 1, content=body) == [429]
    assert await statuses_of(client, 1, json={"user": {"email": 7}}) == [200]


async def test_the_account_may_be_the_signed_in_person() -> None:
    app = FastAPI()

    @app.post("/enter")
    async def enter(session: SessionDep, name: str) -> None:
        session.sign_in(name)

    @app.post("/act", dependencies=[limited("2/minute", by="account")])
    async def act() -> None: ...

    anonymous = client_of(app)
    assert await statuses_of(anonymous, 3, "/act") == [200, 200, 429]  # nobody: counted by client
    mira, noor, again = (at(anonymous, "203.0.113.7") for _ in range(3))
    await mira.post("/enter", params={"name": "mira"})
    await noor.post("/enter", params={"name": "noor"})
    await again.post("/enter", params={"name": "mira"})
    assert await statuses_of(mira, 2, "/act") == [200, 200]
    assert await statuses_of(again, 1, "/act") == [429]
    assert await statuses_of(noor, 1, "/act") == [200]
