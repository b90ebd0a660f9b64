from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from buckler.accounts import passkeys
from buckler.accounts.addresses import INVALID
from buckler.accounts.passkeys import NewPasskey
from buckler.accounts.passkeys.adding import KNOWN
from buckler.accounts.passkeys.ceremony import REFUSED
from buckler.accounts.passkeys.challenges import EXPIRED
from buckler.accounts.tables import Passkey, Person
from tests.accounts import owner
from tests.accounts.authenticator import Authenticator, Lies, raw
from tests.accounts.owner import MIRA, NOOR, refused
from tests.accounts.passkeys.keys import signed_in, with_key

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Browser, Stage


async def rows(stage: Stage) -> list[Passkey]:
    async with stage.accounts.database() as db:
        return list(await db.scalars(select(Passkey)))


async def keep(browser: Browser, new: NewPasskey, person_id: UUID, email: str = MIRA) -> Any:
    async def act(visit: Visit) -> Any:
        person = Person(id=person_id, email=email, email_key=email, created_at=visit.now, email_verified_at=visit.now)
        visit.db.add(person)
        await visit.db.flush()
        row = await passkeys.keep(visit, person, new)
        await visit.commit()
        return row

    return await browser.do(act)


async def test_somebody_new_signs_up_with_a_passkey(anywhere: Stage) -> None:
    stage, browser = anywhere, anywhere.browser()
    device = Authenticator()
    options = await browser.call(passkeys.options_to_sign_up, MIRA)
    assert (options["user"]["name"], options["excludeCredentials"]) == (MIRA, [])
    new = await browser.call(passkeys.check_sign_up, MIRA, device.create(options))
    assert await rows(stage) == [], "nothing is kept for an address that is not confirmed"
    kept = NewPasskey.from_json(json.loads(json.dumps(new.as_json())))
    assert kept == new
    assert raw(options["user"]["id"]) == UUID(new.person_id).bytes
    await keep(browser, kept, UUID(new.person_id))
    person, key = await signed_in(stage.browser(), device)
    assert (str(person.id), key.name) == (new.person_id, "Passkey")
    assert await stage.letters("factor_added") == [], "who has just signed up knows"


async def test_the_options_tell_not_whether_there_is_an_account(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    await with_key(browser)

    def plain(options: dict[str, Any]) -> dict[str, Any]:
        user = {"id": len(options["user"]["id"]), "name": "", "displayName": ""}
        return {**options, "challenge": len(options["challenge"]), "user": user}

    known = await stage.browser().call(passkeys.options_to_sign_up, MIRA)
    unknown = await stage.browser().call(passkeys.options_to_sign_up, "somebody@mail.example")
    assert plain(known) == plain(unknown)
    assert raw(known["user"]["id"]) != (await stage.person()).id.bytes


async def test_a_sign_up_is_for_one_address_however_it_is_spelled(stage: Stage) -> None:
    browser = stage.browser()
    options = await browser.call(passkeys.options_to_sign_up, "  Mira@Mail.Example ")
    response = Authenticator().create(options)
    other = await browser.call(passkeys.options_to_sign_up, MIRA)
    await browser.call(passkeys.check_sign_up, MIRA, response)
    await refused(EXPIRED, browser.call(passkeys.check_sign_up, NOOR, Authenticator().create(other)))
    await refused(INVALID, browser.call(passkeys.options_to_sign_up, "no address"))


async def test_a_sign_up_is_for_a_passkey_that_verifies(stage: Stage) -> None:
    browser = stage.browser()
    options = await browser.call(passkeys.options_to_sign_up, MIRA)
    await refused(REFUSED, browser.call(passkeys.check_sign_up, MIRA, Authenticator().create(options, Lies(verified=False))))


async def test_the_person_must_get_the_id_that_the_authenticator_was_told(stage: Stage) -> None:
    browser = stage.browser()
    options = await browser.call(passkeys.options_to_sign_up, MIRA)
    new = await browser.call(passkeys.check_sign_up, MIRA, Authenticator().create(options))
    with pytest.raises(ValueError, match=r"new\.person_id"):
        await keep(browser, new, uuid4())


async def test_a_passkey_that_became_somebodys_meanwhile_is_refused(anywhere: Stage) -> None:
    browser = anywhere.browser()
    options = await browser.call(passkeys.options_to_sign_up, MIRA)
    new = await browser.call(passkeys.check_sign_up, MIRA, Authenticator().create(options))
    await keep(browser, new, UUID(new.person_id))
    again = uuid4()
    await refused(KNOWN, keep(browser, new._replace(person_id=str(again)), again, NOOR))


async def test_a_key_for_signing_up_is_no_key_to_add(stage: Stage) -> None:
    browser = stage.browser()
    await owner.enter(browser)
    options = await browser.call(passkeys.options_to_sign_up, MIRA)
    await refused(EXPIRED, browser.own(passkeys.add, Authenticator().create(options)))
