"""Tokens: refresh tokens that work twice, access tokens that outlive their end, tokens for less that do more."""

from __future__ import annotations

from buckler.accounts.cases.asks import NEW, OWN, SIGN_OUT, THIEF, TOKENS, bearer, enters, refreshes, sends, signs_in, taken
from buckler.core.case import Ask, Case, Place

_REUSE = ("GHSA-392p-2q2v-4372", "GHSA-pw9m-5jxm-xr6h", "GHSA-7w99-5wm4-3g79")
_INVALID = "account.token_invalid"
_PERSONAL = sends(Place.API_TOKENS, given={"name": "CI", "scopes": ["articles:read"]}, keeps=(("personal", "token"),))
_STEALS = refreshes(jar=THIEF, keeps=(("stolen", "refresh_token"), ("access", "access_token")))


def _with_token(at: str, shown: str, method: str = "POST", **given: object) -> Ask:
    return sends(at, bearer(shown), method=method, given=given, jar=THIEF)


CASES = (
    Case(
        name="refresh_token_twice",
        story="Somebody copied a refresh token, and shows it after its program has.",
        turns=(signs_in(), TOKENS, refreshes(), refreshes(jar=THIEF)),
        refused=_INVALID,
        succeeds=taken,
        sources=_REUSE,
    ),
    Case(
        name="thief_was_first",
        story="The thief is first; when its program shows the token too, one of both is a thief, and neither may go on.",
        turns=(signs_in(), TOKENS, _STEALS, refreshes(), refreshes("stolen", jar=THIEF)),
        refused=_INVALID,
        succeeds=taken,
        sources=_REUSE,
    ),
    Case(
        name="access_of_a_thief",
        story="The same, and the thief goes on with the access token, which lives for minutes.",
        turns=(signs_in(), TOKENS, _STEALS, refreshes(), enters(bearer("access"), jar=THIEF)),
        refused=_INVALID,
        succeeds=taken,
        sources=_REUSE,
    ),
    Case(
        name="refresh_token_as_access",
        story="A refresh token is shown where an access token belongs.",
        turns=(signs_in(), TOKENS, enters(bearer("refresh"), jar=THIEF)),
        refused=_INVALID,
        succeeds=taken,
        sources=("RFC 9700, section 4.14",),
    ),
    Case(
        name="access_after_sign_out",
        story="A program signs out; its access token is used on.",
        turns=(
            signs_in(),
            TOKENS,
            sends(Place.API_PROGRAM_OUT, given={"refresh_token": "{refresh}"}),
            enters(bearer("access"), jar=THIEF),
        ),
        refused=_INVALID,
        succeeds=taken,
        sources=("CWE-613",),
    ),
    Case(
        name="old_access_token",
        story="An access token that somebody found in a log is an hour old.",
        turns=(signs_in(), TOKENS, enters(bearer("access"), jar=THIEF, after_s=3600)),
        refused=_INVALID,
        succeeds=taken,
        sources=("CWE-613",),
    ),
    Case(
        name="token_for_less",
        story="A token that was made to read writes.",
        turns=(signs_in(), _PERSONAL, _with_token(Place.WRITE, "personal")),
        succeeds=taken,
        sources=("CWE-863",),
    ),
    Case(
        name="token_sets_a_password",
        story="Somebody with a leaked token sets a new password, and has the account for good.",
        turns=(signs_in(), _PERSONAL, _with_token(Place.API_PASSWORD, "personal", "PUT", password=NEW, current="{password}")),
        succeeds=taken,
        sources=("CWE-269",),
    ),
    Case(
        name="access_token_sets_a_password",
        story="The same with an access token that is for everything.",
        turns=(signs_in(), TOKENS, _with_token(Place.API_PASSWORD, "access", "PUT", password=NEW, current="{password}")),
        refused="account.session_needed",
        succeeds=taken,
        sources=("CWE-269",),
    ),
    Case(
        name="token_makes_tokens",
        story="Somebody with a leaked access token makes one that lives for ever.",
        turns=(signs_in(), TOKENS, _with_token(Place.API_TOKENS, "access", name="Mine", scopes=["articles:read"])),
        refused="account.session_needed",
        succeeds=taken,
        sources=("CWE-269",),
    ),
    Case(
        name="bad_token_beside_a_session",
        story="A token that is not valid is passed over, and the session beside it counts: what was meant for one is done by another.",
        turns=(signs_in(), enters(("authorization", "Bearer nonsense"))),
        refused=_INVALID,
        succeeds=taken,
        sources=("CWE-287",),
    ),
    Case(
        name="session_after_exchange",
        story="A session that was given for tokens is used on.",
        turns=(
            signs_in(),
            Ask(at=Place.PAGE, headers=(OWN,), jar=THIEF, takes_cookies_of="visitor"),
            TOKENS,
            enters(jar=THIEF),
        ),
        succeeds=taken,
        sources=("CWE-613",),
    ),
    Case(
        name="nobody_signs_out_a_program",
        story="Signing out of the browser leaves the program's refresh token alone, and nobody else's session is touched by it.",
        turns=(signs_in(), TOKENS, signs_in(after_s=1), SIGN_OUT, refreshes(jar="program")),
        honest=True,
        succeeds=taken,
    ),
)
