"""Guessing is slow, and nobody can be locked out by somebody else's guessing. `docs/why/brute-force.md` has the arithmetic.

Every attempt is counted before anything is looked up or hashed, in one round trip to the store, whether or not there is such an account:

- by client, so that one address cannot try many accounts;
- by account, so that many addresses cannot try one, on all channels together (CVE-2026-9798);
- for the whole site: when strangers try very much, each of them is held to very little, and nobody is shut out;
- a browser that is known to the account (see `known`) is counted on its own instead, and never pays for anybody else.

Several windows grow the wait: five at once, then one in 12 seconds, then in six minutes, then in hours. A success gives back what it took
from the account's long windows and no more: failures stay, and the client's quota gets nothing back (django-allauth 65.14.2). The short
windows get nothing back either, so that nobody can keep the machine busy by signing in to an account of their own.

What only sends a letter to the account's own mailbox guesses nothing, so it has a quota of its own: the way back in by mail stays open
while strangers use up the quota of guesses.
"""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from buckler.accounts import known
from buckler.accounts.problems import AccountError, Problem
from buckler.core.event import Event
from buckler.core.options import need, need_one_of, need_positive, need_strings, options
from buckler.core.rate import Rate, rate
from buckler.core.store import Take, Taken, key
from buckler.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from buckler.accounts.visit import Visit

TOO_MANY = Problem("account.too_many", 429, "There were too many attempts.", "Wait a little, then try again.")
UNCOUNTED = Problem("account.uncounted", 503, "The site cannot check this at the moment.", "Try again in a few seconds.")

GUESSES = frozenset({"page", "api", "token", "passkey", "provider", "second", "fresh"})
LETTERS = frozenset({"reset", "sign_up", "code", "email"})
_CHANNELS = GUESSES | LETTERS
_PURPOSE = "account.throttle"
_KEPT_BYTES = 15
_COUNTED = "account.throttle"  # what this request has taken already
_HALF_S = 86_400  # longer than any half sign-in lives, so that its tries do not grow back
_SHORT_S = 3600  # windows up to this long get nothing back
_UNCOUNTED_RETRY_S = 5.0
_MAX_KNOWN_DAYS = 400


@options
class Throttle:
    """Rates as in `5/minute`: as many at once, then evenly. Of several, all hold. A known browser is held to `device` alone.

    - `client`: attempts from one address (IPv6: one /64) by strangers, for all accounts.
    - `account`: attempts on one account by strangers. `device`: by one browser that is known to it.
    - `letters`: letters that strangers, or one known browser, can have sent to one address.
    - `second`: tries of one half sign-in at its second factor, which count as attempts on the account too.
    - `total`: attempts by strangers on the whole site; when it is exceeded, each address is held to `crowd_client` and each account to
      `crowd_account`. They must leave somebody who comes home with a new telephone a try.
    - `known_days`: after which a browser that was not used is a stranger again.
    - `on_store_failure`: "refuse" answers 503 while nobody can count; "allow" lets everybody guess.
    """

    client: Sequence[str] = ("30/minute", "300/hour", "1000/day")  # an office behind one address, each with a new browser
    account: Sequence[str] = ("5/minute", "10/hour", "20/day", "100/30d")  # the last: NIST SP 800-63B-4, 3.2.2, as a wait and not as an end
    device: Sequence[str] = ("10/minute", "30/hour", "50/day", "100/30d")  # own mistakes alone: successes are given back
    letters: Sequence[str] = ("5/hour", "10/day")  # a mailbox must not be flooded
    second: int = 5  # of a million codes, three are right at any time
    total: str = "600/minute"  # ten new browsers a second are a large site's morning
    crowd_client: str = "5/hour"  # somebody with a new telephone, who mistypes
    crowd_account: str = "10/30d"  # a tenth of what a calm site allows
    known_days: int = 365  # browsers keep a cookie for 400 days at most (RFC 6265bis)
    on_store_failure: str = "refuse"  # what cannot be counted can be guessed
    report_only: bool = False

    def __post_init__(self) -> None:
        for name in ("client", "account", "device", "letters"):
            texts = getattr(self, name)
            need_strings(self, name, texts)
            need(texts, f"Throttle.{name}", texts, "give at least one rate, as in 5/minute")
            _rates(f"Throttle.{name}", *texts)
        for name in ("total", "crowd_client", "crowd_account"):
            _rates(f"Throttle.{name}", getattr(self, name))
        need_positive(self, second=self.second, known_days=self.known_days)
        for name in ("second", "known_days"):
            need(isinstance(getattr(self, name), int), f"Throttle.{name}", getattr(self, name), "give a whole number")
        need(
            self.known_days <= _MAX_KNOWN_DAYS,
            "Throttle.known_days",
            self.known_days,
            "give at most 400: browsers keep no cookie for longer",
        )
        need_one_of(self, "on_store_failure", self.on_store_failure, ("refuse", "allow"))


class _Quota(NamedTuple):
    name: str  # of the option that it is from
    take: Take
    returns: int = 0  # what a success gives back to it


class _Asked(NamedTuple):
    """`chain`: all must be allowed, in order; one that is refused leaves those after it alone. `crowd`: what must be allowed in place of
    `total` when that is exceeded."""

    chain: list[_Quota]
    crowd: list[_Quota]


async def admit(visit: Visit, channel: str, identifier: str) -> None:
    """Count an attempt on the account `identifier` ("": none is named), before anything is looked up, in one round trip. Raises
    `AccountError`: 429 with the seconds to wait, by the same rule for every account and for none; 503 when nobody can count.

    `channel` says where: one of `GUESSES`, which share the account's quota, or of `LETTERS`. A second call in the same request, when the
    account has become known, counts the account alone.
    """
    if channel not in _CHANNELS:
        raise ValueError(f"{channel!r} is no channel: name one of {', '.join(sorted(_CHANNELS))}")
    throttle = visit.accounts.throttle
    asked = _asked(visit, channel, known.account(identifier))
    quotas = asked.chain + asked.crowd
    try:
        replies = await visit.site.store.batch([item.take for item in quotas])
    except StoreError:
        _tell(visit, UNCOUNTED, channel, "note" if throttle.on_store_failure == "allow" else _mode(visit))
        if throttle.on_store_failure == "refuse" and not throttle.report_only:
            raise AccountError(UNCOUNTED, retry_s=_UNCOUNTED_RETRY_S) from None
        return
    taken = [reply for reply in replies if isinstance(reply, Taken)]
    _remember(visit, zip(quotas, taken, strict=True))
    why, retry_s = _verdict(asked, taken)
    if why:
        _tell(visit, TOO_MANY, f"{channel} {why}", _mode(visit))
        if not throttle.report_only:
            raise AccountError(TOO_MANY, retry_s=max(1.0, retry_s))


async def succeeded(visit: Visit, identifier: str) -> None:
    """Somebody has signed in, or confirmed who they are, with everything that is asked of them: this browser is known to the account
    from now on. What the attempt took from the account's quota is given back; failures stay, and the client's quota stays as it is."""
    known.remember(visit, identifier)
    back = [quota.take._replace(cost=-quota.returns, follows=False) for quota in _counted(visit)]
    visit.request.note(_COUNTED, [])
    if back:
        try:
            await visit.site.store.batch([*back])
        except StoreError:  # a quota that is a little smaller than it should be keeps nobody out
            _tell(visit, UNCOUNTED, "give back", "note")


def _verdict(asked: _Asked, taken: list[Taken]) -> tuple[str, float]:
    """Return the name of the quota that stands in the way, or "", and the seconds to wait."""
    chain = dict[str, list[Taken]]()
    for quota, reply in zip(asked.chain, taken, strict=False):
        chain.setdefault(quota.name, []).append(reply)
    refused = next((name for name, replies in chain.items() if not _open(replies)), "")
    others_s = max((_wait_s(replies) for name, replies in chain.items() if name != "total"), default=0.0)
    if refused != "total":
        return refused, max(others_s, _wait_s(chain.get("total", [])))
    crowd = taken[len(asked.chain) :]
    if _open(crowd) and not others_s:  # what comes after `total` was not drawn on, but tells whether it is used up
        return "", 0.0
    return refused, max(others_s, min(_wait_s(chain["total"]), _wait_s(crowd)))


def _open(replies: list[Taken]) -> bool:
    return all(reply.allowed for reply in replies)


def _wait_s(replies: list[Taken]) -> float:
    return max((reply.retry_s for reply in replies), default=0.0)


def _asked(visit: Visit, channel: str, name: str) -> _Asked:
    throttle, letter = visit.accounts.throttle, channel in LETTERS
    # Nobody comes to a second factor but by a right password, which was no guess: the two attempts are given back together.
    returns = 0 if letter else 2 if channel == "second" else 1
    half = _quotas(visit, "second", visit.session.handle, [Rate(throttle.second, _HALF_S)]) if channel == "second" else []
    device = known.entry(visit, name) if name else ""
    if device:
        which = "letters" if letter else "device"
        return _Asked(half + _quotas(visit, which, f"{device} {name}", _of(throttle, which), returns), [])
    which = "letters" if letter else "account"
    account = _quotas(visit, which, name, _of(throttle, which), returns) if name else []
    if visit.request.noted(_COUNTED) is not None:
        return _Asked(half + account, [])
    client = _quotas(visit, "client", visit.client, _of(throttle, "client"))
    if letter or half:
        return _Asked(client + half + account, [])
    total = _quotas(visit, "total", "", _rates("", throttle.total))
    crowd = _quotas(visit, "crowd_client", visit.client, _rates("", throttle.crowd_client))
    if name:
        crowd += _quotas(visit, "crowd_account", name, _rates("", throttle.crowd_account), returns)
    crowd[0] = crowd[0]._replace(take=crowd[0].take._replace(follows=False))
    return _Asked(client + total + account, crowd)


def _of(throttle: Throttle, name: str) -> tuple[Rate, ...]:
    return _rates("", *getattr(throttle, name))


@lru_cache(maxsize=64)
def _rates(option: str, *texts: str) -> tuple[Rate, ...]:
    return tuple(rate(option, text) for text in texts)


def _quotas(visit: Visit, name: str, counted: str, rates: Iterable[Rate], returns: int = 0) -> list[_Quota]:
    """One quota a rate. Whose it is is kept as a keyed hash: the store holds no address and no name."""
    proof = visit.site.keys.prove(_PURPOSE, f"{name} {counted}".encode("utf-8", "surrogatepass"))
    whose = base64.b64encode(proof[:_KEPT_BYTES]).decode()
    return [
        _Quota(
            name,
            Take(key("account.throttle", name, f"{limit}/{period_s}", whose), limit, period_s, follows=True),
            returns if period_s > _SHORT_S else 0,
        )
        for limit, period_s in rates
    ]


def _remember(visit: Visit, taken: Iterable[tuple[_Quota, Taken]]) -> None:
    kept = _counted(visit) + [quota for quota, reply in taken if quota.returns and reply.allowed]
    visit.request.note(_COUNTED, kept)


def _counted(visit: Visit) -> list[_Quota]:
    kept = visit.request.noted(_COUNTED)
    return kept if isinstance(kept, list) else []


def _mode(visit: Visit) -> str:
    return "report" if visit.accounts.throttle.report_only else "enforced"


def _tell(visit: Visit, problem: Problem, detail: str, mode: str) -> None:
    """An event, at once: a refused visit is never committed. Never who was meant."""
    request, site = visit.request, visit.site
    site.events.append(Event(problem.code, site.clock.now(), mode, request.method, request.path, request.client, detail))
