"""Telling: by what an answer says, a stranger learns who has an account. How long it takes is measured elsewhere, in the benchmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.accounts.cases.asks import MANY, NEW, WRONG, sends, signs_in, told_apart
from buckler.core.case import Case, Place

if TYPE_CHECKING:
    from buckler.core.case import Ask

_SOURCES = ("CWE-204", "django-allauth 65.3.0")
_OTHER = "198.51.100.9"


def _asks(at: str, email: str, jar: str, client: str, **given: Any) -> Ask:
    return sends(at, given={"email": email, **given}, jar=jar, client=client)


def _both(at: str, **given: Any) -> tuple[Ask, Ask]:
    """Ask about an address without an account, and about one with: from two browsers, so that nothing else tells them apart."""
    return _asks(at, "{stranger}", "one", "203.0.113.7", **given), _asks(at, "{email}", "other", _OTHER, **given)


CASES = (
    Case(
        name="told_at_sign_in",
        story="The sign-in says whether it was the address or the password that was wrong.",
        turns=_both(Place.API_SIGN_IN, password=WRONG),
        succeeds=told_apart,
        sources=_SOURCES,
    ),
    Case(
        name="told_on_the_second_factor",
        story="The sign-in with a wrong password says who has a second factor.",
        turns=(signs_in(password=WRONG, jar="one"), signs_in("careful", password=WRONG, jar="other", client=_OTHER)),
        succeeds=told_apart,
        sources=_SOURCES,
    ),
    Case(
        name="told_by_the_limit",
        story="Only accounts that there are can be locked: after twelve guesses the answers differ.",
        turns=(
            signs_in(email="{stranger}", password=WRONG, jar="one", times=MANY),
            signs_in(password=WRONG, jar="other", client=_OTHER, times=MANY),
        ),
        succeeds=told_apart,
        sources=_SOURCES,
    ),
    Case(
        name="told_at_reset",
        story="Who asks for a new password hears whether there is an account.",
        turns=_both(Place.API_RESET),
        succeeds=told_apart,
        sources=_SOURCES,
    ),
    Case(
        name="told_at_sign_up",
        story="Who signs up hears that the address is taken.",
        turns=_both(Place.API_SIGN_UP, password=NEW),
        succeeds=told_apart,
        sources=_SOURCES,
    ),
    Case(
        name="told_at_a_new_address",
        story="Somebody signed in changes the address, and hears that it is somebody's.",
        turns=(
            signs_in("own"),
            sends(Place.API_EMAIL, method="PUT", given={"email": "{stranger}"}),
            sends(Place.API_EMAIL, method="PUT", given={"email": "{email}"}),
        ),
        succeeds=told_apart,
        sources=_SOURCES,
    ),
)
