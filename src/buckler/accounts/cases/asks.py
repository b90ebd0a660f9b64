"""What cases about accounts are made of: what somebody asks, and how an attack is seen to have succeeded."""

from __future__ import annotations

import json
from typing import Any

from buckler.core.case import Ask, Heard, Place, Transcript

OWN = ("sec-fetch-site", "same-origin")
WRONG = "a guess that nobody would make"
NEW = "nine lamps above the empty station"
THIEF = "thief"
MANY = 12  # more tries than any limit on one account allows at once
TAKEN = (200, 201, 202, 303)


def sends(at: str, *headers: tuple[str, str], method: str = "POST", given: dict[str, Any] | None = None, **changes: Any) -> Ask:
    """Return a request with a body of JSON: what `given` says, for what `{names}` stand is filled in."""
    body = json.dumps(given or {}, ensure_ascii=False).encode()
    return Ask(at=at, method=method, body=body, headers=(OWN, ("content-type", "application/json"), *headers), **changes)


def form(at: str, body: str, *headers: tuple[str, str], **changes: Any) -> Ask:
    """Return what a page's form sends."""
    return Ask(at=at, method="POST", body=body.encode(), headers=headers or (OWN,), **changes)


def signs_in(who: str = "", *headers: tuple[str, str], password: str = "", email: str = "", **changes: Any) -> Ask:
    """Return a sign-in of somebody whom the target knows: "" for the one with a password alone, `careful` and `own` (the attacker's)."""
    name = f"{who}_" if who else ""
    given = {"email": email or f"{{{name}email}}", "password": password or f"{{{name}password}}"}
    return sends(Place.API_SIGN_IN, *headers, given=given, **changes)


def guesses(*headers: tuple[str, str], email: str = "{email}", times: int = MANY, **changes: Any) -> Ask:
    """Return wrong tries at somebody's password."""
    return signs_in("", *headers, password=WRONG, email=email, times=times, **{"jar": THIEF, **changes})


def shows(code: str = "{code}", **changes: Any) -> Ask:
    """Return the second step of a sign-in."""
    return sends(Place.API_SECOND, given={"way": "totp", "answer": code}, **changes)


def enters(*headers: tuple[str, str], **changes: Any) -> Ask:
    """Return a look at a page that is for the signed-in person."""
    return Ask(at=Place.PRIVATE, headers=(OWN, *headers), **changes)


def bearer(name: str) -> tuple[str, str]:
    """Return the header by which a program shows what is called `name`."""
    return ("authorization", f"Bearer {{{name}}}")


SIGN_OUT = sends(Place.API_SIGN_OUT)
NEW_PASSWORD = sends(Place.API_PASSWORD, method="PUT", given={"password": NEW, "current": "{password}"})
TOKENS = sends(Place.API_PROGRAMS, given={"name": "Phone"}, keeps=(("access", "access_token"), ("refresh", "refresh_token")))
LEAVES = sends(Place.API_LEAVE, method="DELETE")


def refreshes(name: str = "refresh", **changes: Any) -> Ask:
    """Return the exchange of the refresh token that is called `name`."""
    return sends(Place.API_REFRESH, given={"refresh_token": f"{{{name}}}"}, **changes)


def taken(transcript: Transcript) -> bool:
    """The last request did what it asked for."""
    return _did(transcript[-1])


def refused(transcript: Transcript) -> bool:
    """The last request, which was an honest one, did not."""
    return not _did(transcript[-1])


def all_taken(transcript: Transcript) -> bool:
    """Every request did."""
    return all(map(_did, transcript))


def told_apart(transcript: Transcript) -> bool:
    """The last two answers differ in something that anybody can see."""
    return _seen(transcript[-1]) != _seen(transcript[-2])


def _did(heard: Heard) -> bool:
    return heard.reached and heard.status in TAKEN and not heard.code


def _seen(heard: Heard) -> tuple[object, ...]:
    cookies = sorted(value.partition(b"=")[0] for name, value in heard.headers if name == b"set-cookie")
    return heard.status, heard.code, heard.body, cookies, [heard.header(name) for name in ("content-type", "location", "retry-after")]
