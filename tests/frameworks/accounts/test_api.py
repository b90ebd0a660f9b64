"""The JSON API of accounts, on a real guard: what a single-page or mobile client does from signing up to leaving."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx
import pyotp
import pytest
import pytest_asyncio
from fastapi import FastAPI

from buckler.frameworks.fastapi.accounts import add_accounts
from buckler.testing import guarded
from tests.accounts.authenticator import Authenticator
from tests.accounts.stage import EMAIL, OTHER, PASSWORD, Stage, stage_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


class Site:
    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.app = FastAPI()
        add_accounts(self.app, stage.accounts)
        self.guard = guarded(self.app, clock=stage.clock, store=stage.store)
        self._open: list[Client] = []

    def client(self, address: str = "203.0.113.7", **headers: str) -> Client:
        made = Client(self, address, headers)
        self._open.append(made)
        return made

    async def close(self) -> None:
        for client in self._open:
            await client.http.aclose()


class Client:
    def __init__(self, site: Site, address: str, headers: dict[str, str]) -> None:
        self.clock = site.stage.clock
        transport = httpx.ASGITransport(site.guard, client=(address, 1))
        self.http = httpx.AsyncClient(
            transport=transport, base_url="https://shop.example", headers={"sec-fetch-site": "same-origin", **headers}
        )

    async def __call__(self, method: str, path: str, expect: int = 200, **body: Any) -> Any:
        self.clock.move(0.001)  # who signs in at the very moment of a revocation is out
        answer = await self.http.request(method, f"/account/api{path}", json=body or None)
        assert answer.status_code == expect, answer.text
        assert answer.headers["cache-control"] == "no-store"
        return answer.json()

    async def post(self, path: str, expect: int = 200, **body: Any) -> Any:
        return await self("POST", path, expect, **body)

    async def get(self, path: str, expect: int = 200) -> Any:
        return await self("GET", path, expect)


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    async with stage_at(tmp_path) as stage:
        made = Site(stage)
        yield made
        await made.close()


async def _signed_up(site: Site, client: Client, email: str = EMAIL, password: str = PASSWORD) -> None:
    assert await client.post("/sign-up", 202, email=email, password=password) == {"state": "look_into_your_mail", "ways": []}
    token = await site.stage.token()
    assert (await client.post("/sign-up/finish", 201, token=token))["state"] == "signed_in"


async def test_sign_up_sign_out_sign_in(site: Site) -> None:
    client = site.client()
    await _signed_up(site, client)
    me = await client.get("/me")
    assert (me["email"], me["email_verified"], me["factors"]["password"]) == (EMAIL, True, True)
    await client.post("/sign-out")
    assert (await client.get("/me", 401))["code"] == "account.sign_in_needed"
    wrong = await client.post("/sign-in", 401, email=EMAIL, password=OTHER)
    assert wrong == await client.post("/sign-in", 401, email="nobody@mail.example", password=PASSWORD)
    assert (await client.post("/sign-in", email=EMAIL, password=PASSWORD))["state"] == "signed_in"


async def test_a_second_factor_and_recovery_codes(site: Site) -> None:
    client = site.client()
    await _signed_up(site, client)
    enrolment = await client.post("/factors/totp", 201, name="Phone")
    app = pyotp.TOTP(enrolment["secret"])
    now = int(site.stage.clock.now())
    await client.post(f"/factors/totp/{enrolment['id']}/confirm", code=app.at(now))
    codes = (await client.post("/factors/recovery", 201))["codes"]
    await client("PATCH", f"/factors/totp/{enrolment['id']}", name="Old phone")
    listed = await client.get("/factors")
    assert ([item["name"] for item in listed["totp"]], listed["recovery_codes_left"]) == (["Old phone"], 10)
    other = site.client()
    half = await other.post("/sign-in", email=EMAIL, password=PASSWORD)
    assert half == {"state": "second_factor", "ways": ["totp", "recovery"]}
    assert (await other.get("/me", 401))["code"] == "account.sign_in_needed"
    assert (await other.post("/sign-in/second", 401, way="totp", answer="000000"))["code"] == "account.factor_wrong"
    assert (await other.post("/sign-in/second", way="recovery", answer=codes[0]))["state"] == "signed_in"
    await client("DELETE", f"/factors/totp/{enrolment['id']}")
    assert (await client.get("/factors"))["totp"] == []


async def test_passkeys_from_sign_up_to_removal(site: Site) -> None:
    client, device = site.client(), Authenticator()
    options = await client.post("/sign-up/passkey/options", email=EMAIL)
    await client.post("/sign-up", 202, email=EMAIL, passkey=device.create(options))
    await client.post("/sign-up/finish", 201, token=await site.stage.token())
    await client.post("/sign-out")
    answer = device.get(await client.post("/sign-in/passkey/options"))
    assert (await client.post("/sign-in/passkey", response=answer))["state"] == "signed_in"
    second = Authenticator()
    added = await client.post("/factors/passkeys", 201, response=second.create(await client.post("/factors/passkeys/options")), name="Key")
    await client("PATCH", f"/factors/passkeys/{added['id']}", name="Blue key")
    names = [item["name"] for item in (await client.get("/factors"))["passkeys"]]
    assert "Blue key" in names
    site.stage.clock.move(601)
    assert (await client("DELETE", f"/factors/passkeys/{added['id']}", 403))["code"] == "account.not_fresh"
    assert (await client.get("/confirm"))["ways"] == [["passkey"]]
    await client.post("/confirm", passkey=device.get(await client.post("/confirm/passkey/options")))
    assert (await client.get("/confirm"))["fresh"]
    await client("DELETE", f"/factors/passkeys/{added['id']}")
    last = (await client.get("/factors"))["passkeys"][0]["id"]
    assert (await client("DELETE", f"/factors/passkeys/{last}", 409))["code"] == "account.last_factor"


async def test_a_key_beside_the_password(site: Site) -> None:
    client, device = site.client(), Authenticator()
    await _signed_up(site, client)
    await client.post("/factors/passkeys", 201, response=device.create(await client.post("/factors/passkeys/options")))
    other = site.client()
    await other.post("/sign-in", email=EMAIL, password=PASSWORD)
    answer = device.get(await other.post("/sign-in/second/passkey"))
    await other.post("/sign-in/second", way="passkey", answer=answer, trust=True)
    (browser,) = await other.get("/browsers")
    await other("DELETE", f"/browsers/{browser['id']}")
    assert await other.get("/browsers") == []
    site.stage.clock.move(601)
    answer = device.get((await other.http.post("/account/api/confirm/passkey/options?beside_password=true")).json())
    await other.post("/confirm", password=PASSWORD, passkey=answer)


async def test_devices_can_be_signed_out(site: Site) -> None:
    client, phone, tablet = site.client(), site.client(), site.client()
    await _signed_up(site, client)
    for other in (phone, tablet):
        await other.post("/sign-in", email=EMAIL, password=PASSWORD)
    listed = await client.get("/devices")
    assert [item["current"] for item in listed] == [True, False, False]
    await client("DELETE", f"/devices/{listed[1]['id']}")
    assert sorted([(await other.http.get("/account/api/me")).status_code for other in (phone, tablet)]) == [200, 401]
    await client("DELETE", "/devices")
    assert len(await client.get("/devices")) == 1
    assert (await client.http.request("DELETE", "/account/api/devices?this_too=true")).status_code == 200
    await client.get("/me", 401)


async def test_tokens_act_for_a_person_and_never_change_how_they_sign_in(site: Site) -> None:
    client = site.client()
    await _signed_up(site, client)
    made = await client.post("/tokens", 201, name="CI", scopes=["articles:read"], days=30)
    assert [item["hint"] for item in await client.get("/tokens")] == [made["hint"]]
    program = site.client(authorization=f"Bearer {made['token']}")
    assert (await program.get("/me", 403))["code"] == "account.session_needed"
    await client("DELETE", f"/tokens/{made['id']}")
    assert (await program.get("/me", 401))["code"] == "account.token_invalid"
    never = await client.post("/tokens", 201, name="For ever", days=None)
    assert never["expires_at"] is None
    for header in ("Basic bWlyYTp4", "Bearer", "nonsense", "Bearer " + "x" * 5000):
        await site.client(authorization=header).get("/me", 401)


async def test_a_client_without_cookies_exchanges_its_session_for_tokens(site: Site) -> None:
    client = site.client()
    await _signed_up(site, client)
    pair = await client.post("/programs", 201, name="Phone app")
    assert pair["token_type"] == "Bearer"
    await client.get("/me", 401)
    program = site.client(authorization=f"Bearer {pair['access_token']}")
    assert (await program.get("/me", 403))["code"] == "account.session_needed"  # known, and no session
    second = await site.client().post("/programs/refresh", refresh_token=pair["refresh_token"])
    assert (await site.client().post("/programs/refresh", 401, refresh_token=pair["refresh_token"]))["code"] == "account.token_invalid"
    await site.client().post("/programs/refresh", 401, refresh_token=second["refresh_token"])  # the family has ended
    await client.post("/sign-in", email=EMAIL, password=PASSWORD)
    assert await client.get("/programs") == []
    pair = await client.post("/programs", 201, name="Phone app")
    await client.post("/sign-in", email=EMAIL, password=PASSWORD)
    (family,) = await client.get("/programs")
    await client("DELETE", f"/programs/{family['id']}")
    pair = await client.post("/programs", 201, name="Phone app", scopes=["articles:read"])
    assert pair["scope"] == "articles:read"
    await site.client().post("/programs/sign-out", refresh_token=pair["refresh_token"])
    await site.client().post("/programs/refresh", 401, refresh_token=pair["refresh_token"])


async def test_password_address_and_leaving(site: Site) -> None:
    client, other = site.client(), site.client("198.51.100.9")
    await _signed_up(site, client)
    assert (await client("PUT", "/password", 401, password=OTHER))["code"] == "account.current_wrong"
    assert (await client("PUT", "/password", 422, password="password1", current=PASSWORD))["code"] == "account.password_common"
    await client("PUT", "/password", password=OTHER, current=PASSWORD)
    await client("PUT", "/email", 202, email="new@mail.example")
    await other.post("/email/finish", token=await site.stage.token())
    assert (await client.get("/me"))["email"] == "new@mail.example"
    await other.post("/reset", 202, email="new@mail.example")
    await other.post("/reset/finish", token=await site.stage.token(), password=PASSWORD)
    await client.post("/sign-in", email="new@mail.example", password=PASSWORD)
    assert (await other.post("/verify", 410, token="x" * 43))["code"] == "account.link_gone"
    assert "signed_in" in [line["kind"] for line in await client.get("/activity")]
    assert await client.get("/links") == []
    await client("DELETE", "/links/7c9d6f1e-0f1c-4f8e-9a53-2f6f2ce3c001", 404)
    assert (await client.get("/export"))["account"]["email"] == "new@mail.example"
    await client("DELETE", "/me")
    await client.get("/me", 401)
    await client.post("/sign-in", 401, email="new@mail.example", password=PASSWORD)


async def test_a_code_by_mail_is_not_sent_to_who_has_a_password(site: Site) -> None:
    client = site.client()
    await _signed_up(site, client)
    before = len(await site.stage.letters())
    await client.post("/confirm/code", 202)
    assert len(await site.stage.letters()) == before


@pytest.mark.parametrize(
    ("path", "body", "names"),
    [
        ("/sign-in", {"email": EMAIL}, "password"),
        ("/sign-in", {"email": EMAIL, "password": PASSWORD, "rememberme": True}, "rememberme"),
        ("/sign-in", {"email": [EMAIL], "password": PASSWORD}, "email"),
        ("/sign-in/second", {"way": "magic", "answer": "1"}, "way"),
        ("/sign-up", {"email": "x" * 300, "password": PASSWORD}, "email"),
        ("/sign-up/finish", {"token": "x" * 5000}, "token"),
    ],
)
async def test_a_body_that_is_not_as_it_should_be_is_told_and_not_repeated(site: Site, path: str, body: Any, names: str) -> None:
    answer = await site.client().http.post(f"/account/api{path}", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["code"] == "account.request_unfit"
    assert names in said["detail"]
    assert PASSWORD not in answer.text


async def test_what_is_no_json_is_told_too(site: Site) -> None:
    answer = await site.client().http.post("/account/api/sign-in", content=b"{", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "account.request_unfit")


async def test_too_many_attempts_name_the_time_to_wait(site: Site) -> None:
    client = site.client()
    for _ in range(5):
        await client.post("/sign-in", 401, email=EMAIL, password=OTHER)
    answer = await client.http.post("/account/api/sign-in", json={"email": EMAIL, "password": OTHER})
    assert (answer.status_code, answer.json()["code"]) == (429, "account.too_many")
    assert int(answer.headers["retry-after"]) >= 1


async def test_the_language_of_the_answer_is_the_clients(site: Site) -> None:
    english = await site.client().http.get("/account/api/me")
    german = await site.client(**{"accept-language": "de-AT, en;q=0.5"}).http.get("/account/api/me")
    assert english.headers["www-authenticate"] == "Bearer"
    assert english.json()["title"] != german.json()["title"]
    assert not re.search(r"\{\w+\}", german.text)


async def test_every_route_is_in_the_description(site: Site) -> None:
    paths = site.app.openapi()["paths"]
    assert len([path for path in paths if path.startswith("/account/api/")]) > 35
