"""Fresh: before a dangerous act the person proves once more who they are, with everything that a sign-in would ask them for.

Freshness is the age of the sign-in, which the session keeps and nobody can set. Signing in through another provider does not count
(GHSA-w2j7-f3c6-g8cw), and a passkey's answer is bound to this one purpose (GHSA-f66q-9rf6-8795).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from buckler.accounts import codes, devices, factors, throttle
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.signin import HOW, WRONG_FACTOR, check_factor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

NOT_FRESH = Problem("account.not_fresh", 403, "Please confirm that it is you.", "Confirm with your password or passkey, then go on.")
MINUTES = 10.0  # as long as a person works at one thing; Phoenix's sudo mode has the same
_UNFRESH = {"provider", "browser"}  # ways in that somebody else vouched for


def age_s(visit: Visit) -> float:
    """Seconds since the person in this session proved who they are, and did it here; infinite when they never did."""
    how = visit.session.get(HOW, [])
    return math.inf if _UNFRESH.intersection(how) else visit.session.fresh_s


def is_fresh(visit: Visit, minutes: float = MINUTES) -> bool:
    """Whether that is at most `minutes` ago."""
    return age_s(visit) <= minutes * 60


def need(visit: Visit, minutes: float = MINUTES) -> None:
    """Raise `AccountError` 403 unless it is fresh."""
    if not is_fresh(visit, minutes):
        raise AccountError(NOT_FRESH)


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
    """Make this session fresh, under a new id. `answers`: way → what was shown. Raises `AccountError`, which names no part."""
    await throttle.admit(visit, "fresh", person.email)
    given = {way: answer for way, answer in answers.items() if answer}
    allowed = next((way for way in await ways(visit, person) if set(way) == set(given)), None)
    if allowed is None or not await _all_right(visit, person, allowed, given):
        visit.record("confirmation_failed", detail="+".join(sorted(given)))
        visit.tell()
        raise AccountError(WRONG_FACTOR, "password")
    visit.session.sign_in(str(person.id))
    visit.session[HOW] = allowed
    await devices.follow(visit)
    throttle.succeeded(visit, person.email)
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
