"""Whatever an application looks at of one caller makes its answer this caller's, without a word from anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from buckler import CORS, Cache
from buckler.testing import guarded
from tests.asgi import Wire, scope_of
from tests.guard.cache.origin import Answer, Origin, is_hit, says, status_of

if TYPE_CHECKING:
    from collections.abc import Callable

PUBLIC = "cache-control: public, max-age=60"


def _looking(look: Callable[[Any], object], *fields: str) -> Callable[[Any], Answer]:
    def looks(scope: Any) -> Answer:
        look(scope)
        return says(PUBLIC, *fields)

    return looks


@pytest.mark.parametrize(
    "look",
    [
        lambda scope: [value for name, value in scope["headers"] if name == b"cookie"],
        lambda scope: dict(scope["headers"]).get(b"cookie"),
        lambda scope: {name.decode(): value.decode() for name, value in scope["headers"]},
        lambda scope: [value.decode() for _, value in scope["headers"]],
        lambda scope: b"%b" % scope["headers"][1][1],
        lambda scope: [name for name, _ in scope["headers"] if name.startswith(b"coo")],
        lambda scope: scope["buckler"].site.offers["sessions"].open(scope["buckler"]).person,
        lambda scope: scope["buckler"].taint("a token"),
    ],
)
async def test_looking_is_enough(look: Callable[[Any], object]) -> None:
    origin = Origin(_looking(look))
    found = await origin.ask("/", "cookie: a=b")
    assert found.headers[b"cache-control"] in {b"private, max-age=60", b"no-store"}
    assert found.headers[b"vary"].lower() == b"cookie"
    assert status_of(found) == ""
    assert not is_hit(await origin.ask("/", "cookie: a=b"))
    assert "cache.personal" in {event.kind for event in origin.guard.plan.events.drain()}


@pytest.mark.parametrize(
    "look",
    [
        lambda scope: [value for name, value in scope["headers"] if name == b"accept"],
        lambda scope: dict(scope["headers"]).get(b"accept"),
        lambda scope: [value for name, value in scope["headers"] if name.lower() != b"accept"],
    ],
)
async def test_passing_by_is_not_looking(look: Callable[[Any], object]) -> None:
    origin = Origin(_looking(look))
    await origin.ask("/", "cookie: a=b", "x-forwarded-host: evil.example")
    assert is_hit(await origin.ask())


async def test_a_token_is_as_good_as_a_cookie() -> None:
    origin = Origin(_looking(lambda scope: dict(scope["headers"]).get(b"authorization")))
    found = await origin.ask("/", "authorization: Bearer x")
    assert (found.headers[b"cache-control"], found.headers[b"vary"]) == (b"private, max-age=60", b"Authorization")
    assert not is_hit(await origin.ask("/", "authorization: Bearer y"))


@pytest.mark.parametrize("name", ["x-forwarded-host", "x-original-url", "forwarded", "x-http-method-override", "x-forwarded-proto"])
async def test_what_is_in_no_key_is_kept_for_nobody(name: str) -> None:
    origin = Origin(_looking(lambda scope: dict(scope["headers"]).get(name.encode())))
    found = await origin.ask("/", f"{name}: evil.example")
    assert found.headers[b"cache-control"] == b"private, max-age=60"
    assert found.headers[b"vary"].decode() == name
    assert not is_hit(await origin.ask())
    assert is_hit(await origin.ask("/", f"{name}: evil.example"))  # who names another host gets everybody's page


async def test_what_the_answer_says_it_varies_by_is_in_its_key() -> None:
    origin = Origin(_looking(lambda scope: dict(scope["headers"]).get(b"x-forwarded-host"), "vary: X-Forwarded-Host"))
    await origin.ask("/", "x-forwarded-host: a.example")
    assert is_hit(await origin.ask("/", "x-forwarded-host: a.example"))
    assert not is_hit(await origin.ask("/", "x-forwarded-host: evil.example"))


async def test_a_nonce_is_for_one_answer() -> None:
    origin = Origin(_looking(lambda scope: scope["buckler"].nonce))
    first, second = await origin.ask(), await origin.ask()
    assert first.headers[b"content-security-policy"] != second.headers[b"content-security-policy"]
    assert first.headers[b"cache-control"] == b"private, max-age=60"


async def test_what_was_noted_for_one_answer_is_kept_for_none() -> None:
    origin = Origin(_looking(lambda scope: scope["buckler"].note("csp", None)))
    await origin.ask()
    assert not is_hit(await origin.ask())
    limited = Origin(_looking(lambda scope: scope["buckler"].note("ratelimit", set())))
    await limited.ask()
    assert is_hit(await limited.ask())


async def test_a_cookie_that_the_guard_sets_is_one_too() -> None:
    def sets(scope: Any) -> None:
        scope["buckler"].extra_headers += ((b"set-cookie", b"a=b"),)
        scope["buckler"].touched = True

    origin = Origin(_looking(sets))
    assert (await origin.ask()).headers[b"cache-control"] == b"private, max-age=60"
    assert not is_hit(await origin.ask())


async def test_what_is_kept_is_given_to_visitors_with_cookies_too() -> None:
    origin = Origin(says(PUBLIC))
    await origin.ask()
    assert is_hit(await origin.ask("/", "cookie: __Host-session=abc", "authorization: x"))
    assert origin.guard.plan.site.store is not None


async def test_a_laptop_is_told_why() -> None:
    origin = Origin(_looking(lambda scope: dict(scope["headers"]).get(b"cookie")), development=True)
    found = await origin.ask("/", "cookie: a=b")
    assert 'detail="the application has looked at the caller\'s cookie"' in status_of(found)


async def test_decisions_are_remembered_within_bounds() -> None:
    origin = Origin(says("cache-control: private"))
    for number in range(510):
        await origin.ask(f"/{number}")
    assert len(origin.cache.explain()) == 500
    assert origin.cache.explain("/509") == ["/509: it says private"]


async def test_other_origins_are_dressed_as_if_the_application_had_answered() -> None:
    origin = Origin(says(PUBLIC, "access-control-allow-origin: https://evil.example"))
    origin.guard = guarded(origin.app, Cache(), CORS(origins=["https://app.example"]), clock=origin.clock)
    await origin.ask()
    found = await origin.ask("/", "origin: https://app.example")
    assert is_hit(found)
    assert found.headers[b"access-control-allow-origin"] == b"https://app.example"
    found = await origin.ask("/", "origin: https://evil.example")
    assert is_hit(found)
    assert b"access-control-allow-origin" not in found.headers


async def test_a_body_that_was_not_announced_is_in_no_key() -> None:
    """HTTP/2 announces none: a "fat GET" must not make everybody's page."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"cache-control", b"max-age=60")]})
        await send({"type": "http.response.body", "body": b"page " + body})

    guard = guarded(app, Cache())
    for body, heard in ((b"evil", b"page evil"), (b"", b"page ")):
        wire = Wire()
        wire.incoming = [{"type": "http.request", "body": body, "more_body": False}]
        await guard(scope_of("/", http_version="2"), wire.receive, wire.send)
        assert wire.body == heard
    assert is_hit(await _ask(guard))


async def _ask(guard: Any) -> Wire:
    wire = Wire()
    await guard(scope_of("/", http_version="2"), wire.receive, wire.send)
    return wire


async def test_of_two_headers_that_were_looked_at_both_must_be_in_the_key() -> None:
    origin = Origin(_looking(lambda scope: [dict(scope["headers"]).get(name) for name in (b"forwarded", b"x-host")], "vary: Forwarded"))
    await origin.ask("/", "forwarded: a", "x-host: evil.example")
    assert not is_hit(await origin.ask("/", "forwarded: a"))


async def test_a_key_of_a_program_is_as_good_as_a_cookie() -> None:
    origin = Origin(_looking(lambda scope: dict(scope["headers"]).get(b"x-api-key")))
    assert (await origin.ask("/", "x-api-key: mira")).headers[b"cache-control"] == b"private, max-age=60"
    assert not is_hit(await origin.ask())

    def looks_and_says_nothing(scope: Any) -> Any:
        assert dict(scope["headers"]).get(b"x-api-key") == b"mira"
        return says()

    silent = Origin(looks_and_says_nothing)
    assert (await silent.ask("/", "x-api-key: mira")).headers[b"cache-control"] == b"no-store"
