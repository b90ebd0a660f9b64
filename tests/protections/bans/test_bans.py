"""`bans` beyond its cases, as one worker does it: when a ban begins, how long it lasts, and who is never banned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from buckler.core.answer import Refusal
from buckler.core.clock import HandClock
from buckler.errors import ConfigError
from buckler.protections.bans import BANNED, Bans, Ledger
from buckler.protections.pathguard import DOT_SEGMENT
from buckler.protections.ratelimit.limits import EXCEEDED
from buckler.protections.sessions import Sessions
from buckler.protections.smuggling import LENGTH
from tests.protections.bans.worker import CLIENT, Worker
from tests.requests import request_of, site_of

if TYPE_CHECKING:
    from buckler.core.site import Site


@pytest.mark.parametrize(
    "wrong",
    [
        {"points": 0}, {"points": 1.5}, {"within_s": 0.5}, {"lengths_s": ()}, {"lengths_s": (60, 0)}, {"forget_s": 0}, {"max_clients": 0},
        {"never": ["nobody"]}, {"never": "10.0.0.0/8"}, {"never": ["0.0.0.0/0"]}, {"never": ["::/0"]}, {"on_store_failure": "perhaps"},
        {"points_for": {"hosts": -1}},
    ],
)  # fmt: skip
def test_options_that_cannot_work_stop_the_start(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Bans(**wrong)


def test_a_thousand_points_are_allowed_and_one_more_is_a_ban() -> None:
    worker = Worker()
    worker.refuse(DOT_SEGMENT, 50)
    assert worker.asks() is None
    worker.refuse(DOT_SEGMENT)
    worker.took_note()
    refused = worker.asks()
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.status, refused.headers) == ("bans.banned", 429, ((b"retry-after", b"60"),))
    assert worker.asks("203.0.113.8") is None
    assert [(event.kind, event.client, event.detail) for event in worker.site.events.drain()] == [
        ("bans.made", CLIENT, "ban 1, 60 s: pathguard.dot_segment")
    ]


OFTEN = {  # the table of docs/why/bans.md
    10: ["smuggling.length", "smuggling.encoding", "smuggling.two_lengths"],
    20: ["smuggling.method"],
    50: ["pathguard.dot_segment", "pathguard.encoded_slash", "pathguard.malformed"],
    100: ["pathguard.empty_segment", "pathguard.parameters", "pathguard.too_long", "hosts.unknown", "hosts.malformed",
          "bodylimit.too_many_fields", "bodylimit.too_many_parts", "bodylimit.too_deep"],
    200: ["ratelimit.exceeded", "account.too_many"],
    1000: ["ratelimit.flood", "overload.client"],
}  # fmt: skip


@pytest.mark.parametrize(("times", "code"), [(times, code) for times, codes in OFTEN.items() for code in codes])
def test_how_often_until_a_ban(times: int, code: str) -> None:
    worker = Worker()
    worker.refuse(Refusal(400, code=code), times)
    assert not worker.ledger.listed()
    worker.refuse(Refusal(400, code=code))
    assert [ban.because for ban in worker.ledger.listed()] == [code]


def test_a_page_that_sends_itself_again_every_three_seconds_is_broken_and_not_banned() -> None:
    """All day. One that does it every two seconds would be, after half an hour."""
    worker = Worker()
    for _ in range(3000):
        worker.refuse(EXCEEDED, 1, (b"sec-fetch-site", b"same-origin"), method="POST")
        worker.clock.move(3)
    assert not worker.ledger.listed()


def test_just_below_the_threshold_is_never_banned_and_never_much() -> None:
    """What the docstring says of an attacker who knows the numbers: 100 points a minute, for ever."""
    worker = Worker()
    worker.refuse(DOT_SEGMENT, 49)
    for _ in range(500):
        worker.clock.move(12)
        worker.refuse(DOT_SEGMENT)
    assert not worker.ledger.listed()
    worker.clock.move(11)
    worker.refuse(DOT_SEGMENT, 3)
    assert worker.ledger.listed()


def test_each_ban_is_longer_and_a_day_without_one_is_a_new_beginning() -> None:
    worker = Worker()
    lengths = []
    for _ in range(7):
        worker.refuse(LENGTH, 11)
        (ban,) = worker.ledger.listed()
        lengths.append(ban.until_s - ban.made_s)
        worker.clock.move(lengths[-1])
        assert not worker.ledger.listed()
    assert lengths == [60, 300, 1800, 10_800, 86_400, 86_400, 86_400]
    worker.clock.move(86_400)
    worker.refuse(LENGTH, 11)
    (ban,) = worker.ledger.listed()
    assert (ban.level, ban.until_s - ban.made_s) == (1, 60)


def test_whoever_goes_on_at_once_is_banned_sooner() -> None:
    """Points are forgiven evenly, and a ban of a minute forgives a tenth of them."""
    worker = Worker()
    worker.refuse(LENGTH, 11)
    worker.clock.move(60)
    worker.refuse(LENGTH, 2)
    assert [ban.level for ban in worker.ledger.listed()] == [2]


def test_a_ban_does_not_feed_itself() -> None:
    worker = Worker()
    worker.refuse(LENGTH, 11)
    worker.refuse(BANNED, 1000)
    worker.refuse(LENGTH, 1000)
    worker.clock.move(60)
    worker.took_note()
    assert worker.asks() is None


def test_who_is_forgiven_is_forgotten() -> None:
    worker = Worker()
    worker.refuse(DOT_SEGMENT)
    assert CLIENT in worker.ledger.suspects
    worker.clock.move(11)
    worker.asks()
    assert CLIENT in worker.ledger.suspects
    worker.clock.move(1)
    assert worker.asks() is None
    assert CLIENT not in worker.ledger.suspects


def test_a_clock_that_is_set_back_ends_a_ban_and_makes_none_longer() -> None:
    worker = Worker()
    worker.refuse(LENGTH, 11)
    worker.clock.move(-3600)
    assert not worker.ledger.listed()


@pytest.mark.parametrize(
    "client", ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.1.1", "100.64.0.1", "::/64", "fd00::/64"]
)
def test_what_may_be_a_proxy_of_ours_is_never_banned(client: str) -> None:
    worker = Worker()
    worker.refuse(LENGTH, 100, client=client)
    assert not worker.ledger.suspects
    assert worker.ledger.heaviest()[0].key == client  # but it is seen


def test_networks_that_are_never_banned_take_the_place_of_the_private_ones() -> None:
    worker = Worker(never=["203.0.113.0/24", "2001:db8:1:2:3:4:5:6"])
    worker.refuse(LENGTH, 100)
    worker.refuse(LENGTH, 100, client="2001:db8:1:2::/64")
    assert not worker.ledger.listed()
    worker.refuse(LENGTH, 100, client="192.168.1.1")
    worker.refuse(LENGTH, 100, client="2001:db8:1:3::/64")
    assert {ban.client for ban in worker.ledger.listed()} == {"192.168.1.1", "2001:db8:1:3::/64"}


def test_an_unknown_client_is_nobody() -> None:
    worker = Worker()
    worker.refuse(LENGTH, 100, client="")
    assert not worker.ledger.suspects
    assert not worker.ledger.heaviest()


@pytest.mark.parametrize("field", [b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via", b"cf-connecting-ip", b"true-client-ip"])
def test_behind_a_proxy_that_nobody_named_it_is_noted_once_and_nobody_is_banned(field: bytes) -> None:
    worker = Worker()
    worker.refuse(LENGTH, 100, (field, b"198.51.100.1"))
    assert not worker.ledger.suspects
    assert [(event.kind, event.mode) for event in worker.site.events.drain()] == [("bans.unnamed_proxy", "note")]


def test_where_nothing_stands_in_front_a_claim_hides_nobody() -> None:
    worker = Worker(direct=True)
    worker.refuse(LENGTH, 11, (b"x-forwarded-for", b"198.51.100.1"))
    assert [ban.client for ban in worker.ledger.listed()] == [CLIENT]


def test_behind_named_proxies_only_those_are_banned_of_whom_a_proxy_has_told() -> None:
    worker = Worker(site=site_of(behind_proxies=True))
    worker.refuse(LENGTH, 100)  # a health check of the proxy's own, say: the address is the proxy's
    worker.refuse(LENGTH, 100, (b"x-forwarded-for", b"nonsense"), trouble="forwarded")
    assert not worker.ledger.suspects
    worker.refuse(LENGTH, 11, (b"x-forwarded-for", b"203.0.113.7"))
    assert worker.ledger.listed()


def test_what_others_made_the_browser_send_counts_nothing_but_is_seen() -> None:
    worker = Worker()
    worker.refuse(DOT_SEGMENT, 100, (b"sec-fetch-site", b"cross-site"))
    assert not worker.ledger.suspects
    assert worker.ledger.heaviest() == [(CLIENT, 100, 100)]


def test_the_heaviest_are_the_refused_of_late() -> None:
    worker = Worker()
    worker.refuse(Refusal(500, code="app.failed"), 100, client="198.51.100.1")  # our own failure is nobody's
    worker.refuse(Refusal(404, code="shop.unknown"), 8)
    worker.clock.move(600)
    worker.refuse(DOT_SEGMENT, client="198.51.100.2")
    assert worker.ledger.heaviest() == [(CLIENT, 4, 4), ("198.51.100.2", 1, 1)]
    worker.clock.move(6000)
    worker.refuse(DOT_SEGMENT, client="198.51.100.3")
    assert [heavy.key for heavy in worker.ledger.heaviest(1)] == ["198.51.100.3"]


def test_report_only_lets_a_dead_store_pass() -> None:
    for options, expected in (({"report_only": True, "on_store_failure": "refuse"}, "allow"), ({"on_store_failure": "refuse"}, "refuse")):
        wait = Bans(**options).steps(site_of()).wait
        assert wait is not None
        assert wait.on_failure == expected


def _signed_in(site: Site) -> Any:
    Sessions().steps(site)
    registry = site.offers["sessions"]
    session = registry.open(request_of())
    session.sign_in("mira")
    return session


def test_whoever_is_signed_in_and_did_nothing_is_spared() -> None:
    site = site_of(clock=HandClock())
    worker = Worker(site=site)
    worker.refuse(LENGTH, 11)
    worker.took_note()
    session = _signed_in(site)
    request = request_of(session=session, waits=True)
    assert worker.check(request) is None
    assert worker.judge(request) is None
    assert request.touched  # the answer hangs on the session
    assert session.used
    anonymous = request_of(session=site.offers["sessions"].open(request_of()), waits=True)
    assert worker.judge(anonymous) is not None
    assert worker.judge(request_of(waits=True)) is not None


def test_a_session_that_was_refused_something_is_not_spared() -> None:
    site = site_of()
    worker = Worker(site=site, max_clients=4)
    session = _signed_in(site)
    session.handle  # noqa: B018  # gives it its id
    cookie = (b"cookie", b"theme=dark; __Host-session=" + session._value.encode())
    request = request_of(session=session, waits=True)
    worker.refuse(LENGTH, 11)
    worker.refuse(EXCEEDED, 10, cookie)  # what somebody else at this address has used up
    assert worker.judge(request) is None
    worker.refuse(LENGTH, 1, cookie)
    assert worker.judge(request) is not None
    for number in range(4):  # and what made-up sessions fill makes only room
        worker.refuse(LENGTH, 1, (b"cookie", b"__Host-session=%d" % number), client=f"198.51.100.{number}")
    assert worker.judge(request) is None


def test_it_offers_the_ledger() -> None:
    site = site_of()
    Bans().steps(site)
    assert isinstance(site.offers["bans"], Ledger)
