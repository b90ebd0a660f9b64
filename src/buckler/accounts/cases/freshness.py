"""Freshness: what changes how somebody signs in asks once more who it is, and that can be neither skipped nor used again."""

from __future__ import annotations

from typing import Any

from buckler.accounts.cases.asks import NEW, OWN, THIEF, TOKENS, bearer, sends, shows, signs_in, taken
from buckler.core.case import Ask, Case, Place

_SOURCE = "GHSA-f66q-9rf6-8795"
_LATER_S = 601
_NOT_FRESH = "account.not_fresh"


def _makes_token(*headers: tuple[str, str], **changes: Any) -> Ask:
    """Something dangerous: the token goes on when the owner has signed out."""
    return sends(Place.API_TOKENS, *headers, given={"name": "CI", "scopes": ["articles:read"]}, **changes)


def _sets_password(old: str, **changes: Any) -> Ask:
    return sends(Place.API_PASSWORD, method="PUT", given={"password": NEW, "current": old}, **changes)


CASES = (
    Case(
        name="password_without_the_old_one",
        story="Somebody with a stolen session sets a new password, and has the account for good.",
        turns=(signs_in(), _sets_password("")),
        refused="account.current_wrong",
        succeeds=taken,
        sources=("CWE-620",),
    ),
    Case(
        name="password_without_the_second_factor",
        story="Somebody finds a browser that was left signed in, knows the old password, and sets a new one without the second factor.",
        turns=(signs_in("careful"), shows(), _sets_password("{careful_password}", after_s=_LATER_S)),
        refused=_NOT_FRESH,
        succeeds=taken,
        sources=(_SOURCE, "CWE-620"),
    ),
    Case(
        name="token_later",
        story="Somebody finds a browser that was left signed in, and makes a token, which goes on when the owner has signed out.",
        turns=(signs_in(), _makes_token(after_s=_LATER_S)),
        refused=_NOT_FRESH,
        succeeds=taken,
        sources=(_SOURCE,),
    ),
    Case(
        name="program_later",
        story="The same, and takes the session along as a pair of tokens.",
        turns=(signs_in(), sends(Place.API_PROGRAMS, given={"name": "Phone"}, after_s=_LATER_S)),
        refused=_NOT_FRESH,
        succeeds=taken,
        sources=(_SOURCE,),
    ),
    Case(
        name="gone_later",
        story="The same, and deletes the account.",
        turns=(signs_in(), sends(Place.API_LEAVE, method="DELETE", after_s=_LATER_S)),
        refused=_NOT_FRESH,
        succeeds=taken,
        sources=(_SOURCE,),
    ),
    Case(
        name="address_later",
        story="The same, and lets a link to a new address be sent, with which the account would be taken over.",
        turns=(signs_in(), sends(Place.API_EMAIL, method="PUT", given={"email": "{stranger}"}, after_s=_LATER_S)),
        refused=_NOT_FRESH,
        succeeds=taken,
        sources=(_SOURCE,),
    ),
    Case(
        name="nothing_shown",
        story="The same, and confirms by showing nothing at all.",
        turns=(signs_in(), sends(Place.API_CONFIRM, after_s=_LATER_S), _makes_token()),
        refused=_NOT_FRESH,
        succeeds=taken,
        sources=(_SOURCE,),
    ),
    Case(
        name="confirmed_in_another_browser",
        story="Somebody copied the session; the owner confirms in the true browser, and the copy has become fresh as well.",
        turns=(
            signs_in(),
            Ask(at=Place.PAGE, headers=(OWN,), jar=THIEF, takes_cookies_of="visitor", after_s=_LATER_S),
            sends(Place.API_CONFIRM, given={"password": "{password}"}),
            _makes_token(jar=THIEF),
        ),
        succeeds=taken,
        sources=(_SOURCE,),
    ),
    Case(
        name="token_beside_a_fresh_session",
        story="Somebody shows another person's access token beside a fresh session of his own, and one makes up for what the other lacks.",
        turns=(signs_in(), TOKENS, signs_in("own", jar=THIEF, after_s=1), _makes_token(bearer("access"), jar=THIEF)),
        refused="account.session_needed",
        succeeds=taken,
        sources=(_SOURCE,),
    ),
)
