"""The second factor: skipping it, using a code again, and finding a sign-in that somebody left half done."""

from __future__ import annotations

from buckler.accounts.cases.asks import NEW, SIGN_OUT, THIEF, enters, sends, shows, signs_in, taken
from buckler.core.case import Case, Place

CASES = (
    Case(
        name="second_factor_skipped",
        story="Somebody who knows the password goes on without the second factor.",
        turns=(signs_in("careful"), enters()),
        refused="account.sign_in_needed",
        succeeds=taken,
        sources=("CWE-288",),
    ),
    Case(
        name="code_used_again",
        story="Somebody who knows the password looks over the owner's shoulder, and uses the same code a few seconds later.",
        turns=(signs_in("careful"), shows(), signs_in("careful", jar=THIEF), shows(jar=THIEF, after_s=3)),
        refused="account.factor_wrong",
        succeeds=taken,
        sources=("django-allauth 64.1.0", "RFC 6238, section 5.2"),
    ),
    Case(
        name="half_after_sign_out",
        story="The owner stops before the second factor and signs out; whoever comes to the browser next shows a code.",
        turns=(signs_in("careful"), SIGN_OUT, shows()),
        refused="account.sign_in_expired",
        succeeds=taken,
        sources=("django-allauth 65.2.0",),
    ),
    Case(
        name="half_left_alone",
        story="The owner stops before the second factor and walks away; eleven minutes later somebody goes on.",
        turns=(signs_in("careful"), shows(after_s=660)),
        refused="account.sign_in_expired",
        succeeds=taken,
        sources=("CWE-613",),
    ),
    Case(
        name="half_copied",
        story="Somebody copied the cookie between password and code, and waits until the owner has shown the code.",
        turns=(signs_in("careful"), enters(jar=THIEF, takes_cookies_of="visitor"), shows(), enters(jar=THIEF)),
        refused="account.sign_in_needed",
        succeeds=taken,
        sources=("CWE-384",),
    ),
    Case(
        name="nothing_as_code",
        story="Somebody who knows the password leaves the code empty.",
        turns=(signs_in("careful"), shows("")),
        refused="account.factor_wrong",
        succeeds=taken,
        sources=("CWE-287",),
    ),
    Case(
        name="reset_past_the_second_factor",
        story="Somebody who reads the owner's mail chooses a new password, and is in without the second factor.",
        turns=(
            sends(Place.API_RESET, given={"email": "{careful_email}"}, jar=THIEF),
            sends(Place.API_RESET_FINISH, given={"token": "{link}", "password": NEW}, jar=THIEF),
            signs_in("careful", password=NEW, jar=THIEF, after_s=1),
            enters(jar=THIEF),
        ),
        refused="account.sign_in_needed",
        succeeds=taken,
        sources=("CWE-288",),
    ),
)
