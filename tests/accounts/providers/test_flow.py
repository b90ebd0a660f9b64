"""There and back: whose attempt it is, how often it ends, where it leads."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from buckler.accounts import providers
from buckler.accounts.problems import AccountError
from buckler.accounts.providers import flow
from buckler.accounts.providers.flow import FLOWS, LIVES_S, MAX_FLOWS

if TYPE_CHECKING:
    from buckler.accounts.providers import Claimed
    from buckler.accounts.visit import Visit
    from tests.accounts.providers.scene import Scene

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def sign_in(scene: Scene, person: str) -> None:
    async def act(visit: Visit) -> None:
        visit.session.sign_in(person)

    await scene.browser.do(act)


async def ends(scene: Scene, provider: Any, query: dict[str, str], browser: Any = None) -> Any:
    """The problem with which it ends, or None."""
    try:
        await scene.finished(provider, query, browser)
    except AccountError as error:
        return error.problem
    return None


async def test_an_attempt_ends_once(scene: Scene) -> None:
    provider = scene.provider()
    query = await scene.begun(provider)
    assert await ends(scene, provider, query) is None
    assert await ends(scene, provider, query) is flow.GONE


async def test_an_attempt_that_failed_has_ended_too(scene: Scene) -> None:
    provider = scene.provider()
    query = await scene.begun(provider)
    assert await ends(scene, provider, {**query, "iss": "https://other.example"}) is flow.REFUSED
    assert await ends(scene, provider, query) is flow.GONE


async def test_of_many_answers_at_once_one_counts(scene: Scene) -> None:
    provider = scene.provider()
    query = await scene.begun(provider)
    outcomes = await asyncio.gather(*[ends(scene, provider, query) for _ in range(8)])
    assert outcomes.count(None) == 1
    assert outcomes.count(flow.GONE) == 7


@pytest.mark.parametrize("state", ["", "x", "\ud800", "a" * 5_000])
async def test_a_state_that_nobody_made(state: str, scene: Scene) -> None:
    provider = scene.provider()
    query = await scene.begun(provider)
    assert await ends(scene, provider, {**query, "state": state}) is flow.GONE
    assert await ends(scene, provider, {name: value for name, value in query.items() if name != "state"}) is flow.GONE
    assert await ends(scene, provider, query) is None


async def test_nobody_ends_the_attempt_of_another_browser(scene: Scene) -> None:
    """Login CSRF: somebody else's answer would sign the visitor in as them."""
    provider, eve = scene.provider(), scene.stage.browser("198.51.100.9")
    query = await scene.begun(provider, browser=eve)
    assert await ends(scene, provider, query) is flow.GONE
    await scene.begun(provider)
    assert await ends(scene, provider, query) is flow.GONE


async def test_an_answer_of_one_provider_is_not_anothers(scene: Scene) -> None:
    """Mix-up (RFC 9700, section 4.4): the address to come back to names the provider, and so does the attempt."""
    provider = scene.provider()
    query = await scene.begun(provider)
    other = providers.Provider(name="other", label="Other", issuer="https://other.example", client_id="a", client_secret="b")
    assert await ends(scene, other, query) is flow.GONE
    assert await ends(scene, provider, query) is None


async def test_an_attempt_ends_by_itself(scene: Scene) -> None:
    provider = scene.provider()
    query = await scene.begun(provider)
    scene.stage.clock.move(LIVES_S)
    assert await ends(scene, provider, query) is flow.GONE


async def test_several_tabs(scene: Scene) -> None:
    provider = scene.provider()
    started = []
    for number in range(MAX_FLOWS + 1):
        url = await scene.browser.call(providers.begin, provider, "sign_in", f"/{number}")
        started.append(url)
    assert await ends(scene, provider, scene.evil.visited(started[0])) is flow.GONE, "the oldest made room"
    for number in (3, 1, 5, 2, 4):
        claimed = await scene.finished(provider, scene.evil.visited(started[number]))
        assert claimed.back == f"/{number}"

    async def left(visit: Visit) -> Any:
        return visit.session.get(FLOWS)

    assert await scene.browser.do(left) == []


async def test_somebody_who_declines(scene: Scene) -> None:
    provider = scene.provider()
    query = await scene.begun(provider)
    del query["code"]
    assert await ends(scene, provider, {**query, "error": "access_denied"}) is flow.DECLINED
    assert scene.reasons() == "", "nobody's mistake"


@pytest.mark.parametrize("announced", [False, None, "true"])
async def test_an_answer_needs_its_issuer_where_it_was_announced(announced: Any, scene: Scene) -> None:
    scene.evil.discovery["authorization_response_iss_parameter_supported"] = announced
    scene.evil.answer["iss"] = None
    assert (await scene.tried()).subject == "mira"


@pytest.mark.parametrize(
    "back", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "@evil.example", "", "/" + "a" * 500]
)
async def test_nobody_is_led_away(back: str, scene: Scene) -> None:
    """CVE-2021-32618, CVE-2023-49438: after signing in one is on this site. More addresses: tests/core/test_own_path.py."""
    provider = scene.provider()
    claimed = await scene.finished(provider, await scene.begun(provider, back=back))
    assert claimed.back == "/"


# ---- linking


async def test_a_link_is_for_who_asked(scene: Scene) -> None:
    provider = scene.provider()
    await sign_in(scene, "mira")
    claimed: Claimed = await scene.finished(provider, await scene.begun(provider, "link"))
    assert claimed.why == "link"


async def test_nobody_links_without_being_signed_in(scene: Scene) -> None:
    provider = scene.provider()
    with pytest.raises(AccountError) as caught:
        await scene.begun(provider, "link")
    assert caught.value.problem is flow.SIGNED_OUT


@pytest.mark.parametrize("then", ["", "eve"])
async def test_a_link_ends_with_the_session_of_who_asked(then: str, scene: Scene) -> None:
    provider = scene.provider()
    await sign_in(scene, "mira")
    query = await scene.begun(provider, "link")

    async def act(visit: Visit) -> None:
        kept = visit.session.get(FLOWS)
        visit.session.sign_out()
        if then:
            visit.session.sign_in(then)
        visit.session[FLOWS] = kept  # as if it had been kept

    await scene.browser.do(act)
    assert await ends(scene, provider, query) is flow.SIGNED_OUT


@pytest.mark.parametrize("why", ["fresh", "confirm", "", "signin"])
async def test_nobody_is_made_fresh_by_another_provider(why: str, scene: Scene) -> None:
    """GHSA-w2j7-f3c6-g8cw, GHSA-97r5-pg8x-p63p: there is no such reason to go there, and coming back changes nothing in the session."""
    provider = scene.provider()
    with pytest.raises(ValueError, match="never to be fresh"):
        await scene.begun(provider, why)


async def test_coming_back_makes_nobody_fresh(scene: Scene) -> None:
    provider = scene.provider()
    await sign_in(scene, "mira")
    scene.stage.clock.move(900)

    async def state(visit: Visit) -> tuple[str | None, float]:
        return visit.session.person, visit.session.fresh_s

    before = await scene.browser.do(state)
    await scene.finished(provider, await scene.begun(provider))
    assert await scene.browser.do(state) == before == ("mira", 900.0)


# ---- where one is sent


async def test_the_address_at_the_provider(scene: Scene) -> None:
    scene.evil.discovery["authorization_endpoint"] = f"{scene.evil.url}/auth?tenant=7"
    provider = scene.provider(max_age_s=0, prompt="select_account", scopes=["openid"])
    url = await scene.browser.call(providers.begin, provider, "sign_in", "")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["tenant"] == "7"
    assert asked["redirect_uri"] == "https://shop.example/account/provider/evil/back"
    assert (asked["max_age"], asked["prompt"], asked["scope"], asked["client_id"]) == ("0", "select_account", "openid", "shop")
    assert "secret" not in url


async def test_a_provider_that_is_unknown(scene: Scene) -> None:
    """GHSA-8fpg-xm3f-6cx3: what is not configured is not there."""

    async def act(visit: Visit) -> None:
        flow.named(visit, "unknown")

    with pytest.raises(AccountError) as caught:
        await scene.browser.do(act)
    assert (caught.value.problem, caught.value.problem.status) == (flow.UNKNOWN, 404)
