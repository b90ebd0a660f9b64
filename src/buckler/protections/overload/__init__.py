"""`overload`: when there is more to do than can be done, what is done is done in time, and the rest is told so at once.

Stops:
    A flood that no limit for a single client sees, a rush of visitors, a database that has become slow: without a limit, every request
    is taken, all of them wait for each other, and all are answered when nobody is there any more. A single client that keeps many
    requests or connections for itself. Clients that send or read slowly in order to keep a place.

How:
    A request is at work from when it is let in until its response head leaves, without the time in which its client still sends the
    body. At most `limit` are, in each worker process. The limit starts at `start` and follows the time that requests take: twice the time
    that they take in calm is a queue, and the limit goes down; less, and it goes up (a gradient, as in Netflix's concurrency-limits and
    in Envoy). Work that never waits has no such queue: there the event loop itself is late, which a timer shows. A delay of `noticed_s`
    that has stood for a fifth of a second is a queue that only grows. From then on, until there is calm, whoever comes later than
    `allowed_s` in a turn of the loop is turned away (CoDel). Who brings no session is turned away without a question to the store, who
    brings one before it, and what a cache can answer is answered all the same.

    Who is turned away gets 503 with `Retry-After`. Over the limit there is room for a share of it more, for each of: routes marked `vital`
    (health checks), routes marked `sign_in`, people who are signed in, everybody else; one of these can not take the place of another.
    In a loop that is late, people who are signed in or sign in are waited for twice as long as others. One client (an IPv4 address, or an
    IPv6 /64) has at most `per_client` requests inside, with all that stream and all WebSockets, and gets 429 for the next one.

Does not stop:
    A handler that blocks the event loop for seconds. A flood that the machine cannot even read: refusing costs a few microseconds, the
    server's part of a request many more. Answers that fail quickly look like good health. Tokens in `Authorization` are known to the
    application alone: who brings one counts as everybody else.

Turn off when:
    A layer in front limits the concurrency of each worker by its latency already.

Sources:
    RFC 9110 sections 15.6.4 and 10.2.3; RFC 8289; RFC 6585 section 4; ASVS 5.0 V2.4.1, V13.1.2, V13.1.3; OWASP API4:2023; CWE-400,
    CWE-410, CWE-770.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from buckler.core.answer import refusal
from buckler.core.options import need, need_positive, options
from buckler.core.protection import Card, Gate, Steps
from buckler.protections.overload.cases import CASES
from buckler.protections.overload.gradient import Gradient
from buckler.protections.overload.lag import Lag
from buckler.protections.overload.load import Answers, Load
from buckler.protections.overload.shares import ANONYMOUS, MARK, SIGN_IN, SIGNED_IN, VITAL, Shares, sign_in, vital

if TYPE_CHECKING:
    from buckler.core.site import Site

__all__ = ["Overload", "sign_in", "vital"]

FULL = refusal(503, "overload.full", "The site is very busy at the moment.", "Try again in a few seconds.", mark=MARK)
CLIENT = refusal(429, "overload.client", "Too many of your requests are being answered at once.", "Wait for the others, then try again.")
_RETRY_S = range(1, 6)  # they take turns: whoever is turned away at the same moment does not come back at the same moment


@options
class Overload:
    """`least`, `start`, `most`: between which numbers of requests at work the limit moves, in each worker, and where it starts.
    `noticed_s`: how late the event loop must be all the time before anybody is turned away; `allowed_s`: how late it may be from then on,
    until there is calm again. `per_client`: how many requests one client may have inside a worker.
    `vital_share`, `sign_in_share`, `signed_in_share`, `anonymous_share`: the part of the limit that is kept for each of them, over it."""

    card: ClassVar[Card] = Card("overload", (FULL, CLIENT))
    cases: ClassVar = CASES
    least: int = 10  # Netflix's Gradient2 has 20 for a whole machine; a worker here is one process
    start: int = 200  # between Gradient2's 20 and what a page with many pictures needs at once; it is found within a second
    most: int = 1000  # as Envoy's; half of the connections that `buckler.serve` takes
    noticed_s: float = 0.05  # half of what a person feels as at once (Nielsen 1993); 32 clients and pages of 1.5 ms
    allowed_s: float = 0.005  # CoDel's target (RFC 8289, section 4.4), and Facebook's
    per_client: int = 100  # as many as HTTP/2 gives one connection (RFC 9113, section 6.5.2); a house full of people shares an address
    vital_share: float = 0.1  # health checks are few, and must not be a way in for everybody
    sign_in_share: float = 0.1  # hashing a password has limits of its own
    signed_in_share: float = 0.3  # who has come in gets three times as much as who has not
    anonymous_share: float = 0.1  # never nobody
    report_only: bool = False

    def __post_init__(self) -> None:
        numbers = {"least": self.least, "start": self.start, "most": self.most, "per_client": self.per_client}
        need_positive(self, **numbers, noticed_s=self.noticed_s, allowed_s=self.allowed_s)
        need(self.least <= self.start <= self.most, "Overload.start", self.start, f"give a number from {self.least} to {self.most}")
        for name in ("vital_share", "sign_in_share", "signed_in_share", "anonymous_share"):
            share = getattr(self, name)
            good = isinstance(share, (int, float)) and not isinstance(share, bool) and 0 <= share <= 1
            need(good, f"Overload.{name}", share, "give a part of the limit, from 0 to 1")

    def steps(self, site: Site) -> Steps:
        """Return the check and the gate. Offers the `Load` of this worker, whose `state` says how it is."""
        kept = {
            VITAL: self.vital_share,
            SIGN_IN: self.sign_in_share,
            SIGNED_IN: self.signed_in_share,
            ANONYMOUS: self.anonymous_share,
        }
        load = site.offers["overload"] = Load(
            Gradient(least=self.least, start=self.start, most=self.most),
            Lag(self.allowed_s, self.noticed_s),
            Shares(site.offers["routes"], kept),
            _answers(),
            per_client=self.per_client,
        )
        gate = Gate(load.enter, load.leave, load.headed, load.paused, load.resumed)
        return Steps(check=load.check, gate=gate, refused=load.told)


def _answers() -> Answers:
    retries = [(b"retry-after", b"%d" % seconds) for seconds in _RETRY_S]
    full = [FULL.with_headers(retry) for retry in retries]
    return Answers([(item, replace(item, mark=None)) for item in full], CLIENT.with_headers(retries[0]))
