"""RFC 9111 as pure functions: what may be kept, and for how long it is fresh.

Every "no" is a short text, which `explain` shows. Nothing is kept that does not say itself how long it is fresh, unless an option or a
route says so.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from buckler.core.dates import read_date
from buckler.core.directives import MAX_S, Directives, joined, read_directives, read_targeted
from buckler.core.headers import first
from buckler.guard.cache.keep import PERSON
from buckler.guard.cache.keys import vary_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.headers import Header
    from buckler.core.request import Request
    from buckler.guard.cache.keep import Keep

_KNOWN = frozenset(int(status) for status in HTTPStatus)
_NEVER_ALONE = frozenset({206, 304})  # a part of an answer, and none at all
# What is wrong with one request, and with nothing that is in a key: kept, it would keep everybody out (RFC 6585; CPDoS, 2019).
_OF_ONE_REQUEST = frozenset({401, 407, 408, 412, 413, 416, 417, 421, 425, 428, 429, 431, 511})
_KEPT_BY_ROUTES = frozenset({200, 203, 204, 300, 301, 308})
_NEGATIVE = frozenset({404, 410})
_HEURISTIC = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})  # RFC 9110, section 15.1
_HEURISTIC_SHARE = 0.1  # RFC 9111, section 4.2.2: a typical setting
_SHARED = (b"public", b"must-revalidate", b"s-maxage")
_NO_STALE = (b"must-revalidate", b"proxy-revalidate", b"s-maxage", b"no-cache")


class Answered(NamedTuple):
    """An answer of the application's: its head, when it came, and how long it took."""

    request: Request
    status: int
    headers: Sequence[Header]
    at_s: float
    took_s: float = 0.0


class Fresh(NamedTuple):
    """For how long an answer may be used. `stale_s`: for how long after that while a new one is made; `error_s`: while none can be made.
    `asks`: the application is to be asked each time. `left_out`: fields that are not kept."""

    lifetime_s: float
    age_s: float
    stale_s: float
    error_s: float
    asks: bool
    left_out: frozenset[bytes]
    vary: tuple[bytes, ...]


class Policy(NamedTuple):
    """`targets`: fields that speak to this cache alone, the first one that is there counts. `heuristic_s`: at most so long may an answer
    be used that does not say how long; 0: not at all."""

    targets: tuple[bytes, ...] = ()
    heuristic_s: float = 0.0


def judge(answered: Answered, keep: Keep | None, policy: Policy) -> Fresh | str:
    """Return for how long the answer may be used, or why it may not be kept (RFC 9111, section 3)."""
    said = directives(answered.headers, policy.targets)
    why = _of_itself(answered, said, keep) or _of_its_request(answered, said, keep)
    if why:
        return why
    vary = vary_of(joined(answered.headers, b"vary"))
    if vary is None:
        return "it varies by everything (Vary: *)"
    lifetime_s = _lifetime(answered, said, keep, policy)
    asks = said.forbids(b"no-cache") and keep is None
    if lifetime_s is None and not (asks and has_validator(answered.headers)):
        return "it does not say how long it is fresh"
    left_out = said.fields(b"private") | said.fields(b"no-cache")
    stale_s, error_s = _stale(said, keep)
    return Fresh(lifetime_s or 0.0, age_of(answered), stale_s, error_s, asks, left_out, vary)


def directives(headers: Sequence[Header], targets: Sequence[bytes]) -> Directives:
    """Return what speaks to this cache: the first targeted field that can be read, or else `Cache-Control` (RFC 9213, section 2.2)."""
    for name in targets:
        value = joined(headers, name)
        found = read_targeted(value) if value else None
        if found is not None:
            return found
    return read_directives(joined(headers, b"cache-control"))


def _of_itself(answered: Answered, said: Directives, keep: Keep | None) -> str:
    status = answered.status
    if status < 200 or status in _NEVER_ALONE:
        return f"status {status} is not a whole answer"
    if status in _OF_ONE_REQUEST:
        return f"status {status} is about one request"
    if any(name == b"set-cookie" for name, _ in (*answered.headers, *answered.request.extra_headers)):
        return "it sets a cookie"
    if b"must-understand" in said:  # RFC 9111, section 5.2.2.3: then `no-store` is for caches that do not
        return "" if status in _KNOWN else f"status {status} is to be understood, and is not known"
    if b"no-store" in said:
        return "it says no-store"
    if said.forbids(b"private") and (keep is None or keep.scope != PERSON):
        return "it says private"
    return ""


def is_for_itself(request: Request) -> str:
    """Why no answer to this request is kept, whatever it is; "" where it may be. Nobody waits for such an answer."""
    if b"no-store" in read_directives(request.headers.get(b"cache-control", b"")):
        return "the request says no-store"
    if request.headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in request.headers:
        return "the request has a body"  # which no key has in it (a "fat GET")
    return ""


def _of_its_request(answered: Answered, said: Directives, keep: Keep | None) -> str:
    request = answered.request
    if request.method != "GET":
        return f"the request was {request.method}"
    why = is_for_itself(request)
    if why:
        return why
    if b"authorization" in request.headers and keep is None and not any(name in said for name in _SHARED):
        return "the request was authorized"  # RFC 9111, section 3.5
    return ""


def _lifetime(answered: Answered, said: Directives, keep: Keep | None, policy: Policy) -> float | None:
    """Return for how many seconds the answer says it is fresh (RFC 9111, section 4.2.1), or None when it does not say."""
    if keep is not None and answered.status in _KEPT_BY_ROUTES:
        return keep.ttl_s
    if keep is not None and answered.status in _NEGATIVE and keep.negative_ttl_s:
        return keep.negative_ttl_s
    seconds = said.seconds(b"s-maxage")
    seconds = said.seconds(b"max-age") if seconds is None else seconds
    if seconds is not None:
        return float(seconds)
    expires = [value for name, value in answered.headers if name == b"expires"]
    if expires:
        until_s = read_date(expires[0]) if len(expires) == 1 else None
        return 0.0 if until_s is None else min(until_s - _date(answered), float(MAX_S))
    return _heuristic(answered, said, policy)


def _heuristic(answered: Answered, said: Directives, policy: Policy) -> float | None:
    if not policy.heuristic_s or not (answered.status in _HEURISTIC or b"public" in said):
        return None
    modified_s = read_date(first(answered.headers, b"last-modified") or b"")
    return None if modified_s is None else min(policy.heuristic_s, max(0.0, (_date(answered) - modified_s) * _HEURISTIC_SHARE))


def _date(answered: Answered) -> float:
    found = read_date(first(answered.headers, b"date") or b"")
    return answered.at_s if found is None else found


def _stale(said: Directives, keep: Keep | None) -> tuple[float, float]:
    """Return for how long a stale answer may be used while a new one is made, and while none can be (RFC 5861)."""
    if keep is not None:
        return keep.stale_while_revalidate_s, keep.stale_if_error_s
    if any(name in said for name in _NO_STALE):  # RFC 9111, section 4.2.4
        return 0.0, 0.0
    return float(said.seconds(b"stale-while-revalidate") or 0), float(said.seconds(b"stale-if-error") or 0)


def age_of(answered: Answered) -> float:
    """Return how old the answer was when it came, in seconds (RFC 9111, section 4.2.3)."""
    raw = (first(answered.headers, b"age") or b"").partition(b",")[0].strip()
    given_s = min(int(raw[:20]), MAX_S) if raw.isdigit() else 0
    return max(0.0, answered.at_s - _date(answered), given_s + answered.took_s)


def has_validator(headers: Sequence[Header]) -> bool:
    """Whether the application can be asked if the answer is still right."""
    return any(name in {b"etag", b"last-modified"} for name, _ in headers)


# ---- what comes in

HOPS = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authentication-info",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
MADE_ANEW = HOPS | {b"age", b"content-length", b"cache-status", b"vary"}  # for each answer; `vary`: with what compression adds
_NOT_KEPT = (MADE_ANEW - {b"vary"}) | {b"set-cookie"}


def kept_headers(headers: Sequence[Header], left_out: frozenset[bytes] = frozenset()) -> list[Header]:
    """Return the fields that are kept (RFC 9111, section 3.1): none of one connection's, none that `Connection` or the directives name."""
    named = {part.strip().lower() for part in joined(headers, b"connection").split(b",")}
    return [item for item in headers if item[0] not in _NOT_KEPT and item[0] not in left_out and item[0] not in named]


def updated_headers(kept: Sequence[Header], newer: Sequence[Header]) -> list[Header]:
    """Return the kept fields, replaced by those that a 304 brought (RFC 9111, section 3.2)."""
    fields = kept_headers(newer)
    names = {name for name, _ in fields}
    return [*(item for item in kept if item[0] not in names), *fields]


def wants(request: Request, age_s: float, left_s: float) -> bool:
    """Whether the request takes an answer that is `age_s` old and fresh for `left_s` more (below 0: stale) (RFC 9111, section 5.2.1)."""
    asked = read_directives(request.headers.get(b"cache-control", b""))
    if b"no-cache" in asked or b"no-store" in asked:
        return False
    oldest_s, most_s = asked.seconds(b"max-age"), asked.seconds(b"min-fresh")
    return (oldest_s is None or age_s <= oldest_s) and (most_s is None or left_s >= most_s)
