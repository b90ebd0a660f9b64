r"""Leading away: the address to go on to after signing in; and signing in that another site has begun."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from buckler.accounts.cases.asks import enters, form, refused, signs_in, taken
from buckler.core.case import Ask, Case, Place, Transcript

_SOURCES = ("CVE-2021-32618", "CVE-2023-49438", "CWE-601")
_HOST = "shop.example"  # whose addresses the tricks imitate; on another host they lead away just as well
_SIGN_IN = "email={email}&password={password}"
_CROSS = (("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"))

# name → the trick and how a browser reads it (WHATWG URL: a backslash is a slash, tabs and line breaks are not there)
TRICKS = {
    "to_another_site": ("https://evil.example/", "the address of another site"),
    "by_two_slashes": ("//evil.example/", "two slashes, which keep the scheme and change the host"),
    "by_three_slashes": ("///evil.example/", "three slashes, which browsers read as two"),
    "by_backslash": ("/\\evil.example/", "a backslash, which browsers read as a slash"),
    "by_two_backslashes": ("\\\\evil.example/", "two of them"),
    "by_scheme_and_slash": ("https:/evil.example/", "a scheme with one slash, which browsers read as two"),
    "by_scheme_alone": ("https:evil.example", "a scheme with none"),
    "by_at_sign": (f"https://{_HOST}@evil.example/", "this site as the name of a user at another one"),
    "by_longer_host": (f"https://{_HOST}.evil.example/", "a host that begins like this one"),
    "by_tab": ("/\t/evil.example/", "a tab between two slashes, which browsers leave out"),
    "by_line_break": ("/\n/evil.example/", "a line break between them"),
    "by_space": (" //evil.example/", "a space before them"),
    "by_script": ("javascript:alert(1)", "a script in place of an address"),
}


def leads_away(transcript: Transcript) -> bool:
    """The last answer sends a browser, reading as browsers do, to something that is no page of this site."""
    where = transcript[-1].header("location").replace("\\", "/")
    read = "".join(char for char in where if char not in "\t\r\n").strip()
    if read.startswith("//"):
        return not _here(read.lstrip("/"))
    scheme = urlsplit(read).scheme
    if not scheme:
        return False
    return scheme not in {"http", "https"} or not _here(read.partition(":")[2].lstrip("/"))


def _here(rest: str) -> bool:
    return urlsplit(f"https://{rest}").netloc == _HOST


def _led(name: str, trick: str, story: str) -> Case:
    return Case(
        name=f"led_away_{name}",
        story=f"A link to the sign-in page names where to go on: {story}.",
        turns=(form(Place.SIGN_IN_PAGE, f"{_SIGN_IN}&next={quote(trick, safe='')}"),),
        succeeds=leads_away,
        sources=_SOURCES,
    )


CASES = (
    *(_led(name, trick, story) for name, (trick, story) in TRICKS.items()),
    Case(
        name="led_away_when_signed_in",
        story="The same link, opened by somebody who is signed in already.",
        turns=(signs_in(), Ask(at=Place.SIGN_IN_PAGE, spelled=lambda path: f"{path}?next=/%5Cevil.example/")),
        succeeds=leads_away,
        sources=_SOURCES,
    ),
    Case(
        name="led_away_after_sign_out",
        story="The same at the sign-out.",
        turns=(signs_in(), form(Place.SIGN_OUT_PAGE, "next=%2F%5Cevil.example%2F")),
        succeeds=leads_away,
        sources=_SOURCES,
    ),
    Case(
        name="signed_in_by_another_site",
        story="Another site signs its visitor in here, to an account of the attacker's, so that what the visitor does lands there.",
        turns=(form(Place.SIGN_IN_PAGE, "email={own_email}&password={own_password}", *_CROSS), enters()),
        succeeds=taken,
        sources=("CVE-2021-21241", "CWE-352"),
    ),
    Case(
        name="signed_in_by_text",
        story="The same by the API, with JSON that is sent as plain text, for which browsers ask no permission.",
        turns=(
            Ask(
                at=Place.API_SIGN_IN,
                method="POST",
                body=b'{"email": "{own_email}", "password": "{own_password}"}',
                headers=(*_CROSS, ("content-type", "text/plain")),
            ),
            enters(),
        ),
        succeeds=taken,
        sources=("CVE-2021-32677", "CWE-352"),
    ),
    Case(
        name="tokens_by_another_site",
        story="Another site asks for tokens with the cookies of its visitor, who is signed in here.",
        turns=(
            signs_in(),
            Ask(at=Place.API_PROGRAMS, method="POST", body=b'{"name": "Phone"}', headers=(*_CROSS, ("content-type", "application/json"))),
        ),
        succeeds=taken,
        sources=("CVE-2021-21241", "CWE-352"),
    ),
    Case(
        name="signed_out_by_a_link",
        story="A link on another site signs its visitor out here.",
        turns=(signs_in(), Ask(at=Place.SIGN_OUT_PAGE, headers=_CROSS[:1]), enters()),
        succeeds=refused,
        sources=("CWE-352",),
    ),
)
