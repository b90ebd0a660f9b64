"""What counts against a client, and what never does: nobody is banned for what others can make their browser send."""

from __future__ import annotations

import pytest

from buckler.errors import ConfigError
from buckler.guard.refuse import GUARD_REFUSALS
from buckler.protections import DEFAULTS
from buckler.protections.bans.weights import POINTS, of_its_own_will, points_of
from tests.requests import request_of

PATH, LENGTH = "pathguard.dot_segment", "smuggling.length"
SAME, CROSS, NONE = (b"sec-fetch-site", b"same-origin"), (b"sec-fetch-site", b"cross-site"), (b"sec-fetch-site", b"none")
PAGE, PICTURE = (b"sec-fetch-dest", b"document"), (b"sec-fetch-dest", b"image")
# What every honest visitor, or an attacker in a visitor's name, can cause.
HARMLESS = {
    "csrf.cross_site", "csrf.no_token", "cors.preflight", "cookies.forged", "https.redirect", "https.plain_write", "https.plain_socket",
    "https.untrusted_proxy", "forwarded.unreadable", "bodylimit.too_large", "bodylimit.malformed", "bodylimit.incomplete",
    "deadline.handler", "deadline.body", "sessions.not_saved", "csp.malformed_report", "csp.too_many_reports", "ratelimit.unavailable",
    "overload.full", "bans.banned", "account.wrong", "account.sign_in", "app.failed", "store.failed", "shop.sold_out",
}  # fmt: skip


def test_harmless_refusals_weigh_nothing() -> None:
    weigh = points_of(None)
    assert {code for code in HARMLESS if weigh(code)} == set()


def test_every_refusal_of_ours_is_either_weighed_or_harmless() -> None:
    """A new one is to be thought about: it is put into the table, or into the list above."""
    weigh = points_of(None)
    codes = {refusal.code for kind in DEFAULTS for refusal in kind.card.refusals} | {refusal.code for refusal in GUARD_REFUSALS}
    assert {code for code in codes if not weigh(code)} <= HARMLESS


def test_what_is_weighed_exists() -> None:
    codes = {refusal.code for kind in DEFAULTS for refusal in kind.card.refusals}
    known = codes | {code.partition(".")[0] for code in codes} | {"account.too_many"}
    assert set(POINTS) <= known


def test_a_code_goes_before_its_protection_and_the_operator_before_both() -> None:
    weigh = points_of(None)
    assert (weigh("smuggling.method"), weigh("smuggling.length"), weigh("shop.scraper")) == (50, 100, 0)
    weigh = points_of({"hosts": 0, "shop": 7, "smuggling.length": 1})
    assert (weigh("hosts.unknown"), weigh("shop.scraper"), weigh("smuggling.length"), weigh("smuggling.encoding")) == (0, 7, 1, 100)


@pytest.mark.parametrize("wrong", [{"hosts": -1}, {"hosts": 1.5}, {"hosts": True}, {"bans": 1}, {"bans.banned": 1}])
def test_points_that_cannot_work_stop_the_start(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError):
        points_of(wrong)


@pytest.mark.parametrize(
    ("headers", "method", "counts"),
    [
        ([], "GET", True),  # a program, or a browser from before 2023
        ([], "POST", True),
        ([(b"origin", b"https://shop.example")], "POST", True),
        ([(b"origin", b"https://evil.example")], "POST", False),  # an old browser says at least this
        ([(b"origin", b"null")], "POST", False),
        ([CROSS, PICTURE], "GET", False),  # <img src="https://shop.example/..%2f">
        ([CROSS, PAGE], "GET", False),  # a link, or window.open
        ([CROSS], "POST", False),  # a form
        ([(b"sec-fetch-site", b"same-site"), PAGE], "GET", False),  # a page of a sibling sub-domain
        ([SAME, PICTURE], "GET", False),  # a picture in a comment
        ([SAME], "GET", False),  # a script of ours that is broken
        ([SAME, PAGE], "GET", True),  # a click on our own page
        ([NONE, PAGE], "GET", True),  # typed into the address bar
        ([SAME, (b"sec-fetch-dest", b"iframe")], "GET", False),
        ([SAME, (b"sec-fetch-dest", b"empty")], "POST", True),  # `csrf` has seen to it that it is our own page
        ([(b"sec-fetch-site", b"made up")], "POST", False),
    ],
)
def test_who_made_it_send_this(headers: list[tuple[bytes, bytes]], method: str, counts: bool) -> None:
    assert of_its_own_will(request_of(*headers, method=method), PATH) is counts


def test_what_no_browser_can_be_made_to_send_counts_always() -> None:
    assert of_its_own_will(request_of(CROSS, PICTURE), LENGTH)
    assert of_its_own_will(request_of(scheme="http"), LENGTH)


def test_without_encryption_nothing_can_be_told_apart() -> None:
    """Browsers send Fetch Metadata over HTTPS only, and a name of the attacker's may lead to our address."""
    assert not of_its_own_will(request_of(scheme="http"), PATH)
    assert not of_its_own_will(request_of(scheme="http", method="POST"), "ratelimit.exceeded")
