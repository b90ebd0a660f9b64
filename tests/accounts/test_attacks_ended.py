"""Attacks on the moment in which somebody is put out: what was under way, what was pending, what failed half-way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pyotp import TOTP
from sqlalchemy import func, select

from buckler.accounts import deletion, devices, email, password, people, recovery, reset, signin, signup, totp
from buckler.accounts.confirm import confirm
from buckler.accounts.fresh import NOT_FRESH
from buckler.accounts.tables import Device, Family, PersonalToken
from buckler.accounts.tickets import GONE
from buckler.accounts.tokens import personal, refresh
from buckler.errors import StoreError
from tests.accounts.flows import code_of, sign_in, signed_up, with_totp
from tests.accounts.owner import of, refused
from tests.accounts.stage import EMAIL, OTHER, PASSWORD

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Browser, Stage

pytestmark = pytest.mark.asyncio
LAST_WORD = "the thief has the last word"


async def who(visit: Visit) -> str | None:
    return visit.session.person


async def both(stage: Stage) -> tuple[Browser, Browser]:
    """The owner, and a thief who signed in by the same password."""
    owner, thief = stage.browser(), stage.browser("198.51.100.9")
    await signed_up(stage, owner)
    stage.clock.move(1)
    await sign_in(thief)
    stage.clock.move(1)
    return owner, thief


async def count(stage: Stage, table: Any) -> int:
    async with stage.accounts.database() as db:
        return await db.scalar(select(func.count()).select_from(table)) or 0


async def _program(visit: Visit, person: Person) -> None:
    await refresh.start(visit, person, "thief's", None)
    await visit.commit()


async def _token(visit: Visit, person: Person) -> None:
    await personal.make(visit, person, "thief's", ["articles:read"])
    await visit.commit()


async def _app(visit: Visit, person: Person) -> None:
    await totp.begin(visit, person)


async def _address(visit: Visit, person: Person) -> None:
    await email.begin(visit, person, "thief@mail.example")


async def _deletion(visit: Visit, person: Person) -> None:
    await deletion.finish(visit, person)


@pytest.mark.parametrize("late", [_program, _token, _app, _address, _deletion])
async def test_a_request_that_is_under_way_makes_nothing_after_its_device_was_ended(
    anywhere: Stage, late: Callable[[Visit, Person], Awaitable[None]]
) -> None:
    owner, thief = await both(anywhere)

    async def slow(visit: Visit, person: Person) -> None:
        await visit.db.commit()  # it has read who it is, and holds nothing
        await owner.own(password.change, OTHER, PASSWORD)
        await late(visit, person)

    await refused(NOT_FRESH, thief.own(slow))
    assert [await count(anywhere, table) for table in (Family, PersonalToken)] == [0, 0]
    assert await owner.call(who)


async def test_an_app_that_a_device_has_begun_is_not_confirmed_after_its_end(stage: Stage) -> None:
    owner, thief = await both(stage)
    enrolment = await thief.own(totp.begin)

    async def slow(visit: Visit, person: Person) -> None:
        await visit.db.commit()
        await owner.own(password.change, OTHER, PASSWORD)
        await totp.confirm(visit, person, enrolment.id, TOTP(enrolment.secret).at(int(stage.clock.now())))

    await refused(NOT_FRESH, thief.own(slow))


async def test_a_password_that_is_changed_ends_another_change_under_way(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, thief = await both(stage)
    real = stage.accounts.hasher.hash

    async def slow(visit: Visit, person: Person) -> None:
        async def hashed(text: str) -> str:
            if text == LAST_WORD:
                await visit.db.commit()
                await owner.own(password.change, OTHER, PASSWORD)
            return await real(text)

        monkeypatch.setattr(stage.accounts.hasher, "hash", hashed)
        await password.change(visit, person, LAST_WORD, PASSWORD)

    await refused(NOT_FRESH, thief.own(slow))
    await sign_in(stage.browser(), password=OTHER)


async def down(_asked: object) -> Any:
    raise StoreError("down")


async def test_a_store_that_fails_with_the_answer_leaves_nobody_in_who_was_put_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, thief = await both(stage)
    with monkeypatch.context() as broken:

        async def change(visit: Visit, person: Person) -> None:
            await password.change(visit, person, OTHER, PASSWORD)
            broken.setattr(stage.store, "batch", down)  # from here to the end of the answer

        await owner.own(change)
    assert await thief.call(who) is None


async def test_a_store_that_fails_changes_no_password(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, _ = await both(stage)

    async def change(visit: Visit, person: Person) -> None:
        monkeypatch.setattr(visit.sessions, "revoke_all", down)
        await password.change(visit, person, OTHER, PASSWORD)

    with pytest.raises(StoreError):
        await owner.own(change)
    await sign_in(stage.browser())


@pytest.mark.parametrize("end", ["others", "all", "one"])
async def test_a_change_of_address_does_not_outlive_the_device_that_asked(stage: Stage, end: str) -> None:
    """Somebody at an open browser asks for a link to a mailbox of their own, and opens it when they are long gone."""
    owner, thief = await both(stage)
    await thief.own(email.begin, "thief@mail.example")
    token = await stage.token()

    async def ended(visit: Visit, person: Person) -> None:
        if end == "one":
            theirs = next(item for item in await devices.listed(visit, person) if not item.current)
            await devices.revoke(visit, person, theirs.id)
        else:
            await (devices.end_all if end == "all" else devices.revoke_others)(visit, person)
        await visit.commit()

    await owner.own(ended)
    await refused(GONE, thief.call(email.finish, token))
    assert (await stage.person()).email == EMAIL


async def test_a_change_of_address_does_not_outlive_a_new_factor(stage: Stage) -> None:
    owner, thief = await both(stage)
    await thief.own(email.begin, "thief@mail.example")
    token = await stage.token()
    await with_totp(owner)
    await refused(GONE, thief.call(email.finish, token))


async def test_signing_out_here_leaves_the_own_link_alone(stage: Stage) -> None:
    owner, _ = await both(stage)
    await owner.own(email.begin, "new@mail.example")
    token = await stage.token()

    async def leave(visit: Visit, person: Person) -> None:
        here = next(item for item in await devices.listed(visit, person) if item.current)
        await devices.revoke(visit, person, here.id)
        await visit.commit()

    await owner.own(leave)
    assert (await stage.browser().call(email.finish, token)).email == "new@mail.example"


# ---- signing in at the moment in which somebody is put out


@pytest.mark.parametrize("how", ["reset", "disabled", "deleted"])
async def test_who_signs_in_while_somebody_is_put_out_is_out(stage: Stage, how: str) -> None:
    """The right password was read, and then it, or the person, was gone."""
    owner, _ = await both(stage)
    thief = stage.browser("192.0.2.77")

    async def put_out(visit: Visit, person: Person) -> None:
        if how == "reset":
            await password.replace(visit, person, await visit.accounts.hasher.hash(OTHER))
        else:
            await (people.disable if how == "disabled" else deletion.erase)(visit, person)

    async def slow(visit: Visit) -> None:
        visit.open()
        person = await signin.check_password(visit, EMAIL, PASSWORD, channel="page")
        await visit.db.commit()
        stage.clock.move(-1)  # the clock of another machine, so that no time of a session tells
        await of(owner, put_out, EMAIL)
        stage.clock.move(1)
        await signin.arrive(visit, person, ["password"])

    await refused(signin.HALF_GONE, thief.do(slow))
    assert await thief.call(who) is None


async def test_a_half_sign_in_ends_with_the_password_that_was_read(stage: Stage) -> None:
    """The password is changed after it was found right, and before the sign-in waits for its second factor."""
    owner, thief = stage.browser(), stage.browser("198.51.100.9")
    await signed_up(stage, owner)
    app = await with_totp(owner)
    stage.clock.move(1)

    async def slow(visit: Visit) -> None:
        visit.open()
        person = await signin.check_password(visit, EMAIL, PASSWORD, channel="page")
        await visit.db.commit()
        await owner.own(password.change, OTHER, PASSWORD)
        stage.clock.move(1)
        await signin._second_or_arrive(visit, person, "password")

    await thief.do(slow)
    await refused(signin.HALF_GONE, thief.call(signin.second, "totp", code_of(thief, app)))


async def test_a_commit_that_fails_signs_nobody_in(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code would not be spent, nor the device be listed."""
    owner = stage.browser()
    await signed_up(stage, owner)
    app = await with_totp(owner)
    other = stage.browser("198.51.100.9")
    await other.call(signin.with_password, EMAIL, PASSWORD)

    async def fails(_visit: Visit) -> None:
        raise OSError("the database is gone")

    monkeypatch.setattr("buckler.accounts.visit.Visit.commit", fails)
    with pytest.raises(OSError, match="gone"):
        await other.call(signin.second, "totp", code_of(other, app))
    assert await other.call(who) is None
    with pytest.raises(OSError, match="gone"):
        await owner.own(confirm, {"password": PASSWORD, "totp": code_of(owner, app)})
    assert await owner.call(who) is None


async def test_recovery_codes_are_not_made_after_the_end(stage: Stage) -> None:
    owner, thief = stage.browser(), stage.browser("198.51.100.9")
    await signed_up(stage, owner)
    app = await with_totp(owner)
    await thief.call(signin.with_password, EMAIL, PASSWORD)
    await thief.call(signin.second, "totp", code_of(thief, app))

    async def slow(visit: Visit, person: Person) -> None:
        await visit.db.commit()
        stage.clock.move(1)
        await owner.own(devices_end_others)
        await recovery.make(visit, person)

    await refused(NOT_FRESH, thief.own(slow))
    assert await count(stage, Device) == 1


async def test_what_was_made_before_an_address_was_confirmed_ends_when_its_owner_comes(stage: Stage) -> None:
    """An application lets people in at once, and somebody signs up there with the address of another."""
    thief, owner = stage.browser("198.51.100.9"), stage.browser()

    async def made(visit: Visit) -> None:
        hashed = await visit.accounts.hasher.hash(PASSWORD)
        person = await signup.make(visit, signup.New(EMAIL, hashed), {})
        await signin.arrive(visit, person, ["password"])

    async def token(visit: Visit, person: Person) -> str:
        text, _ = await personal.make(visit, person, "thief's", [])
        await visit.commit()
        return text

    await thief.do(made)
    text = await thief.own(token)
    assert await thief.call(personal.owner, text)
    await owner.call(reset.begin, EMAIL)
    await owner.call(reset.finish, await stage.token(), OTHER)
    assert await thief.call(personal.owner, text) is None


async def devices_end_others(visit: Visit, person: Person) -> None:
    await devices.revoke_others(visit, person)
    await visit.commit()
