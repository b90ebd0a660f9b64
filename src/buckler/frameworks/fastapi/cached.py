"""`cached(…)`: how long the answers of one route may be kept, as a dependency."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any

from buckler.core.options import need, need_one_of
from buckler.errors import MissingExtraError
from buckler.frameworks.starlette import guarded_request
from buckler.guard.cache.joining import join
from buckler.guard.cache.keep import PERSON, PUBLIC, Keep
from buckler.guard.cache.serving import HTTPCache

try:
    from fastapi import Depends, HTTPException, Request, WebSocketException
    from fastapi.requests import HTTPConnection

    from buckler.frameworks.fastapi.asking import callers_of
    from buckler.frameworks.fastapi.limits import route_of
    from buckler.frameworks.watching import watch_cookies
except ImportError as missing:
    raise MissingExtraError("buckler.frameworks.fastapi", "fastapi") from missing

_GAP = re.compile(r"\{([A-Za-z_]\w*)\}")
_KEPT = 200  # the guard answers in its place, with what is kept
watch_cookies()


def cached(  # noqa: PLR0913  # one keyword for each thing that a route may say
    *,
    ttl_s: float,
    tags: Sequence[str] = (),
    scope: str = PUBLIC,
    stale_while_revalidate_s: float = 0.0,
    stale_if_error_s: float = 0.0,
    negative_ttl_s: float = 0.0,
    client_ttl_s: float = 0.0,
) -> Any:
    """Keep this route's answers for `ttl_s` seconds: `dependencies=[cached(ttl_s=30, tags=["article:{slug}"])]`.

    The next visitor gets a kept answer before the application is asked. What looks at the session, the signed-in person, a cookie or
    `Authorization` is nobody else's and is not kept, whatever this says; with `scope="person"` it is kept for the person whose session it
    is, encrypted for them alone. Many who ask at once wait for one answer. `tags` name what the answer is about, with the route's path
    parameters in braces; `purge` forgets it. `stale_while_revalidate_s`: for so long after that, the old answer is given while a new one is
    made; `stale_if_error_s`: where the application fails. `negative_ttl_s`: for answers 404 and 410, which are else not kept.
    A route whose parameters or dependencies ask who calls (a token, a key, a cookie) is
    kept for nobody; by other headers that they name, its answers vary. `client_ttl_s`: what browsers are told; 0: to ask each time,
    which costs a 304 from here. An answer that says `no-store` or `private`
    is not kept. Where the protection `cache` is off, nothing is. Raises `ConfigError` at once for what cannot work.
    """
    need(_is_time(ttl_s) and ttl_s > 0, "cached.ttl_s", ttl_s, "give a number of seconds over zero")
    others = (stale_while_revalidate_s, stale_if_error_s, negative_ttl_s, client_ttl_s)
    for name, value in zip(("stale_while_revalidate_s", "stale_if_error_s", "negative_ttl_s", "client_ttl_s"), others, strict=True):
        need(_is_time(value) and value >= 0, f"cached.{name}", value, "give a number of seconds, 0 or more")
    need_one_of(cached, "scope", scope, (PUBLIC, PERSON))
    good = isinstance(tags, (list, tuple)) and all(isinstance(tag, str) and tag for tag in tags)
    need(good, "cached.tags", tags, 'give a list of texts, as in ["article:{slug}"]')
    keep = Keep(ttl_s, tuple(tags), scope, *others)

    async def kept(connection: HTTPConnection) -> None:
        if not isinstance(connection, Request):
            raise WebSocketException(1008)
        request = guarded_request(connection.scope)
        cache = request.site.offers.get("cache")
        if isinstance(cache, HTTPCache) and await join(cache, request, _filled(_asked(keep, connection), connection)):
            raise HTTPException(_KEPT)

    return Depends(kept)


def _is_time(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _asked(keep: Keep, connection: Request) -> Keep:
    """Return the rule with the headers that the route names. One that asks who calls is kept for nobody."""
    vary, asks_who = callers_of(getattr(route_of(connection.scope), "dependant", None))
    if asks_who:
        guarded_request(connection.scope).taint("authorization")
    return replace(keep, vary=vary) if vary else keep


def _filled(keep: Keep, connection: Request) -> Keep:
    """Return the rule with the path's parameters in its tags."""
    if not any("{" in tag for tag in keep.tags):
        return keep
    values = connection.path_params
    tags = tuple(_GAP.sub(lambda gap: str(values.get(gap[1], gap[0])), tag) for tag in keep.tags)
    return replace(keep, tags=tags)


class Kept:
    """What the application may do with what is kept."""

    def __init__(self, cache: HTTPCache | None) -> None:
        self._cache = cache

    async def purge(self, *tags: str) -> None:
        """Forget every answer with one of `tags`, here at once and in other processes within `Cache.near_s`. Raises StoreError when these
        have not heard of it."""
        if self._cache is not None:
            await self._cache.purge(*tags)

    def explain(self, path: str = "") -> list[str]:
        """Return why the last answers (to requests for `path`) were not kept, the newest last."""
        return [] if self._cache is None else self._cache.explain(path)


async def kept_answers(connection: HTTPConnection) -> Kept:
    """Return what may be done with kept answers: `await kept.purge("article:7")`. A dependency."""
    cache = guarded_request(connection.scope).site.offers.get("cache")
    return Kept(cache if isinstance(cache, HTTPCache) else None)


KeptDep = Annotated[Kept, Depends(kept_answers)]
