"""A new e-mail address: confirmed at the new one, told to the old one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError

from buckler.accounts import devices, factors, fresh, known, people, throttle, tickets
from buckler.accounts.addresses import address, email_key
from buckler.accounts.hold import hold
from buckler.accounts.problems import AccountError
from buckler.accounts.tickets import GONE

if TYPE_CHECKING:
    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

PURPOSE = "email"
LIVES_S = 24 * 3600.0


async def begin(visit: Visit, person: Person, new: str) -> None:
    """Send a link to the new address. An address that somebody else has gets a letter too, and the answer does not differ. Raises
    `AccountError` unless the sign-in is fresh."""
    fresh.need(visit, person)
    await throttle.admit(visit, "email", person.email)
    new = address(new)
    await throttle.admit(visit, "email", new)  # by who gets the letter too: nobody's mailbox is flooded by somebody with an account
    await hold(visit, person.id)
    owner = await people.by_email(visit, new)
    if owner is None or owner.id == person.id:
        token = await tickets.issue(visit, PURPOSE, LIVES_S, person.id, email=new)
        visit.post("email_change", person, new, link=visit.link(f"{visit.accounts.paths.email_new}?token={token}"))
    else:
        await tickets.issue(visit, "email.nobody", LIVES_S, person.id)
        visit.post("address_taken", owner, link=visit.link(visit.accounts.paths.sign_in))
    visit.record("email_change_asked", person)
    await visit.commit()


async def finish(visit: Visit, token: str) -> Person:
    """Make the address of the link the person's own. Raises `AccountError` 410, also when somebody else has it by now."""
    person_id, about = await tickets.redeem(visit, PURPOSE, token)
    person = await people.by_id(visit, person_id) if person_id else None
    if person is None:
        raise AccountError(GONE)
    old, new = person.email, about["email"]
    person.email, person.email_key, person.email_verified_at = new, email_key(new), visit.now
    try:
        await visit.db.flush()
    except IntegrityError:
        await visit.db.rollback()
        raise AccountError(GONE) from None
    await tickets.end_all(visit, person.id)  # links that went to the old address
    for to in (old, new):
        visit.post("email_changed", person, to, email=new, **factors.circumstances(visit))
    visit.record("email_changed", person)
    if visit.session.person == str(person.id):
        visit.session.renew()
        await devices.follow(visit)
        known.remember(visit, new)
    await visit.commit()
    return person
