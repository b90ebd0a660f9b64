"""What `sessions` stops."""

from __future__ import annotations

from buckler.core.case import Ask, Case, Heard, Place, Transcript

_OWN = ("sec-fetch-site", "same-origin")
_PLANTED = "A" * 43  # the shape of a true id
_SIGN_IN = Ask(at=Place.SIGN_IN, method="POST", headers=(_OWN,))
_SIGN_OUT = Ask(at=Place.SIGN_OUT, method="POST", headers=(_OWN,))
_PRIVATE = Ask(at=Place.PRIVATE, headers=(_OWN,))


def _thief(cookie_of: str = "", **changes: object) -> Ask:
    return Ask(at=Place.PRIVATE, headers=(_OWN,), jar="thief", takes_cookies_of=cookie_of, **changes)  # type: ignore[arg-type]  # parts of an Ask


def _planted(cookie: str, **changes: object) -> Ask:
    return Ask(headers=(_OWN, ("cookie", cookie)), **changes)  # type: ignore[arg-type]  # parts of an Ask


def entered(transcript: Transcript) -> bool:
    """The last request was taken for the signed-in person's."""
    return _served(transcript[-1])


def _served(heard: Heard) -> bool:
    return heard.reached and heard.status == 200


def _anonymous(heard: Heard) -> bool:
    return heard.reached and heard.status == 401 and not heard.code


def _shareable(transcript: Transcript) -> bool:
    """A cache that serves many people would keep the private page and give it to the next one."""
    private = transcript[-1]
    varies = "cookie" in private.header("vary").lower()
    return _served(private) and not (varies and "no-store" in private.header("cache-control"))


CASES = (
    Case(
        name="planted_id",
        story="An attacker plants a session id of his own making in the visitor's browser, waits for the sign-in, and uses the id.",
        turns=(
            _planted(f"__Host-session={_PLANTED}", at=Place.SIGN_IN, method="POST"),
            _planted(f"__Host-session={_PLANTED}", at=Place.PRIVATE, jar="thief"),
        ),
        succeeds=entered,
        sources=("CWE-384", "starsessions#87"),
    ),
    Case(
        name="issued_id",
        story="The same with an id that the site itself has issued to the attacker.",
        turns=(
            Ask(at=Place.REMEMBER, method="POST", headers=(_OWN,), jar="thief"),
            Ask(at=Place.SIGN_IN, method="POST", headers=(_OWN,), takes_cookies_of="thief"),
            _thief(),
        ),
        succeeds=entered,
        sources=("CWE-384",),
    ),
    Case(
        name="nameless_cookie",
        story="The same by a cookie without a name, which careless parsers take for the session's.",
        turns=(
            _planted(f"=__Host-session={_PLANTED}", at=Place.SIGN_IN, method="POST"),
            _planted(f"__Host-session={_PLANTED}", at=Place.PRIVATE, jar="thief"),
        ),
        succeeds=entered,
        sources=("CVE-2023-23934",),
    ),
    Case(
        name="after_sign_out",
        story="Somebody copied the session cookie, and uses it after the visitor has signed out.",
        turns=(_SIGN_IN, _thief("visitor"), _SIGN_OUT, _thief()),
        succeeds=entered,
        sources=("CWE-613",),
    ),
    Case(
        name="after_sign_out_everywhere",
        story="The same, and the visitor ends all sessions from another device.",
        turns=(
            _SIGN_IN,
            _thief("visitor"),
            Ask(at=Place.SIGN_IN, method="POST", headers=(_OWN,), jar="phone", after_s=60),
            Ask(at=Place.SIGN_OUT_ALL, method="POST", headers=(_OWN,), jar="phone", after_s=60),
            _thief(),
        ),
        succeeds=entered,
        sources=("CWE-613",),
    ),
    Case(
        name="idle",
        story="A browser left open in a public place, found by somebody else 31 minutes later.",
        turns=(_SIGN_IN, _PRIVATE, Ask(at=Place.PRIVATE, headers=(_OWN,), after_s=31 * 60)),
        succeeds=entered,
        sources=("CWE-613",),
    ),
    Case(
        name="kept_alive",
        story="A stolen session that the thief keeps busy, so that it never becomes idle.",
        turns=(_SIGN_IN, _thief("visitor"), *(_thief(after_s=25 * 60) for _ in range(20))),
        succeeds=entered,
        sources=("CWE-613",),
    ),
    Case(
        name="shared_cache",
        story="A cache in front of the site keeps a signed-in visitor's page, and serves it to the next visitor.",
        turns=(_SIGN_IN, _PRIVATE),
        succeeds=_shareable,
        sources=("CWE-524", "CVE-2023-30861", "CVE-2026-35192"),
    ),
    Case(
        name="signed_in",
        story="A visitor signs in, reads private pages for hours with pauses, and signs out.",
        turns=(_SIGN_IN, _PRIVATE, *(Ask(at=Place.PRIVATE, headers=(_OWN,), after_s=20 * 60) for _ in range(9)), _SIGN_OUT, _PRIVATE),
        honest=True,
        succeeds=lambda heard: all(map(_served, heard[:-1])) and _anonymous(heard[-1]),
    ),
    Case(
        name="two_devices",
        story="Signing out on one device leaves the other one signed in.",
        turns=(
            _SIGN_IN,
            Ask(at=Place.SIGN_IN, method="POST", headers=(_OWN,), jar="phone"),
            Ask(at=Place.SIGN_OUT, method="POST", headers=(_OWN,), jar="phone"),
            _PRIVATE,
        ),
        honest=True,
        succeeds=lambda heard: all(map(_served, heard)),
    ),
    Case(
        name="damaged_cookie",
        story="A visitor with a damaged session cookie is an anonymous visitor: served, and not let in.",
        turns=(_planted("__Host-session=%00'--"), _planted("__Host-session=%00'--", at=Place.PRIVATE)),
        honest=True,
        succeeds=lambda heard: _served(heard[0]) and _anonymous(heard[1]),
        sources=("CVE-2026-25748",),
    ),
)
