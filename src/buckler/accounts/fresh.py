"""Fresh: before a dangerous act the person proves once more who they are (see `confirm`), and this is where it is asked whether they did.

Freshness is the age of the sign-in, which the session keeps and nobody can set. Signing in through another provider does not count
(GHSA-w2j7-f3c6-g8cw), and neither does a browser that was trusted to skip the second factor.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from buckler.accounts.problems import AccountError, Problem

if TYPE_CHECKING:
    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

NOT_FRESH = Problem("account.not_fresh", 403, "Please confirm that it is you.", "Confirm with your password or passkey, then go on.")
SECOND_NEEDED = Problem(
    "account.second_needed", 403, "This site asks for a second factor.", "Add a passkey or an authenticator app under Security."
)
MINUTES = 10.0  # as long as a person works at one thing; Phoenix's sudo mode has the same
HOW = "account.how"  # in the session: the factors that were shown at the sign-in, and those that were added since
_ALONE = ["passkey"]  # verifies who holds it: two factors at once
_UNFRESH = {"provider", "browser"}  # ways in that somebody else vouched for


def by_two(visit: Visit) -> bool:
    """Whether the person in this session has shown two factors, or has them vouched for: a trusted browser is one."""
    how = visit.session.get(HOW, [])
    return len(how) > 1 or how == _ALONE


def need_two(visit: Visit) -> None:
    """Raise `AccountError` 403 where the site requires a second factor, and the person in this session has shown none."""
    if visit.accounts.require_second_factor and not by_two(visit):
        raise AccountError(SECOND_NEEDED)


def showed(visit: Visit, person: Person, factor: str) -> None:
    """Count a factor that was just added, and had to be shown for it, among those of this session."""
    if visit.session.person == str(person.id):
        visit.session[HOW] = [*visit.session.get(HOW, []), factor]


def age_s(visit: Visit) -> float:
    """Seconds since the person in this session proved who they are, and did it here; infinite when they never did."""
    how = visit.session.get(HOW, [])
    return math.inf if _UNFRESH.intersection(how) else visit.session.fresh_s


def need_own(visit: Visit, person: Person) -> None:
    """Raise `AccountError` 403 unless this is the person's own session."""
    if visit.session.person != str(person.id):
        raise AccountError(NOT_FRESH)


def is_fresh(visit: Visit, person: Person, minutes: float = MINUTES) -> bool:
    """Whether that was `person`, and at most `minutes` ago. A session makes nobody fresh but the one whose session it is: somebody with a
    token of yours and a fresh session of their own is not you."""
    return visit.session.person == str(person.id) and age_s(visit) <= minutes * 60


def need(visit: Visit, person: Person, minutes: float = MINUTES) -> None:
    """Raise `AccountError` 403 unless it is fresh."""
    if not is_fresh(visit, person, minutes):
        raise AccountError(NOT_FRESH)
