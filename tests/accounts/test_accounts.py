"""The options of accounts, and the unit of work."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import async_sessionmaker

from buckler.accounts import Accounts, Paths, activity
from buckler.accounts.passwords import CHEAPEST_FOR_TESTS, Passwords
from buckler.accounts.profile import NoProfile
from buckler.accounts.providers import Provider
from buckler.accounts.tables import UtcDateTime
from buckler.errors import ConfigError
from buckler.guard import off
from buckler.protections.sessions import Sessions
from buckler.testing import guarded
from tests.accounts.flows import signed_up
from tests.accounts.stage import EMAIL, PASSWORD, Postbox, stage_at

if TYPE_CHECKING:
    from pathlib import Path

    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Stage


ACME = Provider(name="acme", label="Acme", issuer="https://id.example", client_id="a", client_secret="b")


def _accounts(**changes: Any) -> Accounts:
    given: dict[str, Any] = {
        "database": async_sessionmaker(expire_on_commit=False),
        "name": "Shop",
        "sender": "accounts@shop.example",
        "post": Postbox(),
        **changes,
    }
    return Accounts(**given)


@pytest.mark.parametrize(
    ("changes", "option"),
    [
        ({"database": async_sessionmaker()}, "Accounts.database"),
        ({"name": " "}, "Accounts.name"),
        ({"sender": "nobody"}, "Accounts.sender"),
        ({"origin": "http://shop.example"}, "Accounts.origin"),
        ({"origin": "https://shop.example/path"}, "Accounts.origin"),
        ({"max_sessions": 0}, "Accounts.max_sessions"),
        ({"roles": {"editor": ["Articles"]}}, "Accounts.roles['editor']"),
        ({"providers": [ACME, ACME]}, "Accounts.providers"),
        ({"rolls": {}}, "Accounts.rolls"),
    ],
)  # fmt: skip
def test_an_option_that_cannot_work_stops_the_start(changes: dict[str, Any], option: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        _accounts(**changes)
    assert wrong.value.option == option


@pytest.mark.parametrize("path", ["", "sign-in", "//evil.example", "/a?b=1", "/a#b", "/a\\b", "/a b", 7])
def test_a_path_is_one_of_this_site(path: Any) -> None:
    with pytest.raises(ConfigError, match=r"Paths\.sign_in"):
        Paths(sign_in=path)


@pytest.mark.parametrize("origin", ["", "https://shop.example", "http://localhost:8000"])
def test_an_origin_is_where_links_lead(origin: str) -> None:
    assert _accounts(origin=origin).origin == origin


async def test_links_lead_to_the_named_origin_or_to_where_the_visitor_is(tmp_path: Path) -> None:
    async def link(visit: Visit) -> str:
        return visit.link("/x")

    async with stage_at(tmp_path) as stage:
        assert await stage.browser().do(link) == "https://shop.example/x"
    async with stage_at(tmp_path, origin="https://www.shop.example") as stage:
        assert await stage.browser().do(link) == "https://www.shop.example/x"


async def test_a_provider_is_found_by_its_name(stage: Stage) -> None:
    assert stage.accounts.provider("acme") is None


async def test_what_was_never_used_is_closed_without_being_made() -> None:
    accounts = _accounts()
    await accounts.close()
    assert not {"hasher", "outbox"} & set(vars(accounts))


async def test_without_sessions_accounts_say_what_is_missing(stage: Stage) -> None:
    stage.guard = guarded(stage._run, off(Sessions, because="the test says so"), clock=stage.clock, store=stage.store)

    async def look(visit: Visit) -> Any:
        return visit.session

    with pytest.raises(RuntimeError, match="sessions"):
        await stage.browser().do(look)


async def test_nothing_leaves_without_a_commit(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    letters, log = len(await stage.letters()), await stage.log()
    stage.events()

    async def half_done(visit: Visit, person: Any) -> None:
        visit.post("deleted", person)
        visit.record("deleted", person)

    await browser.own(half_done)
    assert (len(await stage.letters()), await stage.log(), stage.events()) == (letters, log, [])


async def test_a_client_without_a_name_has_none(stage: Stage) -> None:
    async def look(visit: Visit) -> tuple[str, str]:
        return visit.agent, visit.cookie("nothing")

    browser = stage.browser()
    del browser.client.headers["user-agent"]
    assert await browser.do(look) == ("", "")
    assert await stage.browser(agent="x" * 500).do(look) == ("x" * 200, "")


async def test_cookies_are_bound_to_the_host_and_hidden_from_scripts(stage: Stage) -> None:
    async def put(visit: Visit) -> None:
        visit.set_cookie("thing", "value", 60)

    async def look(visit: Visit) -> str:
        return visit.cookie("thing")

    async def remove(visit: Visit) -> None:
        visit.set_cookie("thing", "", 0)

    browser = stage.browser()
    await browser.do(put)
    assert await browser.do(look) == "value"
    await browser.do(remove)
    assert await browser.do(look) == ""


async def test_an_application_without_a_profile_keeps_nothing_more(stage: Stage) -> None:
    profile = NoProfile()
    assert profile.fields == ()
    await profile.check(None, {})  # type: ignore[arg-type]  # it looks at nothing
    await profile.make(None, None, {})  # type: ignore[arg-type]  # as above
    await profile.delete(None, None)  # type: ignore[arg-type]  # as above
    assert await profile.export(None, None) == {}  # type: ignore[arg-type]  # as above


async def test_the_log_is_told_in_words_newest_first(stage: Stage) -> None:
    browser = stage.browser()
    await signed_up(stage, browser)
    lines = await browser.own(activity.recent)
    assert {line.kind for line in lines} == {"signed_up", "signed_in"}
    assert {(line.browser, line.address) for line in lines} == {("Firefox on Linux", "203.0.113.7")}


def test_nothing_prints_a_secret() -> None:
    accounts = _accounts(passwords=Passwords(profile=CHEAPEST_FOR_TESTS, flask_security_salt="pepper"))
    assert "pepper" not in repr(accounts)
    assert PASSWORD not in repr(accounts)
    assert EMAIL not in repr(accounts)


def test_a_time_without_its_zone_is_a_mistake() -> None:
    kept = UtcDateTime()
    with pytest.raises(ValueError, match="zone"):
        kept.process_bind_param(datetime(2026, 11, 21), sqlite.dialect())  # noqa: DTZ001  # the mistake
    assert kept.process_bind_param(None, sqlite.dialect()) is None
    assert kept.process_result_value(None, sqlite.dialect()) is None
