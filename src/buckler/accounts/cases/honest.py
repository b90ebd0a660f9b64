"""Honest people, whom nothing of this may turn away."""

from __future__ import annotations

from buckler.accounts.cases.asks import (
    NEW,
    NEW_PASSWORD,
    SIGN_OUT,
    TOKENS,
    WRONG,
    all_taken,
    bearer,
    enters,
    form,
    guesses,
    refreshes,
    sends,
    shows,
    signs_in,
    taken,
)
from buckler.core.case import Case, Place

_HERE = "198.51.100.1"
_ATTACK = guesses(times=30, clients=30)
_ASKS = sends(Place.API_RESET, given={"email": "{email}"}, client=_HERE)
_CHOOSES = sends(Place.API_RESET_FINISH, given={"token": "{link}", "password": NEW}, client=_HERE)

CASES = (
    Case(
        name="comes_and_goes",
        story="Somebody signs in, looks at a private page, signs out, and signs in again.",
        turns=(signs_in(), enters(), SIGN_OUT, signs_in(), enters()),
        honest=True,
        succeeds=all_taken,
    ),
    Case(
        name="mistypes",
        story="Somebody mistypes the password three times.",
        turns=(signs_in(password=WRONG, times=3), signs_in(), enters()),
        honest=True,
        succeeds=taken,
    ),
    Case(
        name="signs_up",
        story="Somebody signs up, opens the link in the mail in the same browser, and is in.",
        turns=(
            sends(Place.API_SIGN_UP, given={"email": "{stranger}", "password": NEW}),
            sends(Place.API_SIGN_UP_FINISH, given={"token": "{link}"}),
            enters(),
        ),
        honest=True,
        succeeds=all_taken,
    ),
    Case(
        name="two_steps",
        story="Somebody with a second factor signs in.",
        turns=(signs_in("careful"), shows(), enters()),
        honest=True,
        succeeds=all_taken,
    ),
    Case(
        name="on_the_page",
        story="Somebody signs in on the page, and is led to where they were going.",
        turns=(form(Place.SIGN_IN_PAGE, "email={email}&password={password}&next=%2Farticles%3Fpage%3D2"), enters()),
        honest=True,
        succeeds=lambda heard: all_taken(heard) and heard[0].header("location") == "/articles?page=2",
    ),
    Case(
        name="forgot_the_password",
        story="Somebody chooses a new password by mail and signs in with it.",
        turns=(_ASKS, _CHOOSES, signs_in(password=NEW, after_s=1), enters()),
        honest=True,
        succeeds=all_taken,
    ),
    Case(
        name="confirms",
        story="Somebody who signed in a while ago confirms that it is them, sets a new password, and goes on.",
        turns=(
            signs_in(),
            sends(Place.API_CONFIRM, given={"password": "{password}"}, after_s=1200),
            NEW_PASSWORD,
            enters(),
        ),
        honest=True,
        succeeds=all_taken,
    ),
    Case(
        name="program",
        story="A program changes its session for tokens, and goes on with the next pair, and the next.",
        turns=(
            signs_in(),
            TOKENS,
            enters(bearer("access"), jar="program"),
            refreshes(jar="program", keeps=(("refresh", "refresh_token"),)),
            refreshes(jar="program", keeps=(("access", "access_token"),)),
            enters(bearer("access"), jar="program"),
        ),
        honest=True,
        succeeds=all_taken,
    ),
    Case(
        name="damaged_cookie",
        story="Somebody whose session cookie is damaged signs in all the same.",
        turns=(signs_in("", ("cookie", "__Host-session=%00'--")), enters()),
        honest=True,
        succeeds=all_taken,
        sources=("CVE-2026-25748",),
    ),
    Case(
        name="spelled_in_capitals",
        story="Somebody writes the e-mail address in capitals.",
        turns=(signs_in(email="{spelled}", makes=(("spelled", "{email}", str.upper),)), enters()),
        honest=True,
        succeeds=all_taken,
    ),
    Case(
        name="at_home_under_attack",
        story="While strangers guess the password from everywhere, its owner signs in with a browser that was there before.",
        turns=(signs_in(jar="owner", client=_HERE), _ATTACK, signs_in(jar="owner", client=_HERE), enters(jar="owner")),
        honest=True,
        succeeds=taken,
    ),
    Case(
        name="by_mail_under_attack",
        story="The same with a new browser: a new password by mail makes it known.",
        turns=(_ATTACK, _ASKS, _CHOOSES, signs_in(password=NEW, client=_HERE, after_s=1), enters(jar="visitor")),
        honest=True,
        succeeds=taken,
    ),
    Case(
        name="someone_else_under_attack",
        story="While strangers guess one person's password, another signs in.",
        turns=(_ATTACK, signs_in("own", client=_HERE), enters()),
        honest=True,
        succeeds=taken,
    ),
)
