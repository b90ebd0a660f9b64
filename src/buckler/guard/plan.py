"""The plan: options become steps, steps become tuples, once, at startup. Nothing is decided here for a single request."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypedDict

from buckler.core.answer import Answer, Refusal
from buckler.core.clock import Clock, SystemClock
from buckler.core.event import Events
from buckler.core.options import need, need_strings
from buckler.core.protection import Limits, Protection, Steps, Wait
from buckler.core.proxies import Proxies
from buckler.core.sign import Keys
from buckler.core.site import Site
from buckler.errors import ConfigError, UnknownOptionError
from buckler.guard.cache.serving import HTTPCache
from buckler.guard.gates import joined
from buckler.guard.read import reader
from buckler.guard.refuse import event_of
from buckler.guard.routes import RouteTable
from buckler.guard.state import prepared
from buckler.protections import DEFAULTS
from buckler.protections.cache import Cache
from buckler.stores.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from buckler.core.headers import Header
    from buckler.core.marks import Routes
    from buckler.core.protection import Gate, Head
    from buckler.core.request import Request
    from buckler.core.store import Op, Store

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class Facts(TypedDict, total=False):
    """The keywords of `Guard`: facts of the site only. A new protection never adds one."""

    hosts: Sequence[str]
    secrets: Sequence[str | bytes]
    store: Store
    trusted_proxies: int | Sequence[str]
    development: bool
    clock: Clock
    routes: Routes


@dataclass(frozen=True, slots=True)
class Off:
    """A protection that is switched off, and why: audit and sheet print it as a liability."""

    name: str
    because: str


def off(protection: type[Protection], *, because: str) -> Off:
    """Switch a default protection off. `because` is required and is printed by audit and sheet."""
    need(isinstance(because, str) and because.strip(), "off.because", because, "say in a sentence why it is not needed here")
    card = getattr(protection, "card", None)
    need(card is not None, "off", protection, "give a protection's class, as in off(HSTS, because=…)")
    return Off(protection.card.name, because)  # type: ignore[attr-defined]  # a ClassVar on every protection


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the hot path reads, in the shape in which it reads it."""

    site: Site
    quick: bool  # whether the store can answer where it stands
    protections: tuple[Protection, ...]
    liabilities: tuple[Off, ...]
    read: Callable[[Any], Request]
    checks: tuple[Callable[[Request], Answer | None], ...]
    unsafe_checks: tuple[Callable[[Request], Answer | None], ...]
    waits: tuple[Wait, ...]
    gate: Gate | None
    headed: tuple[Callable[[Request], None], ...]
    paused: tuple[Callable[[Request], None], ...]
    resumed: tuple[Callable[[Request], None], ...]
    dressers: tuple[Callable[[Request, Head], None], ...]
    refusal_dressers: tuple[Callable[[Request, Head], None], ...]
    settles: tuple[Callable[[Request], list[Op] | None], ...]
    refused: tuple[Callable[[Request, Refusal], None], ...]
    constant: tuple[Header, ...]
    watched: frozenset[bytes]
    limits: Limits
    reported_limits: frozenset[str]
    routes: Routes
    events: Events
    clock: Clock
    cache: HTTPCache | None


def make_plan(app: object, changes: Sequence[Protection | Off], facts: Facts) -> Plan:
    """Return the plan for `app`. Raises `ConfigError` for every setting that cannot work."""
    for name in facts:
        if name not in Facts.__annotations__:
            raise UnknownOptionError("Guard", name, Facts.__annotations__)
    proxies = Proxies(facts.get("trusted_proxies", 0))
    site = make_site(facts)
    routes = site.offers["routes"] = facts.get("routes") or RouteTable(app)
    protections, liabilities = choose(changes)
    steps = [_with_mode(item, item.steps(site), site) for item in protections]
    constant = tuple(header for step in steps for header in step.headers)
    gates = tuple(step.gate for step in steps if step.gate)
    return Plan(
        site=site,
        quick=hasattr(site.store, "at_once"),
        protections=protections,
        liabilities=liabilities,
        read=reader(proxies, site),
        checks=tuple(step.check for step in steps if step.check),
        unsafe_checks=tuple(check for step in steps for check in (step.check, step.check_unsafe) if check),
        waits=tuple(step.wait for step in steps if step.wait),
        gate=joined(gates),
        headed=tuple(gate.headed for gate in gates if gate.headed),
        paused=tuple(gate.paused for gate in gates if gate.paused),
        resumed=tuple(gate.resumed for gate in gates if gate.resumed),
        dressers=tuple(step.dress for step in steps if step.dress),
        refusal_dressers=tuple(step.dress_refusal for step in steps if step.dress_refusal),
        settles=tuple(step.settle for step in steps if step.settle),
        refused=tuple(step.refused for step in steps if step.refused),
        constant=constant,
        watched=frozenset(name for name, _ in constant).union(*(step.watch for step in steps)),
        limits=_merged(step.limits for step in steps if step.limits),
        reported_limits=_reported(protections, steps),
        routes=routes,
        events=site.events,
        clock=site.clock,
        cache=_cache(site),
    )


def _cache(site: Site) -> HTTPCache | None:
    """Return the cache, where the protection `cache` has left its options; adapters find it in their place."""
    options = site.offers.get("cache")
    if not isinstance(options, Cache):
        return None
    made = site.offers["cache"] = HTTPCache(options, site)
    return made


def make_site(facts: Facts) -> Site:
    """Return the validated facts. In development, hosts default to this machine and a secret is made up for the run."""
    development = facts.get("development", False)
    hosts = facts.get("hosts", LOCAL_HOSTS if development else ())
    need_strings(Site, "hosts", hosts)
    need(hosts, "Guard.hosts", hosts, 'name the hosts that this site answers for, as in hosts=["shop.example"]')
    secrets = facts.get("secrets", ())
    if development and not secrets:
        import secrets as random  # noqa: PLC0415  # only a laptop needs it

        secrets = (random.token_bytes(32),)
    clock = facts.get("clock") or SystemClock()
    keys, events = Keys(secrets), Events()
    store = prepared(facts.get("store") or Memory(clock=clock), keys, events, clock)
    names, behind = tuple(host.lower().rstrip(".") for host in hosts), bool(facts.get("trusted_proxies"))
    return Site(names, keys, store, clock, events, development, behind)


def choose(changes: Sequence[Protection | Off]) -> tuple[tuple[Protection, ...], tuple[Off, ...]]:
    """Return the protections in their order, defaults replaced by name, third parties' after them; and what is off."""
    chosen: dict[str, Protection] = {}
    for kind in DEFAULTS:
        chosen[kind.card.name] = kind()
    given: set[str] = set()
    liabilities: list[Off] = []
    for change in changes:
        name = _name_of(change)
        need(name not in given, "Guard", name, "is given twice; keep one")
        given.add(name)
        if isinstance(change, Off):
            chosen.pop(name, None)
            liabilities.append(change)
        else:
            chosen[name] = change
    return tuple(chosen.values()), tuple(liabilities)


def _name_of(change: Protection | Off) -> str:
    if isinstance(change, Off):
        return change.name
    if isinstance(change, type) or not isinstance(change, Protection):
        raise ConfigError("Guard", change, "give protections as objects, as in CSRF(), or off(CSRF, because=…)")
    return change.card.name


def _merged(parts: Any) -> Limits:
    merged = Limits()
    for part in parts:
        given = {field.name: value for field in fields(part) if (value := getattr(part, field.name)) is not None}
        merged = replace(merged, **given)
    return merged


def _reported(protections: Sequence[Protection], steps: Sequence[Steps]) -> frozenset[str]:
    """Names of the limits that only report, because their protection does."""
    return frozenset(
        field.name
        for protection, step in zip(protections, steps, strict=True)
        if protection.report_only and step.limits
        for field in fields(step.limits)
        if getattr(step.limits, field.name) is not None
    )


def _with_mode(protection: Protection, steps: Steps, site: Site) -> Steps:
    """In report-only mode a refusal becomes an Event, and the request passes."""
    if not protection.report_only:
        return steps

    def seen(request: Request, found: Answer | None) -> Answer | None:
        if not isinstance(found, Refusal):
            return found
        site.events.append(event_of(found, request, site.clock.now(), "report"))
        return None

    check, unsafe, wait, gate = steps.check, steps.check_unsafe, steps.wait, steps.gate
    return replace(
        steps,
        check=(lambda request: seen(request, check(request))) if check else None,
        check_unsafe=(lambda request: seen(request, unsafe(request))) if unsafe else None,
        wait=replace(wait, judge=lambda request, replies: seen(request, wait.judge(request, replies))) if wait else None,
        gate=replace(gate, enter=lambda request, scope: seen(request, gate.enter(request, scope))) if gate else None,
    )
