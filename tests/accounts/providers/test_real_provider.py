"""The whole way, to a certified provider and back."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from buckler.accounts import providers
from buckler.accounts.problems import AccountError
from buckler.accounts.providers import Claimed, flow
from tests.accounts.providers.real import BACK, come_back, provider_at, serving
from tests.accounts.stage import stage_at

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from buckler.accounts.providers import Provider
    from tests.accounts.stage import Browser


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("provider") / "provider.log") as address:
        yield address


@asynccontextmanager
async def visiting(folder: Path, provider: Provider) -> AsyncIterator[Browser]:
    """A browser on a site with this provider, whose clock shows the real time: the provider's does."""
    async with stage_at(folder, providers=[provider]) as stage:
        stage.clock.move(time.time() - stage.clock.now())
        yield stage.browser()  # closing the accounts closes the provider's connections: one that stays open fails the test


async def there_and_back(browser: Browser, provider: Provider, login: str = "mira", **options: Any) -> Claimed:
    url = await browser.call(providers.begin, provider, "sign_in", "/settings")
    return await browser.call(providers.finish, provider, come_back(url, login, **options))


@pytest.mark.parametrize("client", ["basic", "es256", "eddsa", "ps256"])
async def test_every_algorithm(client: str, issuer: str, tmp_path: Path) -> None:
    provider = provider_at(issuer, client)
    async with visiting(tmp_path, provider) as browser:
        claimed = await there_and_back(browser, provider)
    assert claimed == Claimed("real", "mira", "mira@mail.example", True, "sign_in", "/settings", "The mira")


@pytest.mark.parametrize(
    ("client", "options"),
    [("post", {"token_auth": "client_secret_post"}), ("public", {"token_auth": "none", "client_secret": ""})],
)
async def test_other_ways_for_the_client_to_prove_itself(client: str, options: dict[str, Any], issuer: str, tmp_path: Path) -> None:
    provider = provider_at(issuer, client, **options)
    async with visiting(tmp_path, provider) as browser:
        assert (await there_and_back(browser, provider)).subject == "mira"


async def test_an_address_that_is_not_confirmed_there(issuer: str, tmp_path: Path) -> None:
    provider = provider_at(issuer)
    async with visiting(tmp_path, provider) as browser:
        claimed = await there_and_back(browser, provider, "new-mira")
    assert (claimed.email, claimed.email_verified) == ("new-mira@mail.example", False)


async def test_only_what_was_asked_for_is_told(issuer: str, tmp_path: Path) -> None:
    provider = provider_at(issuer, scopes=["openid"], max_age_s=60, prompt="login")
    async with visiting(tmp_path, provider) as browser:
        assert await there_and_back(browser, provider) == Claimed("real", "mira", "", False, "sign_in", "/settings", "")


async def test_somebody_who_cancels(issuer: str, tmp_path: Path) -> None:
    provider = provider_at(issuer)
    async with visiting(tmp_path, provider) as browser:
        with pytest.raises(AccountError) as caught:
            await there_and_back(browser, provider, cancel=True)
    assert caught.value.problem is flow.DECLINED


async def test_a_wrong_secret_is_the_operators_business(issuer: str, tmp_path: Path) -> None:
    provider = provider_at(issuer, client_secret="another one")
    async with visiting(tmp_path, provider) as browser:
        with pytest.raises(AccountError) as caught:
            await there_and_back(browser, provider)
        failed = [event for event in browser.stage.guard.plan.site.events.drain() if event.kind == "account.provider_failed"]
    assert caught.value.problem is flow.REFUSED
    assert ["invalid_client" in event.detail for event in failed] == [True]


async def test_a_code_works_once_and_with_its_own_verifier(issuer: str, tmp_path: Path) -> None:
    """Somebody who saw the answer on its way has neither the session nor what the challenge was made of."""
    provider = provider_at(issuer)
    async with visiting(tmp_path, provider) as mira:
        eve = mira.stage.browser("198.51.100.9")
        theirs = come_back(await mira.call(providers.begin, provider, "sign_in"), "mira")
        mine = parse_qs(urlsplit(await eve.call(providers.begin, provider, "sign_in")).query)["state"][0]
        with pytest.raises(AccountError) as caught:
            await eve.call(providers.finish, provider, theirs)
        assert caught.value.problem is flow.GONE
        with pytest.raises(AccountError) as caught:
            await eve.call(providers.finish, provider, {**theirs, "state": mine})
        assert caught.value.problem is flow.REFUSED
        assert (await mira.call(providers.finish, provider, theirs)).subject == "mira"
        with pytest.raises(AccountError) as caught:
            await mira.call(providers.finish, provider, theirs)
        assert caught.value.problem is flow.GONE


async def test_where_one_is_sent(issuer: str, tmp_path: Path) -> None:
    provider = provider_at(issuer)
    async with visiting(tmp_path, provider) as browser:
        url = urlsplit(await browser.call(providers.begin, provider, "sign_in"))
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{issuer}/auth"
    assert asked["redirect_uri"] == BACK
    assert (asked["response_type"], asked["code_challenge_method"], asked["scope"]) == ("code", "S256", "openid email profile")
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert all(len(asked[name]) == 43 for name in ("state", "nonce", "code_challenge"))
    assert "max_age" not in asked
    assert "prompt" not in asked
