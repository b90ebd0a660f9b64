"""Guessing: every way round a limit that was ever found; and the limit as a weapon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.accounts.cases.asks import (
    MANY,
    NEW_PASSWORD,
    SIGN_OUT,
    THIEF,
    WRONG,
    enters,
    form,
    guesses,
    refused,
    sends,
    shows,
    signs_in,
    taken,
)
from buckler.core.case import Ask, Case, Place

if TYPE_CHECKING:
    from collections.abc import Callable

LIMITED = "account.too_many"
_ELSEWHERE = "198.51.100.1"
_ACCOUNTS = 30  # that one address tries, each once
_COMES_IN = signs_in(jar=THIEF)
_SPRAY = guesses(email="{n}@mail.example", times=_ACCOUNTS)
_CODE = "000000"
_PROXY = "10.0.0.1"


def _through_proxy(said: str, **changes: Any) -> Ask:
    return guesses(("x-forwarded-for", said), client=_PROXY, **changes)


def _spelled(name: str, story: str, spell: Callable[[str], str]) -> Case:
    return Case(
        name=name,
        story=f"Twelve guesses, and the thirteenth with another spelling of the path: {story}.",
        turns=(guesses(), signs_in(jar=THIEF, spelled=spell)),
        succeeds=taken,
        sources=("GHSA-x732-6j76-qmhm", "CVE-2025-71399"),
    )


def _written(name: str, story: str, spell: Callable[[str], str]) -> Case:
    turn = (("spelled", "{email}", spell),)
    return Case(
        name=name,
        story=f"Twelve guesses, and the thirteenth with another spelling of the e-mail address: {story}.",
        turns=(guesses(), signs_in(email="{spelled}", jar=THIEF, makes=turn)),
        refused=LIMITED,
        succeeds=taken,
        sources=("CVE-2026-47203",),
    )


def _wide(text: str) -> str:
    return chr(ord(text[0]) + 0xFEE0) + text[1:]


CASES = (
    Case(
        name="word_list",
        story="One client tries a list of passwords on one account; the thirteenth is right.",
        turns=(guesses(), _COMES_IN),
        refused=LIMITED,
        succeeds=taken,
        sources=("CWE-307", "limit overrun"),
    ),
    Case(
        name="word_list_from_everywhere",
        story="The same from thirty addresses, each of which tries once.",
        turns=(guesses(times=30, clients=30), signs_in(jar=THIEF, client=_ELSEWHERE)),
        refused=LIMITED,
        succeeds=taken,
        sources=("CWE-307", "CVE-2024-1722"),
    ),
    Case(
        name="one_password_for_all",
        story="One client tries one password on thirty accounts; it is that of the next one.",
        turns=(_SPRAY, _COMES_IN),
        refused=LIMITED,
        succeeds=taken,
        sources=("CWE-307",),
    ),
    Case(
        name="claimed_addresses",
        story="The same, with another address claimed in `X-Forwarded-For` each time.",
        turns=(
            guesses(("x-forwarded-for", "198.51.100.{n}"), email="{n}@mail.example", times=_ACCOUNTS),
            signs_in("", ("x-forwarded-for", "198.51.100.99"), jar=THIEF),
        ),
        refused=LIMITED,
        succeeds=taken,
        sources=("django-allauth 65.14.2", "CVE-2025-59152"),
    ),
    Case(
        name="unreadable_address",
        story="The same, with an `X-Forwarded-For` that nobody can read, so that there is no address to count.",
        turns=(
            guesses(("x-forwarded-for", "a"), email="{n}@mail.example", times=_ACCOUNTS),
            signs_in("", ("x-forwarded-for", "a"), jar=THIEF),
        ),
        refused=LIMITED,
        succeeds=taken,
        sources=("CVE-2024-47070", "CVE-2023-36456"),
    ),
    Case(
        name="claimed_addresses_behind_a_proxy",
        story="The same on a site that does have a proxy, to whose `X-Forwarded-For` the attacker has prefixed another address each time.",
        turns=(
            _through_proxy("198.51.100.{n}, 203.0.113.7", email="{n}@mail.example", times=_ACCOUNTS),
            signs_in("", ("x-forwarded-for", "198.51.100.99, 203.0.113.7"), jar=THIEF, client=_PROXY),
        ),
        refused=LIMITED,
        succeeds=taken,
        site={"trusted_proxies": ("10.0.0.0/8",)},
        sources=("CVE-2025-59152",),
    ),
    Case(
        name="unreadable_address_behind_a_proxy",
        story="The same with a last address that nobody can read.",
        turns=(
            _through_proxy("a", email="{n}@mail.example", times=_ACCOUNTS),
            signs_in("", ("x-forwarded-for", "a"), jar=THIEF, client=_PROXY),
        ),
        succeeds=taken,
        site={"trusted_proxies": ("10.0.0.0/8",)},
        sources=("CVE-2024-47070", "CVE-2023-36456"),
    ),
    Case(
        name="own_success_between",
        story="The same; after every four tries the attacker signs in to an account of his own, to clear his count of failures.",
        turns=(
            *(turn for group in range(8) for turn in (guesses(email=f"{group}x{{n}}@mail.example", times=4), signs_in("own", jar=THIEF))),
            _COMES_IN,
        ),
        refused=LIMITED,
        succeeds=taken,
        sources=("django-allauth 65.8.1",),
    ),
    _spelled("two_slashes", "two slashes at its beginning", lambda path: "/" + path),
    _spelled("slash_at_the_end", "a slash at its end", lambda path: path + "/"),
    _spelled("slash_within", "two slashes within", lambda path: path.replace("/sign-in", "//sign-in")),
    _spelled("encoded_path", "an encoded letter", lambda path: path.replace("sign-in", "sign%2din")),
    _spelled("capitals_in_the_path", "capitals", str.upper),
    _spelled("query", "a query", lambda path: path + "?again=1"),
    _written("capitals_in_the_address", "capitals", str.upper),
    _written("wide_letters", "a full-width letter, which is the same one after Unicode normalisation", _wide),
    _written("spaces_around", "spaces around it", lambda text: f" {text} "),
    Case(
        name="page_after_api",
        story="Twelve guesses by the API, and the thirteenth on the page.",
        turns=(guesses(), form(Place.SIGN_IN_PAGE, "email={email}&password={password}", jar=THIEF), enters(jar=THIEF)),
        succeeds=taken,
        sources=("CVE-2026-9798",),
    ),
    Case(
        name="api_after_page",
        story="Twelve guesses on the page, and the thirteenth by the API.",
        turns=(form(Place.SIGN_IN_PAGE, f"email={{email}}&password={WRONG}", jar=THIEF, times=MANY), _COMES_IN),
        refused=LIMITED,
        succeeds=taken,
        sources=("CVE-2026-9798",),
    ),
    Case(
        name="confirming_after_api",
        story="Somebody with a stolen session guesses the password at the sign-in, and goes on where it is asked for once more.",
        turns=(
            signs_in(),
            guesses(takes_cookies_of="visitor"),
            sends(Place.API_CONFIRM, given={"password": "{password}"}, jar=THIEF),
        ),
        refused=LIMITED,
        succeeds=taken,
        sources=("CVE-2026-9798",),
    ),
    Case(
        name="api_after_confirming",
        story="The same the other way round.",
        turns=(
            signs_in(),
            sends(Place.API_CONFIRM, given={"password": WRONG}, jar=THIEF, takes_cookies_of="visitor", times=MANY),
            _COMES_IN,
        ),
        refused=LIMITED,
        succeeds=taken,
        sources=("CVE-2026-9798",),
    ),
    Case(
        name="new_password_after_api",
        story="The same where a new password is set, and the old one asked for.",
        turns=(
            signs_in(),
            guesses(takes_cookies_of="visitor"),
            Ask(at=NEW_PASSWORD.at, method="PUT", headers=NEW_PASSWORD.headers, body=NEW_PASSWORD.body, jar=THIEF),
        ),
        refused=LIMITED,
        succeeds=taken,
        sources=("CVE-2026-9798",),
    ),
    Case(
        name="codes",
        story="Somebody who knows the password guesses the code of the second factor.",
        turns=(signs_in("careful", jar=THIEF), shows(_CODE, jar=THIEF, times=MANY), shows(jar=THIEF)),
        refused=LIMITED,
        succeeds=taken,
        sources=("django-allauth 0.61.0", "CWE-307"),
    ),
    Case(
        name="codes_begun_anew",
        story="The same, with a new sign-in after every four codes.",
        turns=(
            *(turn for _ in range(4) for turn in (signs_in("careful", jar=THIEF), shows(_CODE, jar=THIEF, times=4))),
            signs_in("careful", jar=THIEF),
            shows(jar=THIEF),
        ),
        refused=LIMITED,
        succeeds=taken,
        sources=("django-allauth 0.61.0", "CWE-307"),
    ),
    Case(
        name="locked_out",
        story="Guesses from thirty addresses, and no more is wanted of them than that the owner, at home, cannot sign in.",
        turns=(
            signs_in(jar="owner"),
            Ask(at=SIGN_OUT.at, method="POST", headers=SIGN_OUT.headers, body=SIGN_OUT.body, jar="owner"),
            guesses(times=30, clients=30),
            signs_in(jar="owner", client=_ELSEWHERE),
        ),
        succeeds=refused,
        sources=("CWE-645",),
    ),
)
