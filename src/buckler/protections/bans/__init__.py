"""`bans`: who is refused again and again is not listened to for a while.

Stops:
    Programs that try one attack after another until something lets them through; a client that goes on at full speed after its quota
    is used up; guessing that goes on after "too many attempts". Whoever comes back is banned for longer.

How:
    Every refusal counts points against its client (an IPv4 address, or a whole IPv6 /64): many for what no browser and no human sends,
    few for what can be a mistake, none for what says nothing about the sender. A thousand points in ten minutes are a ban: for a minute,
    then five, then half an hour, three hours, a day. Points are forgiven evenly, and the past after a day without a ban.
    - A client without a refusal costs one look into a dictionary. One with a refusal is asked for in the store, in the same round trip as
      everything else, at most once in five seconds; so workers and machines add up their points and share their bans.
    - Nobody is banned for what others can make their browser send: pictures, forms and links of other sites, pictures on this one.
    - Whoever is signed in passes while their network is banned, unless their own session was refused something.
    - An address that may be a proxy's is never banned: private networks, and requests with forwarding headers that nobody is
      trusted to set. Where that hides an attacker, the event `bans.unnamed_proxy` says so, once.
    `request.site.offers["bans"]` lists, makes and lifts bans, and knows who is refused the most (`heaviest`), in bounded memory.

Does not stop:
    An attack from very many addresses; one that stays below the threshold (100 points a minute for ever: five bad paths, or twenty refused
    guesses); one that forges the header fields of a browser that another site has led here. Each of their requests is refused all
    the same: a ban only saves looking at the next ones. A worker that has not refused a client yet does not know that others have,
    until the next request that asks the store for anything. While the store is down, a banned client gets one request through in five
    seconds, and every worker counts for itself. A crawler that follows fifty bad links in ten minutes is banned like anybody else: name
    the networks of those you want in `never`. A browser from before 2023, or on a site without HTTPS, does not say who led it here.

Turn off when:
    A network in front bans already, or all clients share an address that you cannot tell from a visitor's (a load balancer with a
    public address that adds no header; better name it in `never`).

Sources:
    fail2ban (`bantime.increment`); W3C Fetch Metadata; RFC 6598; ASVS 5.0 V2.4.1, V6.3.1, V16.3.3; OWASP Automated Threats OAT-014,
    OAT-007; CWE-307, CWE-799; GHSA-hm36-ffrh-c77c, GHSA-5m6w-wvh7-57vm.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, ClassVar

from buckler.core.answer import refusal
from buckler.core.options import need, need_one_of, need_positive, need_strings, options
from buckler.core.protection import Card, Steps
from buckler.errors import ConfigError
from buckler.protections.bans.ban import Ban
from buckler.protections.bans.cases import CASES
from buckler.protections.bans.heavy import Heavy, SpaceSaving
from buckler.protections.bans.ledger import Ledger
from buckler.protections.bans.steps import steps_of
from buckler.protections.bans.suspects import Rules
from buckler.protections.bans.weights import points_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ipaddress import IPv4Network, IPv6Network

    from buckler.core.site import Site

__all__ = ["Ban", "Bans", "Heavy", "Ledger", "SpaceSaving"]

BANNED = refusal(429, "bans.banned", "Too much was refused to your network, so it has to wait.", "Wait as long as is said, then try again.")
_PRIVATE_4 = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10")
PRIVATE = (*_PRIVATE_4, "::1/128", "fc00::/7", "fe80::/10")
_LENGTHS_S = (60.0, 300.0, 1800.0, 10_800.0, 86_400.0)


@options
class Bans:
    """`points` within `within_s` seconds are a ban; `points_for`: changes to what a refusal counts, by its code or its protection
    (`{"hosts": 0, "ratelimit.exceeded": 20}`). `lengths_s`: how long the first ban lasts, the second, …; `forget_s`: seconds without a
    ban after which the next one is a first one. `never`: networks that are never banned, in place of the private ones.

    `direct`: say True when nothing stands in front of this server, so that a forwarding header is only a visitor's claim and hides
    nobody. `max_clients`: how many refused clients a worker remembers. `on_store_failure`: "allow" lets a suspect pass when
    the store is down, "refuse" answers 503.
    """

    card: ClassVar[Card] = Card("bans", (BANNED,), needs=("pathguard", "ratelimit", "sessions", "smuggling"))
    cases: ClassVar = CASES
    points: int = 1000  # ten requests that only an attacker sends, or a thousand beyond the flood limit (docs/why/bans.md)
    within_s: int = 600  # fail2ban's `findtime`
    points_for: Mapping[str, int] | None = None
    lengths_s: Sequence[float] = _LENGTHS_S  # a minute hurts no neighbour for long; only who comes back at once is kept out for hours
    forget_s: float = 86_400.0  # addresses change hands: a home gets a new one about once a day
    never: Sequence[str] = PRIVATE  # RFC 1918, 4193, 4291, 6598: a proxy, a container's gateway, a colleague
    direct: bool = False
    max_clients: int = 20_000  # 12 MiB at most, with an IPv6 network and a cookie each, as measured
    on_store_failure: str = "allow"  # somebody who mistyped must not lose the site because a counter is down
    report_only: bool = False

    def __post_init__(self) -> None:
        need_positive(self, points=self.points, within_s=self.within_s, forget_s=self.forget_s, max_clients=self.max_clients)
        whole = isinstance(self.points, int) and isinstance(self.within_s, int)
        need(whole, "Bans.points", (self.points, self.within_s), "give `points` and `within_s` as whole numbers")
        need(self.lengths_s, "Bans.lengths_s", self.lengths_s, "give the length of at least one ban in seconds")
        for length_s in self.lengths_s:
            need_positive(self, lengths_s=length_s)
        need_one_of(self, "on_store_failure", self.on_store_failure, ("refuse", "allow"))
        need_strings(self, "never", self.never)
        for text in self.never:
            _network(text)
        points_of(self.points_for)

    def steps(self, site: Site) -> Steps:
        """Return the look-up, the question to the store, and the listener to refusals. Offers a `Ledger`."""
        rules = Rules(self.points, self.within_s, tuple(self.lengths_s), self.forget_s, self.max_clients)
        ledger = site.offers["bans"] = Ledger(site, rules, [_network(text) for text in self.never])
        return steps_of(site, ledger, self, BANNED)


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text, strict=False)
    except ValueError as error:
        raise ConfigError("Bans.never", text, "give networks, as in 198.51.100.0/24 or 2001:db8::/32") from error
    need(network.prefixlen, "Bans.never", text, "this spares everybody; switch it off instead: off(Bans, because=…)")
    return network
