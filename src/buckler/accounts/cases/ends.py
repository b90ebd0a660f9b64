"""Sessions: planted, copied, damaged, and gone on with after their end."""

from __future__ import annotations

from buckler.accounts.cases.asks import (
    LEAVES,
    NEW,
    NEW_PASSWORD,
    OWN,
    SIGN_OUT,
    THIEF,
    TOKENS,
    bearer,
    enters,
    refreshes,
    sends,
    shows,
    signs_in,
    taken,
)
from buckler.core.case import Ask, Case, Place

_PLANTED = ("cookie", f"__Host-session={'A' * 43}")
_DAMAGED = ("cookie", "__Host-session=%00'--")
_LEFT = ("GHSA-2vg6-77g8-24mp",)
_PHONE = signs_in(jar="phone")
_PERSONAL = sends(Place.API_TOKENS, given={"name": "CI", "scopes": ["articles:read"]}, keeps=(("personal", "token"),))
_COPIES = Ask(at=Place.PAGE, headers=(OWN,), jar=THIEF, takes_cookies_of="visitor")

CASES = (
    Case(
        name="planted_session",
        story="An attacker plants a session id of his own making in a browser, waits for the sign-in, and uses the id.",
        turns=(signs_in("", _PLANTED), enters(_PLANTED, jar=THIEF)),
        succeeds=taken,
        sources=("CWE-384", "session fixation", "starsessions#87"),
    ),
    Case(
        name="planted_before_the_second_step",
        story="The same, and the sign-in has two steps.",
        turns=(signs_in("careful", _PLANTED), shows(), enters(_PLANTED, jar=THIEF)),
        succeeds=taken,
        sources=("CWE-384", "session fixation"),
    ),
    Case(
        name="damaged_session",
        story="A session cookie that cannot be read is passed on as if it had been looked at.",
        turns=(enters(_DAMAGED),),
        refused="account.sign_in_needed",
        succeeds=taken,
        sources=("CVE-2026-25748",),
    ),
    Case(
        name="session_after_sign_out",
        story="Somebody copied the cookie, and uses it after its owner has signed out.",
        turns=(signs_in(), _COPIES, SIGN_OUT, enters(jar=THIEF)),
        succeeds=taken,
        sources=("CWE-613",),
    ),
    Case(
        name="session_after_a_new_password",
        story="Somebody has a session of the owner's; the owner sets a new password, and the session goes on.",
        turns=(signs_in(jar=THIEF), signs_in(after_s=1), NEW_PASSWORD, enters(jar=THIEF, after_s=1)),
        succeeds=taken,
        sources=("CWE-613",),
    ),
    Case(
        name="copy_after_a_new_password",
        story="The same with a copy of the very session in which the password was set.",
        turns=(signs_in(), _COPIES, NEW_PASSWORD, enters(jar=THIEF, after_s=1)),
        succeeds=taken,
        sources=("CWE-613", "CWE-384"),
    ),
    Case(
        name="program_after_a_new_password",
        story="A stolen refresh token works on after the owner has set a new password.",
        turns=(signs_in(), TOKENS, signs_in(after_s=1), NEW_PASSWORD, refreshes(jar=THIEF, after_s=1)),
        refused="account.token_invalid",
        succeeds=taken,
        sources=("CWE-613",),
    ),
    Case(
        name="session_after_the_end",
        story="An account is deleted; the session on the telephone goes on.",
        turns=(_PHONE, signs_in(after_s=1), LEAVES, enters(jar="phone", after_s=1)),
        succeeds=taken,
        sources=_LEFT,
    ),
    Case(
        name="access_token_after_the_end",
        story="An account is deleted; an access token goes on.",
        turns=(signs_in(), TOKENS, signs_in(after_s=1), LEAVES, enters(bearer("access"), jar=THIEF, after_s=1)),
        refused="account.token_invalid",
        succeeds=taken,
        sources=_LEFT,
    ),
    Case(
        name="refresh_token_after_the_end",
        story="An account is deleted; a program gets its next pair of tokens.",
        turns=(signs_in(), TOKENS, signs_in(after_s=1), LEAVES, refreshes(jar=THIEF, after_s=1)),
        refused="account.token_invalid",
        succeeds=taken,
        sources=_LEFT,
    ),
    Case(
        name="personal_token_after_the_end",
        story="An account is deleted; a token that its owner made goes on.",
        turns=(signs_in(), _PERSONAL, LEAVES, enters(bearer("personal"), jar=THIEF, after_s=1)),
        refused="account.token_invalid",
        succeeds=taken,
        sources=_LEFT,
    ),
    Case(
        name="link_after_the_end",
        story="An account is deleted; a link for a new password, sent before, brings it back.",
        turns=(
            sends(Place.API_RESET, given={"email": "{email}"}),
            signs_in(makes=(("old", "{link}", str),)),
            LEAVES,
            sends(Place.API_RESET_FINISH, given={"token": "{old}", "password": NEW}, jar=THIEF),
        ),
        refused="account.link_gone",
        succeeds=taken,
        sources=_LEFT,
    ),
    Case(
        name="access_token_after_a_new_password",
        story="A stolen access token works on after the owner has set a new password.",
        turns=(signs_in(), TOKENS, signs_in(after_s=1), NEW_PASSWORD, enters(bearer("access"), jar=THIEF, after_s=1)),
        refused="account.token_invalid",
        succeeds=taken,
        sources=("CWE-613",),
    ),
    Case(
        name="program_after_reset",
        story="A stolen refresh token works on after the owner has chosen a new password by mail.",
        turns=(
            signs_in(),
            TOKENS,
            sends(Place.API_RESET, given={"email": "{email}"}),
            sends(Place.API_RESET_FINISH, given={"token": "{link}", "password": NEW}, after_s=1),
            refreshes(jar=THIEF, after_s=1),
        ),
        refused="account.token_invalid",
        succeeds=taken,
        sources=("CWE-613",),
    ),
    Case(
        name="half_after_a_new_password",
        story="Somebody has shown a stolen password; its owner sets a new one; the thief shows a code, and is in by the old one.",
        turns=(
            signs_in("careful"),
            shows(),
            signs_in("careful", jar=THIEF, after_s=60),
            sends(Place.API_PASSWORD, method="PUT", given={"password": NEW, "current": "{careful_password}"}, after_s=1),
            shows(jar=THIEF, after_s=60),
        ),
        refused="account.sign_in_expired",
        succeeds=taken,
        sources=("CWE-613",),
    ),
    Case(
        name="half_after_reset",
        story="The same, and the owner chooses the new password by mail.",
        turns=(
            signs_in("careful", jar=THIEF),
            sends(Place.API_RESET, given={"email": "{careful_email}"}),
            sends(Place.API_RESET_FINISH, given={"token": "{link}", "password": NEW}, after_s=1),
            shows(jar=THIEF, after_s=1),
        ),
        refused="account.sign_in_expired",
        succeeds=taken,
        sources=("CWE-613",),
    ),
    Case(
        name="address_after_signing_others_out",
        story="A thief of a session asks for a new address; the owner signs all other devices out; then the thief opens the link.",
        turns=(
            signs_in(jar=THIEF),
            sends(Place.API_EMAIL, method="PUT", given={"email": "{stranger}"}, jar=THIEF),
            signs_in(after_s=1, makes=(("old", "{link}", str),)),
            sends(Place.API_DEVICES, method="DELETE"),
            sends(Place.API_EMAIL_FINISH, given={"token": "{old}"}, jar=THIEF, after_s=1),
        ),
        refused="account.link_gone",
        succeeds=taken,
        sources=("CWE-613",),
    ),
)
