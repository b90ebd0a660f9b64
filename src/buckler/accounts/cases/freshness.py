"""Freshness: what changes how somebody signs in asks once more who it is, and that can be neither skipped nor used again."""

from __future__ import annotations

from buckler.accounts.cases.asks import NEW_PASSWORD, OWN, THIEF, TOKENS, bearer, sends, signs_in, taken
from buckler.core.case import Ask, Case, Place

_SOURCE = "GHSA-f66q-9rf6-8795"
_LATER_S = 601
_NOT_FRESH = "account.not_fresh"
_CHANGES = {"at": Place.API_PASSWORD, "method": "PUT", "body": NEW_PASSWORD.body}
_JSON = (OWN, ("content-type", "application/json"))


def _changes_password(*headers: tuple[str, str], **changes: object) -> Ask:
    return Ask(**_CHANGES, headers=(*_JSON, *headers), **changes)  # type: ignore[arg-type]  # parts of an Ask


CASES = (
    Case(
        name="not_fresh",
        story="Somebody finds a browser that was left signed in, and sets a new password.",
        turns=(signs_in(), _changes_password(after_s=_LATER_S)),
        refused=_NOT_FRESH,
        succeeds=taken,
        sources=(_SOURCE, "CWE-620"),
    ),
    Case(
        name="token_made_later",
        story="The same, and makes a token, which goes on when the owner has signed out.",
        turns=(signs_in(), sends(Place.API_TOKENS, given={"name": "CI", "scopes": ["articles:read"]}, after_s=_LATER_S)),
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
        turns=(signs_in(), sends(Place.API_CONFIRM, after_s=_LATER_S), _changes_password()),
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
            _changes_password(jar=THIEF),
        ),
        succeeds=taken,
        sources=(_SOURCE,),
    ),
    Case(
        name="token_beside_a_fresh_session",
        story="Somebody shows another person's access token beside a fresh session of his own, and one makes up for what the other lacks.",
        turns=(signs_in(), TOKENS, signs_in("own", jar=THIEF, after_s=1), _changes_password(bearer("access"), jar=THIEF)),
        refused="account.session_needed",
        succeeds=taken,
        sources=(_SOURCE,),
    ),
)
