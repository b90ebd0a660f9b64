"""Confirming that it is you: everything that a sign-in would ask for, once more, and the session is fresh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.accounts import codes, devices, factors, fresh, throttle
from buckler.accounts.fresh import HOW
from buckler.accounts.problems import AccountError
from buckler.accounts.signin import WRONG_FACTOR, check_factor, or_out

if TYPE_CHECKING:
    from collections.abc import Mapping

    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit


async def ways(visit: Visit, person: Person) -> list[list[str]]:
    """Return what may be shown, the best first: each a list of what is shown together. `passkey` alone is one that verifies its user."""
    owned = await factors.of(visit, person)
    found: list[list[str]] = [["passkey"]] if owned.signs_in_by_passkey else []
    if owned.password:
        found += [["password", way] for way in owned.second_ways] or [["password"]]
    if not found:
        found = [["code", way] for way in owned.second_ways] or [["code"]]
    return found


async def send_code(visit: Visit, person: Person) -> None:
    """Send a code by mail to a person who has nothing else. Raises `AccountError`."""
    await throttle.admit(visit, "code", person.email)
    if any("code" in way for way in await ways(visit, person)):
        await codes.send(visit, person, "fresh")
    await visit.commit()


async def confirm(visit: Visit, person: Person, answers: Mapping[str, Any]) -> None:
    """Make this session fresh, under a new id. `answers`: way → what was shown. Raises `AccountError`, which names no part, and 403 where
    the person is not signed in here: for somebody who comes with a token this would be a sign-in, and one that no list of devices shows."""
    fresh.need_own(visit, person)
    await throttle.admit(visit, "fresh", person.email)
    given = {way: answer for way, answer in answers.items() if answer}
    allowed = next((way for way in await ways(visit, person) if set(way) == set(given)), None)
    if allowed is None or not await _all_right(visit, person, allowed, given):
        visit.record("confirmation_failed", detail="+".join(sorted(given)))
        visit.tell()
        raise AccountError(WRONG_FACTOR, "password")
    with or_out(visit):
        visit.session.sign_in(str(person.id))
        visit.session[HOW] = allowed
        await devices.follow(visit)
        await throttle.succeeded(visit, person.email)
        visit.record("confirmed", person, "+".join(allowed))
        await visit.commit()


async def _all_right(visit: Visit, person: Person, wanted: list[str], given: Mapping[str, Any]) -> bool:
    for way in wanted:
        answer = given[way]
        if way == "password":
            right = isinstance(answer, str) and await visit.accounts.hasher.verify(person.password_hash, answer)
        elif way == "code":
            right = isinstance(answer, str) and await codes.spend(visit, person, "fresh", answer)
        else:
            right = await check_factor(visit, person, way, answer, purpose="fresh" if wanted == ["passkey"] else "second")
        if not right:
            return False
    return True
