"""`cache`: an answer that was made for one person reaches nobody else, through no cache.

Stops:
    Pages of one person given to another by a shared cache (ours, a CDN, a proxy), cookies kept and handed on with a page, web cache
    deception, cache poisoning by headers that no cache has in its key.

How:
    Whoever looks at the session, the signed-in person, `Cookie` or `Authorization` while it makes an answer taints it: nobody has to
    say so. A tainted answer, and one that sets a cookie, is never kept; whatever it says of itself, it leaves as `private` or `no-store`
    and with `Vary`. The same holds for an answer whose maker has looked at `X-Forwarded-Host` and its like. What says itself for how
    long it is fresh, or comes from a route that says `cached`, is kept by RFC 9111 and given to the next visitor before the
    application is asked. The key is scheme, host, path and query as they came.

Does not stop:
    An application that writes a caller's address, `User-Agent` or `Referer` into a page that it calls public, or copies all headers
    without looking at them. A cache in front that keeps what says `no-store`.

Turn off when:
    Never for its headers. `Cache(keep=False)` keeps nothing here, where another cache in front is to do all the work.

Sources:
    RFC 9111, RFC 9110 sections 8.8, 13 and 14, RFC 5861, RFC 9211, RFC 9213, RFC 9875; ASVS 5.0 V14.2.2, V14.3.2; CWE-524, CWE-525,
    CWE-349, CWE-444; CVE-2023-30861, CVE-2026-35192, CVE-2026-6907, CVE-2026-48587, CVE-2026-25480; Gil, Web Cache Deception (2017);
    Kettle, Practical Web Cache Poisoning (2018);
    Nguyen, Lo Iacono, Federrath, Your Cache Has Fallen: Cache-Poisoned Denial-of-Service Attack (2019).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from buckler.core.directives import joined, read_directives
from buckler.core.event import Event
from buckler.core.headers import TOKEN, add_vary
from buckler.core.options import need, need_positive, need_strings, options
from buckler.core.protection import Card, Steps
from buckler.core.taint import asks_who, is_watched
from buckler.protections.cache.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.directives import Directives
    from buckler.core.headers import Header
    from buckler.core.protection import Head
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.core.store import Store

_WATCH = frozenset({b"cache-control", b"expires", b"cdn-cache-control", b"surrogate-control"})
_OVERRIDES = frozenset(
    {b"expires", b"cdn-cache-control", b"surrogate-control", b"cloudflare-cdn-cache-control", b"vercel-cdn-cache-control"}
)
_FOR_ALL = frozenset({b"public", b"s-maxage", b"proxy-revalidate"})  # directives that say nothing to a private cache
_MIB = 1 << 20


@options
class Cache:
    """`keep`: whether answers are kept here; without, only the headers are made safe. `store`: where all processes share them;
    without one it is the guard's own store where that is shared, or else this process. `max_bytes`, `max_entries`: of its memory; of
    the guard's own store, each process fills a quarter of `max_bytes` at most, so that there is room for sessions;
    `max_entry_bytes`: of one answer. `keep_stale_s`: how long an answer that is no longer fresh is kept to be renewed by a 304.
    `heuristic_s`: at most so long is an answer used that says only when it was changed; 0: never. `targets`: fields that speak to this
    cache alone. `near_s`: how long this process may go without hearing that another one has purged something. `wait_s`: how long a visitor
    waits for the answer that another one is just being given. `obey_clients`: whether `Cache-Control` in a request counts. `compress`:
    whether texts are kept compressed as well."""

    card: ClassVar[Card] = Card("cache")
    cases: ClassVar = CASES
    keep: bool = True
    store: Store | None = None
    max_bytes: int = 64 * _MIB  # some 10,000 pages of 5 KiB, a small share of a worker
    max_entries: int = 10_000  # 6 MiB of bookkeeping at most
    max_entry_bytes: int = _MIB  # larger ones are files, for a file server
    keep_stale_s: float = 600.0  # ten minutes: a page that somebody still reads is renewed by a 304 instead of made again
    heuristic_s: float = 0.0  # nothing is kept that does not say so: RFC 9111 allows guessing, and leaks begin with guesses
    targets: Sequence[str] = ("cdn-cache-control",)  # RFC 9213, section 3: for caches that work for the origin, as this one does
    near_s: float = 1.0  # a second: a purge is seen everywhere before its author looks
    wait_s: float = 5.0  # longer than a page may take; then each visitor asks for himself
    obey_clients: bool = True  # RFC 9111, section 5.2.1: a reload means it; the flood limit bounds who reloads in bad faith
    compress: bool = True  # made once, sent to everybody
    report_only: bool = False

    def __post_init__(self) -> None:
        need_positive(
            self, max_bytes=self.max_bytes, max_entries=self.max_entries, max_entry_bytes=self.max_entry_bytes, wait_s=self.wait_s
        )
        for name in ("keep_stale_s", "heuristic_s", "near_s"):
            value = getattr(self, name)
            good = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0
            need(good, f"Cache.{name}", value, "give seconds, 0 or more")
        fits = self.max_entry_bytes * 8 <= self.max_bytes
        need(
            fits,
            "Cache.max_entry_bytes",
            self.max_entry_bytes,
            "give at most an eighth of max_bytes, so that one answer cannot push out all others",
        )
        need_strings(self, "targets", self.targets)
        for item in self.targets:
            need(item.isascii() and TOKEN.fullmatch(item.encode()), "Cache.targets", item, "name a header field, as in cdn-cache-control")

    def steps(self, site: Site) -> Steps:
        """Return the dressing. The guard keeps and serves answers; `site.offers["cache"]` is its cache, while it keeps any."""
        if self.keep and not self.report_only:
            site.offers["cache"] = self

        def dress(request: Request, head: Head) -> None:
            why, varies = _whose(request, head.headers)
            if not why or not (_is_personal(request) or _is_shareable(head.headers)):
                return
            if _is_shareable(head.headers):
                mode = "report" if self.report_only else "note"
                site.events.append(Event("cache.personal", site.clock.now(), mode, request.method, request.path, request.client, why))
            if not self.report_only:
                _make_private(head.headers)
                if varies:
                    add_vary(head.headers, *varies)

        return Steps(dress=dress, watch=_WATCH)


def _whose(request: Request, headers: Sequence[Header]) -> tuple[str, tuple[bytes, ...]]:
    """Return what makes the response this caller's alone, and by which fields it varies; "" when nothing does."""
    if request.tainted:
        return request.tainted, (b"Authorization",) if "authorization" in request.tainted else (b"Cookie",)
    if getattr(request.session, "used", False):
        return "session", (b"Cookie",)
    if any(name == b"set-cookie" for name, _ in (*headers, *request.extra_headers)):
        return "set-cookie", ()
    if request.has_nonce:
        return "nonce", ()
    return request.unkeyed, tuple(name for name in _unkeyed(request) if is_watched(name))


def _is_personal(request: Request) -> bool:
    """Whether the application has looked at what tells callers apart."""
    return bool(request.tainted) or (bool(request.unkeyed) and any(asks_who(name) for name in _unkeyed(request)))


def _unkeyed(request: Request) -> list[bytes]:
    return request.unkeyed.encode("latin-1").split(b", ")


def _is_shareable(headers: Sequence[Header]) -> bool:
    """Whether a cache that serves many people would take the response for everybody's."""
    said = read_directives(joined(headers, b"cache-control"))
    if any(name in _OVERRIDES and name != b"expires" for name, _ in headers):
        return True
    if b"no-store" in said or said.forbids(b"private"):
        return False
    return bool(said.said.keys() & {b"public", b"s-maxage", b"max-age"}) or any(name == b"expires" for name, _ in headers)


def _make_private(headers: list[Header]) -> None:
    """Say `no-store` where nothing was said, and `private` in place of what was said to caches that serve many people."""
    said = read_directives(joined(headers, b"cache-control"))
    headers[:] = [item for item in headers if item[0] not in _OVERRIDES and item[0] != b"cache-control"]
    headers.append((b"cache-control", _private(said)))


def _private(said: Directives) -> bytes:
    if b"no-store" in said or not said:
        return b"no-store"
    rest = [name if value is None else b"%b=%b" % (name, value) for name, value in said.said.items() if name not in _FOR_ALL | {b"private"}]
    return b", ".join([b"private", *(item for item in rest if b'"' not in item and b" " not in item)])
