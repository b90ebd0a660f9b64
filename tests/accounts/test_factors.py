from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from buckler.accounts import factors, fresh, passkeys, people, recovery, tokens
from buckler.accounts.problems import AccountError
from buckler.accounts.providers import Provider
from buckler.accounts.tables import Link
from tests.accounts import owner
from tests.accounts.flows import signed_up, with_totp
from tests.accounts.owner import MIRA
from tests.accounts.passkeys.keys import with_key
from tests.accounts.stage import stage_at

if TYPE_CHECKING:
    from pathlib import Path

    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Browser, Stage


async def may_go(browser: Browser, kind: str) -> bool:
    try:
        await owner.of(browser, factors.may_remove, MIRA, kind)
    except AccountError as error:
        return error.problem is not factors.LAST_FACTOR
    return True


async def link(stage: Stage, provider: str) -> None:
    async with stage.accounts.database() as db:
        person = await stage.person()
        db.add(Link(person_id=person.id, provider=provider, subject="7", email=MIRA, created_at=person.created_at))
        await db.commit()


async def test_what_a_person_has(anywhere: Stage) -> None:
    browser = anywhere.browser()
    await owner.enter(browser)
    assert await browser.own(factors.of) == (True, False, 0, 0, 0)
    await with_totp(browser)
    await with_key(browser, passkey=False)
    assert await browser.own(factors.of) == (True, True, 1, 0, 0)
    await with_key(browser)
    owned = await browser.own(factors.of)
    assert owned == (True, True, 2, 1, 0)
    assert owned.second_ways == ["passkey", "totp"]
    assert owned.signs_in_by_passkey


async def test_a_password_alone_is_one_factor(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    owned = await browser.own(factors.of)
    assert (owned.second_factor, owned.second_ways, owned.signs_in_by_passkey) == (False, [], False)


async def test_the_last_way_in_may_not_go(anywhere: Stage) -> None:
    browser = anywhere.browser()
    await owner.enter(browser)
    await with_totp(browser)
    await with_key(browser, passkey=False)
    assert not await may_go(browser, "password"), "neither a code nor a security key lets anybody in alone"
    assert await may_go(browser, "totp")
    await with_key(browser)
    assert await may_go(browser, "password")
    assert await may_go(browser, "passkey")


async def test_what_is_not_there_may_go_if_another_way_in_stays(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    assert await may_go(browser, "link")
    assert await may_go(browser, "passkey")


async def test_a_link_counts_while_its_provider_is_offered(tmp_path: Path) -> None:
    provider = Provider(name="club", label="Club", issuer="https://club.example", client_id="shop", client_secret="s" * 32)
    async with stage_at(tmp_path, providers=[provider]) as stage:
        browser = stage.browser()
        await owner.enter(browser, password=False)
        await with_key(browser)
        await link(stage, "a provider of earlier years")
        assert not await may_go(browser, "passkey")
        await link(stage, "club")
        assert await may_go(browser, "passkey")
        assert await may_go(browser, "link")


async def test_other_sessions_end_with_a_new_factor_and_this_one_goes_on(anywhere: Stage) -> None:
    here, there = anywhere.browser(), anywhere.browser()
    await owner.enter(here)
    await owner.return_to(there)
    before = here.client.cookies["__Host-session"]
    await with_totp(here)
    assert await here.call(people.of_session) is not None
    assert here.client.cookies["__Host-session"] != before
    assert await there.call(people.of_session) is None


async def test_a_letter_says_what_when_and_from_where(stage: Stage) -> None:
    browser = stage.browser(address="198.51.100.9")
    await owner.enter(browser)
    await with_key(browser, name="Mira's ring")
    (letter,) = await stage.letters("factor_added")
    body = letter.get_body(("plain",))
    assert body is not None
    said = body.get_content()
    assert "Mira's ring" in said
    assert "198.51.100.9" in said
    assert letter["To"] == MIRA


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Mira's \t phone\n", "Mira's phone"),
        ("", "Key"),
        ("\x00\x1b\u202e\ud800", "Key"),
        ("a" * 5000, "a" * 100),
        ("ａ", "ａ"),  # noqa: RUF001  # a name is kept as it is typed
    ],
)
def test_a_name_is_one_printable_line(typed: str, kept: str) -> None:
    assert factors.named(typed, "Key") == kept


async def test_everything_that_is_shown_is_plain(stage: Stage) -> None:
    """A template and a JSON API show the same tuples; no row of a table, and no secret, is among them."""
    browser = stage.browser()
    await owner.enter(browser)
    await with_key(browser)

    async def act(visit: Visit, person: Any) -> list[dict[str, Any]]:
        return [item._asdict() for item in await passkeys.listed(visit, person)]

    (shown,) = await browser.own(act)
    assert set(shown) == {"id", "name", "signs_in", "backed_up", "created_at", "used_at"}


async def test_programs_end_with_what_is_asked_at_a_sign_in(stage: Stage) -> None:
    """A program that signed in before the second factor was there would go on without it."""
    browser = stage.browser()
    await signed_up(stage, browser)

    async def start(visit: Visit, person: Person) -> str:
        pair = await tokens.refresh.start(visit, person, "Phone app", None)
        await visit.commit()
        return pair.refresh

    before = await browser.own(start)
    await with_totp(browser)
    with pytest.raises(AccountError):
        await stage.browser().call(tokens.refresh.redeem, before)
    after = await browser.own(start)
    await browser.own(recovery.make)
    await stage.browser().call(tokens.refresh.redeem, after)


async def test_what_somebody_else_adds_for_a_person_was_not_shown_here(stage: Stage) -> None:
    await signed_up(stage, stage.browser())
    mira = await stage.person()
    helper = stage.browser()
    await signed_up(stage, helper, "ada@mail.example")

    async def add(visit: Visit) -> list[str]:
        fresh.showed(visit, mira, "totp")
        return list(visit.session.get(fresh.HOW))

    assert await helper.do(add) == ["password"]
