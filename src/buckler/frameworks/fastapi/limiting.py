"""What `limited(…)` takes, and what becomes of it when it is right."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from fastapi.requests import HTTPConnection

from buckler.core.options import need
from buckler.core.rate import Rate, rate
from buckler.errors import UnknownOptionError
from buckler.protections.ratelimit.fields import NAME
from buckler.protections.ratelimit.leases import Terms

By = str | Callable[[HTTPConnection], str | None]
Cost = int | Callable[[HTTPConnection], int]
_WORDS = ("client", "account", "route", "global")
CPU = "cpu_ms"
_UNITS = ("calls", CPU)


class Limiting(TypedDict, total=False):
    """The options of `limited`."""

    by: By | Sequence[By]
    account: str | None
    cost: Cost
    name: str
    unit: str
    lease: float
    lease_s: float
    on_store_failure: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Limit:
    """A limit that can work."""

    rates: tuple[Rate, ...]
    by: tuple[By, ...]
    account: tuple[str, ...]
    cost: Cost
    name: str
    guards: bool
    cpu: bool
    lease: float
    lease_s: float

    def terms(self, one: Rate) -> Terms | None:
        """On what terms calls of this rate are leased; None: not at all."""
        return Terms(int(one.limit * self.lease), self.lease_s) if self.lease else None

    def price(self, connection: HTTPConnection) -> int:
        """What a request costs. Raises ValueError where the application's own function says what no price can be."""
        if not callable(self.cost):
            return self.cost
        cost = self.cost(connection)
        if not isinstance(cost, int) or isinstance(cost, bool) or cost < 0:  # below zero it would give calls away
            raise ValueError(f"limited.cost returned {cost!r}: return a whole number, 0 or more")
        return min(cost, *(one.limit for one in self.rates))


def made(texts: Sequence[str], given: Limiting) -> Limit:
    """Return the limit that these options describe. Raises `ConfigError`."""
    for name in given:
        if name not in Limiting.__annotations__:
            raise UnknownOptionError("limited", name, Limiting.__annotations__)
    by, account, name = given.get("by", "client"), given.get("account"), given.get("name", "")
    many = (by,) if isinstance(by, str) or callable(by) else tuple(by)
    rates = tuple(rate("limited", text) for text in texts)
    need(rates, "limited", tuple(texts), "give at least one rate, as in 5/minute")
    need(many, "limited.by", by, f"choose from {', '.join(_WORDS)}, or give a function")
    for item in many:
        need(callable(item) or item in _WORDS, "limited.by", item, f"choose from {', '.join(_WORDS)}, or give a function")
    need(account is None or "account" in many, "limited.account", account, 'say by="account" too')
    need(account is None or all(account.split(".")), "limited.account", account, "name a field of the body, as in user.email")
    need(not name or NAME.fullmatch(name), "limited.name", name, "use letters, digits and ._+- only, and begin with a letter")
    store = given.get("on_store_failure")
    need(store in {None, "allow", "refuse"}, "limited.on_store_failure", store, "choose one of allow, refuse")
    guards = account is not None if store is None else store == "refuse"
    cpu, lease, lease_s, cost = _counting(given, min(one.limit for one in rates))
    return Limit(rates, many, tuple(account.split(".")) if account else (), cost, name, guards, cpu, lease, lease_s)


def _counting(given: Limiting, smallest: int) -> tuple[bool, float, float, Cost]:
    """What is counted, and where."""
    unit, cost = given.get("unit", "calls"), given.get("cost", 1)
    lease, lease_s = given.get("lease", 0.0), given.get("lease_s", 1.0)
    need(unit in _UNITS, "limited.unit", unit, f"choose one of {', '.join(_UNITS)}")
    whole = callable(cost) or (isinstance(cost, int) and 0 < cost <= smallest)
    need(whole, "limited.cost", cost, "give a whole number from 1 to the smallest limit, or a function of the connection")
    need(0 <= lease <= 1, "limited.lease", lease, "give a share of the quota, from 0 to 1")
    need(not lease or smallest * lease >= 1, "limited.lease", lease, "give a share that is at least one call of the smallest limit")
    need(not lease or unit != CPU, "limited.lease", lease, "only calls can be leased: leave lease or unit away")
    need(lease_s > 0, "limited.lease_s", lease_s, "give a number over zero")
    return unit == CPU, lease, lease_s, cost
