"""`limited(…)`: the limits of one route, as a dependency."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Unpack

from fastapi import Depends, HTTPException, Request, WebSocketException
from fastapi.requests import HTTPConnection

from buckler.core.folding import folded
from buckler.frameworks.fastapi.limiting import By, Limit, Limiting, made
from buckler.frameworks.fastapi.metering import measure
from buckler.frameworks.starlette import guarded_request, offered
from buckler.protections.ratelimit.limits import Limits
from buckler.protections.ratelimit.quota import Quota
from buckler.protections.sessions import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from buckler.core.request import Request as Guarded

_LIMIT = "__buckler_limit__"
_TAKEN = "ratelimit"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def limited(*rates: str, **options: Unpack[Limiting]) -> Any:
    """Limit a route: `dependencies=[limited("5/minute", by=("client", "account"), account="user.email")]`.

    Every rate holds for each of `by` on its own: `client` (address), `account` (the text in the field `account` of the JSON or form
    body, a dotted path; without `account`, the signed-in person, or else the client), `route` (all callers of the route together),
    `global` (all callers of all routes that say so), or a function of the connection that returns a text, or None for "not
    counted". The order matters: once one is refused, those after it are not drawn on.

    Counters belong to the endpoint, however its path is spelt; routes with the same `name` share them. All limits of a route,
    its routers and its application are asked in one round trip. When the store is down, `on_store_failure` "refuse" answers 503 and
    "allow" lets pass; the default is "refuse" where `account` names a field, since such a limit guards a sign-in.

    `cost` is how many calls one request counts as: a number, or a function of the connection (0: it is not counted; more than the
    smallest limit: all of that). With `unit="cpu_ms"` the rates are milliseconds of processor time, as measured, and `cost` is the least
    that is asked for in advance. `lease` is the share of a quota that a worker may take at once and spend without asking the store, for
    `lease_s` seconds (1): in any stretch of time a caller may get `limit / period * lease_s` calls more, and over all time none.

    Raises `ConfigError` at once for what cannot work.
    """
    limit = made(rates, options)

    async def take(connection: HTTPConnection) -> None:
        await _take(connection, limit)

    setattr(take, _LIMIT, limit)
    return Depends(take)


async def _take(connection: HTTPConnection, own: Limit) -> None:
    request = guarded_request(connection.scope)
    taken = request.noted(_TAKEN)
    done: set[Limit] = taken if isinstance(taken, set) else set()
    if own in done:
        return  # another limit of this route has asked for this one too
    limits: Limits = offered(request, "ratelimit")
    route = route_of(connection.scope)
    asked = [limit for limit in _found(getattr(route, "dependant", None)) if limit not in done]
    asked = asked if own in asked else [own]  # where FastAPI does not show a route's dependencies, each asks for itself
    request.note(_TAKEN, done.union(asked))
    if any(limit.cpu for limit in asked):
        measure(route)
    quotas = [quota for limit in asked for quota in await _quotas(connection, request, limit)]
    refused = await limits.take(request, quotas) if quotas else None
    if refused is None:
        return
    if request.kind == "websocket":
        raise WebSocketException(1008)
    request.refusal = refused  # the guard answers with it, whatever the application makes of the exception
    raise HTTPException(refused.status)


def route_of(scope: Any) -> Any:
    """What FastAPI runs for this request, with the dependencies of its routers: newer versions keep that apart from the route."""
    return scope.get("fastapi", {}).get("effective_route_context") or scope.get("route")


def _found(dependant: Any) -> Iterator[Limit]:
    """All limits among a route's dependencies, in order: those of the application and of its routers stand first."""
    for child in getattr(dependant, "dependencies", ()):
        limit = getattr(child.call, _LIMIT, None)
        if limit is not None:
            yield limit
        yield from _found(child)


async def _quotas(connection: HTTPConnection, request: Guarded, limit: Limit) -> list[Quota]:
    quotas: list[Quota] = []
    cost = limit.price(connection)
    for by in limit.by if cost else ():
        shown, counted = await _counted(connection, request, limit, by)
        if counted is None:
            continue
        space = shown if by == "global" else _space(connection, limit)
        for one in limit.rates:
            parts = (limit.name, shown, "cpu_ms" if limit.cpu else "", f"{one.period_s}s" if len(limit.rates) > 1 else "")
            label = ".".join(part for part in parts if part)
            quotas.append(Quota(label, one, space, counted, cost, limit.guards, limit.terms(one), limit.cpu))
    return quotas


def _space(connection: HTTPConnection, limit: Limit) -> str:
    """What keeps counters apart: the endpoint itself. Never the path, of which there is more than one spelling."""
    endpoint = connection.scope.get("endpoint")
    return limit.name or f"{getattr(endpoint, '__module__', '')}.{getattr(endpoint, '__qualname__', '')}"


async def _counted(connection: HTTPConnection, request: Guarded, limit: Limit, by: By) -> tuple[str, str | None]:
    """Return the public name of the quota, and whose it is."""
    if callable(by):
        value = by(connection)
        return "custom", None if value is None else f"custom:{value}"
    if by == "account":
        return "account", await _account(connection, request, limit)
    return by, f"client:{request.client}" if by == "client" else by


async def _account(connection: HTTPConnection, request: Guarded, limit: Limit) -> str:
    if limit.account:
        body = await _body(connection) if isinstance(connection, Request) else None
        return f"account:{folded(_field(body, limit.account))}"  # without the field: one quota for all such requests
    person = request.session.person if isinstance(request.session, Session) else None
    return f"client:{request.client}" if person is None else f"person:{person}"


async def _body(request: Request) -> Any:
    """What the application will read as well: Starlette keeps the body, and the form, for the second reader."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in _FORMS:
        form = await request.form()
        return {name: form.get(name) for name in form}
    try:
        return json.loads(await request.body() or b"null")
    except ValueError:
        return None


def _field(body: Any, path: tuple[str, ...]) -> str:
    for name in path:
        body = body.get(name) if isinstance(body, dict) else None
    return str(body) if isinstance(body, (str, int)) and not isinstance(body, bool) else ""
