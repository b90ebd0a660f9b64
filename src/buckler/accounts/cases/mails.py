"""Links in mails: used twice, used late, used for something else; and accounts that are prepared for somebody to walk into."""

from __future__ import annotations

from typing import Any

from buckler.accounts.cases.asks import NEW, NEW_PASSWORD, THIEF, enters, sends, signs_in, taken
from buckler.core.case import Ask, Case, Place

_GONE = "account.link_gone"
_OTHER = "six kettles under a paper moon"
_ASKS = sends(Place.API_RESET, given={"email": "{email}"})
_PREPARED = "the attacker knows this one well"
_PREHIJACK = ("CWE-1390", "pre-hijacked accounts, USENIX Security 2022")


def _resets(link: str = "{link}", password: str = NEW, **changes: Any) -> Ask:
    return sends(Place.API_RESET_FINISH, given={"token": link, "password": password}, **changes)


def _signs_up(email: str, password: str, **changes: Any) -> Ask:
    return sends(Place.API_SIGN_UP, given={"email": email, "password": password}, **changes)


CASES = (
    Case(
        name="reset_link_twice",
        story="Somebody finds an old mail with a link by which a new password was chosen, and chooses another.",
        turns=(_ASKS, _resets(makes=(("old", "{link}", str),)), _resets("{old}", _OTHER, jar=THIEF)),
        refused=_GONE,
        succeeds=taken,
        sources=("CWE-640",),
    ),
    Case(
        name="reset_link_late",
        story="The same with a link that was never used, two hours later.",
        turns=(_ASKS, _resets(jar=THIEF, after_s=7200)),
        refused=_GONE,
        succeeds=taken,
        sources=("CWE-640",),
    ),
    Case(
        name="reset_link_before_the_newest",
        story="The same with a link in place of which its owner has asked for another.",
        turns=(
            _ASKS,
            sends(Place.API_RESET, given={"email": "{email}"}, makes=(("old", "{link}", str),)),
            _resets("{old}", jar=THIEF),
        ),
        refused=_GONE,
        succeeds=taken,
        sources=("CWE-640",),
    ),
    Case(
        name="reset_link_after_a_new_password",
        story="A link was asked for; its owner sets a new password in the settings meanwhile, and the link still works.",
        turns=(
            _ASKS,
            signs_in(makes=(("old", "{link}", str),)),
            NEW_PASSWORD,
            _resets("{old}", _OTHER, jar=THIEF),
        ),
        refused=_GONE,
        succeeds=taken,
        sources=("CWE-640",),
    ),
    Case(
        name="link_for_something_else",
        story="The link of a sign-up is used to choose a new password.",
        turns=(_signs_up("{stranger}", _PREPARED), _resets()),
        refused=_GONE,
        succeeds=taken,
        sources=("CVE-2026-6873",),
    ),
    Case(
        name="link_of_a_new_address",
        story="The link that confirms a new address is used to choose a new password.",
        turns=(signs_in("own"), sends(Place.API_EMAIL, method="PUT", given={"email": "{stranger}"}), _resets()),
        refused=_GONE,
        succeeds=taken,
        sources=("CVE-2026-6873",),
    ),
    Case(
        name="session_after_reset",
        story="Somebody has a session of the owner's; the owner chooses a new password by mail, and the session goes on.",
        turns=(signs_in(jar=THIEF), _ASKS, _resets(after_s=1), enters(jar=THIEF, after_s=1)),
        succeeds=taken,
        sources=("CWE-613",),
    ),
    Case(
        name="prepared_password",
        story="Somebody signs up with another's address. Its owner opens the link in the mail, and the attacker's password works.",
        turns=(
            _signs_up("{stranger}", _PREPARED, jar=THIEF),
            sends(Place.API_SIGN_UP_FINISH, given={"token": "{link}"}),
            signs_in(email="{stranger}", password=_PREPARED, jar=THIEF, after_s=1),
        ),
        refused="account.credentials_wrong",
        succeeds=taken,
        sources=_PREHIJACK,
    ),
    Case(
        name="prepared_session",
        story="The same, and the attacker's browser, in which the sign-up began, is signed in once the owner has confirmed.",
        turns=(
            _signs_up("{stranger}", _PREPARED, jar=THIEF),
            sends(Place.API_SIGN_UP_FINISH, given={"token": "{link}"}),
            enters(jar=THIEF, after_s=1),
        ),
        refused="account.sign_in_needed",
        succeeds=taken,
        sources=_PREHIJACK,
    ),
    Case(
        name="prepared_before_its_owner",
        story="Somebody signs up with another's address; the owner signs up too and confirms; the first password works beside the owner's.",
        turns=(
            _signs_up("{stranger}", _PREPARED, jar=THIEF),
            _signs_up("{stranger}", NEW),
            sends(Place.API_SIGN_UP_FINISH, given={"token": "{link}"}),
            signs_in(email="{stranger}", password=_PREPARED, jar=THIEF, after_s=1),
        ),
        refused="account.credentials_wrong",
        succeeds=taken,
        sources=_PREHIJACK,
    ),
    Case(
        name="unconfirmed",
        story="Somebody signs up with an address that is not his, and signs in without ever having seen its mail.",
        turns=(_signs_up("{stranger}", _PREPARED, jar=THIEF), signs_in(email="{stranger}", password=_PREPARED, jar=THIEF)),
        refused="account.credentials_wrong",
        succeeds=taken,
        sources=("CWE-1390",),
    ),
    Case(
        name="sign_up_over_an_account",
        story="Somebody signs up with the address of an account that there is, and the account has the new password.",
        turns=(_signs_up("{email}", _PREPARED, jar=THIEF), signs_in(password=_PREPARED, jar=THIEF)),
        refused="account.credentials_wrong",
        succeeds=taken,
        sources=("CWE-287",),
    ),
    Case(
        name="more_than_was_asked_for",
        story="Somebody signs up and says besides that the address is confirmed and that he runs the site.",
        turns=(
            sends(
                Place.API_SIGN_UP,
                given={"email": "{stranger}", "password": _PREPARED, "email_verified": True, "roles": ["admin"]},
                jar=THIEF,
            ),
        ),
        refused="account.request_unfit",
        succeeds=taken,
        sources=("CWE-915",),
    ),
    Case(
        name="empty_link",
        story="Somebody shows an empty link, which is what the table has of everybody who was sent none.",
        turns=(_resets("", jar=THIEF),),
        refused=_GONE,
        succeeds=taken,
        sources=("CWE-640",),
    ),
    Case(
        name="old_password_after_reset",
        story="The old password works on after a new one was chosen.",
        turns=(_ASKS, _resets(), signs_in(after_s=1, jar=THIEF)),
        refused="account.credentials_wrong",
        succeeds=taken,
        sources=("CWE-613",),
    ),
)
