from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from buckler.accounts import roles
from buckler.accounts.problems import AccountError
from buckler.accounts.proof import prove
from buckler.accounts.roles import EVERYBODY, Roles, allows, is_permission, permission
from buckler.accounts.tables import Person, Role
from buckler.errors import ConfigError
from tests.accounts.stage import stage_at
from tests.accounts.tokens.acts import disabled, somebody

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Stage

ROLES = {
    "editor": ["articles:*", "tags:write"],
    "admin": ["*"],
    "moderator": ["comments:delete", "articles:delete"],
    EVERYBODY: ["articles:read"],
}


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage_at(tmp_path, roles=ROLES) as stage:
        yield stage


@pytest.mark.parametrize(
    ("granted", "asked", "allowed"),
    [
        (["articles:delete"], "articles:delete", True),
        (["articles:delete"], "articles:read", False),
        (["articles:delete"], "articles", False),
        (["articles:delete"], "articles:delete:all", False),
        (["articles"], "articles:delete", False),
        (["articles:*"], "articles:delete", True),
        (["articles:*"], "articles:delete:all", True),
        (["articles:*"], "articles", False),
        (["articles:*"], "articlesx:delete", False),
        (["articles:*"], "articles:", False),
        (["*"], "articles:delete", True),
        (["*"], "*", False),
        (["*"], "", False),
        (["articles:*"], "articles:*", False),
        (["articles:*"], "articles:Delete", False),
        ([], "articles:delete", False),
        (["a", "articles:delete"], "articles:delete", True),
    ],
)
def test_what_is_allowed(granted: list[str], asked: str, allowed: bool) -> None:
    assert allows(granted, asked) is allowed


@pytest.mark.parametrize(
    "granted",
    ["", "Articles", "articles:", ":delete", "articles::delete", "*:delete", "articles:*:all", "articles*", "art cles", "a" * 101, "**"],
)
def test_a_malformed_permission_ends_the_start(granted: str) -> None:
    with pytest.raises(ConfigError, match="only as the last part"):
        Roles({"editor": ["articles:read", granted]})


@pytest.mark.parametrize("name", ["", "Editor", "an editor", "*", "1", "e" * 101])
def test_a_malformed_role_ends_the_start(name: str) -> None:
    with pytest.raises(ConfigError, match="small letters"):
        Roles({name: ["articles:read"]})


def test_a_lone_text_is_no_list() -> None:
    with pytest.raises(ConfigError, match="list of strings"):
        Roles({"editor": "articles:*"})


def test_code_asks_for_whole_permissions() -> None:
    assert permission("articles:delete") == "articles:delete"
    for text in ("articles:*", "*", "", "Articles", "articles:delete\n"):
        with pytest.raises(ConfigError, match="no \\*"):
            permission(text)


def test_roles_add_up_and_unknown_ones_allow_nothing() -> None:
    made = Roles(ROLES)
    assert made.of(["editor", "moderator"]) == {"articles:*", "tags:write", "comments:delete", "articles:delete"}
    assert made.of(["astronaut"]) == made.of([]) == frozenset()
    assert made.names == ["editor", "admin", "moderator"]


@given(st.text(max_size=30))
def test_any_text_is_judged_without_an_error(text: str) -> None:
    assert allows(["*"], text) is is_permission(text)
    assert not allows([], text)


@given(st.from_regex(r"[a-z]{1,5}(:[a-z]{1,5}){0,3}", fullmatch=True), st.from_regex(r"[a-z]{1,5}(:[a-z]{1,5}){0,3}", fullmatch=True))
def test_a_star_covers_what_begins_so_and_nothing_else(granted: str, asked: str) -> None:
    assert is_permission(asked)
    assert allows([f"{granted}:*"], asked) is asked.startswith(f"{granted}:")
    assert allows([granted], asked) is (granted == asked)


# ---- of a person


async def _grant(visit: Visit, person: Person, name: str) -> bool:
    done = await roles.grant(visit, person, name)
    await visit.commit()
    return done


async def _withdraw(visit: Visit, person: Person, name: str) -> bool:
    done = await roles.withdraw(visit, person, name)
    await visit.commit()
    return done


async def _may(visit: Visit, person: Person, asked: str, *scopes: str) -> bool:
    signed = prove(person.id, "personal_token" if scopes else "session", scopes=frozenset(scopes) or None)
    allowed = await roles.may(visit, signed, asked)
    if allowed:
        await roles.require(visit, signed, asked)
    else:
        with pytest.raises(AccountError) as caught:
            await roles.require(visit, signed, asked)
        assert caught.value.problem is (roles.FORBIDDEN if signed.may_use(asked) else roles.SCOPE_MISSING)
        assert asked in caught.value.fix or signed.may_use(asked)
    return allowed


async def test_a_grant_holds_from_the_next_request(site: Stage) -> None:
    browser, person = site.browser(), await somebody(site)
    assert not await browser.call(_may, person, "articles:delete")
    assert await browser.call(_may, person, "articles:read")  # as everybody may
    assert await browser.call(_grant, person, "editor")
    assert await browser.call(_may, person, "articles:delete")
    assert not await browser.call(_may, person, "comments:delete")
    assert not await browser.call(_grant, person, "editor")
    assert await browser.call(_withdraw, person, "editor")
    assert not await browser.call(_withdraw, person, "editor")
    assert not await browser.call(_may, person, "articles:delete")
    assert await site.log() == ["role_granted", "role_withdrawn"]
    assert {"account.role_granted", "account.role_withdrawn"} <= set(site.events())


async def test_a_grant_holds_within_its_own_request(site: Stage) -> None:
    person = await somebody(site)

    async def act(visit: Visit) -> list[bool]:
        found = [await _may(visit, person, "articles:delete")]
        await roles.grant(visit, person, "editor")
        found.append(await _may(visit, person, "articles:delete"))
        await roles.withdraw(visit, person, "editor")
        return [*found, await _may(visit, person, "articles:delete")]

    assert await site.browser().do(act) == [False, True, False]


async def test_a_token_narrows_and_never_widens(site: Stage) -> None:
    browser, person = site.browser(), await somebody(site)
    await browser.call(_grant, person, "editor")
    assert await browser.call(_may, person, "articles:delete", "articles:delete")
    assert not await browser.call(_may, person, "articles:delete", "articles:write")
    assert not await browser.call(_may, person, "comments:delete", "comments:delete")


async def test_one_statement_a_request(site: Stage) -> None:
    browser, person, other = site.browser(), await somebody(site), await somebody(site, "noor@mail.example")
    said: list[str] = []
    event.listen(site.engine.sync_engine, "before_cursor_execute", lambda *given: said.append(given[2]))

    async def act(visit: Visit) -> None:
        for _ in range(5):
            await _may(visit, person, "articles:delete")
        assert len(said) == 1
        await _may(visit, other, "articles:delete")
        assert len(said) == 2

    await browser.do(act)


async def test_nobody_and_the_disabled_may_nothing(site: Stage) -> None:
    browser, person = site.browser(), await somebody(site)
    await browser.call(_grant, person, "admin")
    await disabled(site, person)
    assert not await browser.call(_may, person, "articles:read")
    assert not await browser.call(_may, Person(id=uuid4()), "articles:read")
    with pytest.raises(AccountError):
        await browser.call(_grant, person, "editor")


async def test_a_role_that_the_code_does_not_know(site: Stage) -> None:
    browser, person = site.browser(), await somebody(site)
    for name in ("astronaut", EVERYBODY, "", "Admin"):
        with pytest.raises(AccountError) as caught:
            await browser.call(_grant, person, name)
        assert (caught.value.problem.status, caught.value.field) == (422, "role")
        assert "editor, admin, moderator" in caught.value.fix
    async with site.accounts.database() as db:
        db.add(Role(person_id=person.id, name="astronaut"))
        await db.commit()
    assert not await browser.call(_may, person, "articles:delete")
    assert await browser.call(_withdraw, person, "astronaut")


async def test_twenty_grants_at_once_make_one_row(anywhere: Stage) -> None:
    anywhere.accounts.permissions._roles["editor"] = frozenset({"articles:*"})
    browser, person = anywhere.browser(), await somebody(anywhere)
    made = await asyncio.gather(*(browser.call(_grant, person, "editor") for _ in range(20)))
    assert made.count(True) == 1
