"""The cache of one guard: looks, keeps, forgets, and says why."""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from buckler.cache.encodings import is_worth_it
from buckler.core.directives import read_strings
from buckler.core.headers import add_vary
from buckler.core.store import Reach, able
from buckler.guard.cache.journal import Journal
from buckler.guard.cache.keys import key_of, variant_key, vary_of
from buckler.guard.cache.persons import Persons
from buckler.guard.cache.ration import TAGS_S, Ration, RationedShelf
from buckler.guard.cache.rules import Answered, Fresh, Policy, has_validator, is_for_itself, judge, wants
from buckler.guard.cache.stored import Kind, Stored, Varies, read, size_of, write
from buckler.guard.cache.turn import Turn
from buckler.guard.state import sealed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from buckler.cache.tags import Moment
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.guard.cache.serving import HTTPCache
    from buckler.guard.plan import Plan
    from buckler.protections.cache import Cache

_SPACE = "page.1"  # another number where what is written down changes: processes of two versions then see nothing of each other's
_MAX_KNOWN = 10_000
_SHARE, _SHARE_OF_STORE = 4, 16  # of the cache's own bound, and of the store's, for each of perhaps eight workers
_MAX_NAMES = 16  # fields by which one address may vary
_NOT_OURS = frozenset({b"if-match", b"if-unmodified-since"})  # RFC 9111, section 4.3.2: conditions for the application alone
_MAX_GROUPS = 64
_INDEX_S = 86_400.0
OWN_FIELDS = frozenset(
    {b"cache-control", b"expires", b"cdn-cache-control", b"surrogate-control"}
)  # by which an answer says that it may be kept
_NOTES_OF_ROUTES = frozenset({"ratelimit"})  # what these noted is not in the answer's body


class Shared(Journal):
    """`busy` is whether anything may be found here: until then a request pays for one look at it."""

    plan: Plan  # set by `bind`

    def __init__(self, options: Cache, site: Site) -> None:
        super().__init__(site)
        self.options = options
        store = options.store and sealed(options.store, site.keys, site.events, site.clock)
        if store is None and able(site.store).reach is not Reach.PROCESS:
            store = site.store
        self.is_far = store is not None
        self.store = store
        self.shelf: RationedShelf[Kind] = RationedShelf(
            _SPACE,
            store,
            encode=write,
            decode=read,
            size=size_of,
            max_entries=options.max_entries,
            max_bytes=options.max_bytes,
            near_s=options.near_s,
            tags_s=TAGS_S,
            clock=site.clock,
            events=site.events,
        )
        if store is not None and options.store is None:
            most_bytes = min(options.max_bytes // _SHARE, getattr(store, "max_bytes", options.max_bytes) // _SHARE_OF_STORE)
            self.shelf.ration = Ration(most_bytes, site.clock.now)
        self.policy = Policy(tuple(name.lower().encode() for name in options.targets), options.heuristic_s)
        self.busy = self.is_far
        self.calm = self.shelf.moment()  # while nothing is kept here, the moment at which every request begins
        self.leading: dict[str, asyncio.Future[Stored | None]] = {}
        self._known: OrderedDict[str, None] = OrderedDict()  # keys that are worth a question to the store

    def _turn(self, key: str, moment: Moment | None = None) -> Turn:
        return Turn(cast("HTTPCache", self), key, moment)

    # ---- before the application

    def look(self, request: Request) -> Stored | None:
        """Return what may be used at once. Where somebody is to be asked or waited for, the request gets its turn. Costs about 1 µs."""
        key = key_of(request)
        kept = self.shelf.near(key)
        if kept is not None:
            return self._fit(key, kept.thing, request)
        if key in self._known or key in self.leading:
            request.turn = self._turn(key)
        return None

    def _fit(self, key: str, thing: Kind, request: Request) -> Stored | None:
        if isinstance(thing, Varies):
            key = variant_key(key, thing, request)
            kept = self.shelf.near(key)
            if kept is None or not isinstance(kept.thing, Stored):
                self._begin(request, key_of(request), b"vary-miss")
                return None
            thing = kept.thing
        return self.usable(thing, request)

    def usable(self, stored: Stored, request: Request) -> Stored | None:
        """Return what is kept where this request may have it now; else give the request its turn."""
        now_s = self.now()
        left_s = stored.left(now_s)
        headers = request.headers
        if left_s > 0 and not stored.asks and b"cache-control" not in headers and _NOT_OURS.isdisjoint(headers):
            return stored
        if not _NOT_OURS.isdisjoint(headers):
            return None
        if not stored.asks and left_s + stored.stale_s > 0:
            if not self.options.obey_clients or wants(request, stored.age(now_s), left_s):
                return stored
            self._begin(request, key_of(request), b"request", stored)
        else:
            self._begin(request, key_of(request), b"stale", stored)
        return None

    def _begin(self, request: Request, key: str, why: bytes, stored: Stored | None = None) -> None:
        """Give the request its turn: it renews what is stale, and who asks for the same meanwhile waits for it."""
        if request.method != "GET":
            return
        turn = request.turn = self._turn(key)
        turn.why, turn.stale = why, stored
        leads = why == b"stale" and stored is not None and not stored.asks and not is_for_itself(request)
        if leads and key not in self.leading:
            turn.done = self.leading[key] = asyncio.get_running_loop().create_future()

    async def later(self, request: Request, turn: Turn) -> Stored | None:
        """Return what the store has, or what another request has just been given by the application."""
        if turn.stale is not None or turn.instead is not None:
            return None if turn.done is not None else await self.follow(request, turn)
        found = await self.far(turn.key, request) if turn.key in self._known else None
        return found or await self.follow(request, turn)

    async def follow(self, request: Request, turn: Turn) -> Stored | None:
        """Wait for whoever leads, and take what it was given where that fits this request too."""
        leader = self.leading.get(turn.key)
        if leader is None or turn.done is not None or request.headers.get(b"cache-control") is not None:
            return None
        await asyncio.wait((leader,), timeout=self.options.wait_s)
        if not leader.done() or leader.result() is None:
            return None
        request.turn = None
        kept = self.shelf.near(turn.key)
        found = None if kept is None else self._fit(turn.key, kept.thing, request)
        request.turn = request.turn or turn
        return found

    async def far(self, key: str, request: Request, tags: Iterable[str] = ()) -> Stored | None:
        """Return what any level has for this request and may be used."""
        kept = await self.shelf.get(key, tags=tuple(tags))
        if kept is None:
            self._known.pop(key, None)
            return None
        thing = kept.thing
        if isinstance(thing, Varies):
            kept = await self.shelf.get(variant_key(key, thing, request), tags=tuple(tags))
            thing = kept.thing if kept is not None else thing
        return self.usable(thing, request) if isinstance(thing, Stored) else None

    # ---- after the application

    @cached_property
    def persons(self) -> Persons:
        """What is kept for one person each. Made when the first route asks for it: it needs a library that encrypts."""
        made = Persons(self.options, self._site, self.store)
        made.shelf.ration = self.shelf.ration
        return made

    def takes(self, request: Request, message: dict[str, Any]) -> bool:
        """Whether the head of an answer waits for its body, because the answer is to be kept, or goes nowhere."""
        turn: Turn | None = request.turn
        if turn is None:
            if request.method != "GET" or OWN_FIELDS.isdisjoint(name.lower() for name, _ in message["headers"]):
                return False
            turn = request.turn = self._turn(key_of(request), request.moment)
        return turn.takes(request, message)

    def verdict(self, answered: Answered, turn: Turn) -> Fresh | str:
        """Return for how long an answer may be used, or why it is not kept: first what this request was, then what the answer says."""
        why = self._personal(answered.request, turn, answered.headers)
        found = why or judge(answered, turn.keep, self.policy)
        if isinstance(found, Fresh) and self._kept_s(found, can_be_renewed=has_validator(answered.headers)) <= 0:
            return "it was stale when it came"
        return found

    def _personal(self, request: Request, turn: Turn, headers: Iterable[tuple[bytes, bytes]]) -> str:
        own = getattr(request.session, "used", False) and "session"
        if (request.tainted or own) and not turn.person:
            return f"the application has looked at the caller's {request.tainted or own}"
        if turn.person and getattr(request.session, "person", None) != turn.person:
            return "somebody else has signed in, or out, meanwhile"
        varied = vary_of(b", ".join(value for name, value in headers if name == b"vary")) or ()
        if request.unkeyed and not set(request.unkeyed.encode("latin-1").split(b", ")) <= set(varied):
            return f"the application has looked at {request.unkeyed}, which is in no key"
        if turn.person and set(varied) - {b"cookie"}:
            return "it varies by more than the person"
        if request.has_nonce:
            return "it has a nonce, which is for one answer"
        noted = request.notes - _NOTES_OF_ROUTES
        return f"something was noted for this answer alone: {', '.join(sorted(noted))}" if noted else ""

    def _kept_s(self, fresh: Fresh, *, can_be_renewed: bool) -> float:
        """For how long an answer is kept: while it is fresh, and for as long as it is of use after that."""
        longer_s = max(fresh.stale_s, fresh.error_s, self.options.keep_stale_s if can_be_renewed else 0.0)
        return max(0.0, fresh.lifetime_s - fresh.age_s) + longer_s

    async def put(self, turn: Turn, stored: Stored, fresh: Fresh, groups: bytes) -> None:
        """Keep an answer, under all that it depends on."""
        self._unkept.pop(turn.key, None)
        key, ttl_s = turn.key, self._kept_s(fresh, can_be_renewed=stored.has_validator)
        if turn.person:
            await self.persons.put(turn, stored, ttl_s)
            return
        tags = [*(turn.keep.tags if turn.keep else ()), *group_tags(turn.key, groups)]
        self.busy = True
        if fresh.vary and turn.answered is not None:
            request = turn.answered.request
            index = await self._index(key, fresh.vary, ttl_s, turn)
            if index is None:
                self.tell(request, f"it varies by more than {_MAX_NAMES} fields")
                return
            key = variant_key(key, index, request)
        await self.shelf.put(key, stored, ttl_s=ttl_s, tags=tags, made_in_s=self.now() - turn.began_s, since=turn.moment)
        self._remember(turn.key)

    async def _index(self, key: str, names: tuple[bytes, ...], ttl_s: float, turn: Turn) -> Varies | None:
        """Return what chooses among the answers of `key`: all fields that any of them has named."""
        kept = await self.shelf.get(key)
        before = kept.thing if kept is not None and isinstance(kept.thing, Varies) else None
        if before is not None and set(names) <= set(before.names):
            return before
        index = Varies(tuple(sorted({*names, *(before.names if before else ())})), secrets.token_hex(8))
        if len(index.names) > _MAX_NAMES:
            return None
        await self.shelf.put(key, index, ttl_s=max(ttl_s, _INDEX_S), since=turn.moment)
        return index

    def _remember(self, key: str) -> None:
        if self.is_far:
            self._known[key] = None
            while len(self._known) > _MAX_KNOWN:
                self._known.popitem(last=False)

    def ready(self, stored: Stored) -> Stored:
        """Return an answer that is about to be kept: one that will be given in several codings says so from the beginning."""
        stored.packs = self.options.compress and stored.status == 200 and is_worth_it(stored.headers, len(stored.body))
        if stored.packs:
            add_vary(stored.headers, b"Accept-Encoding")
        return stored

    # ---- forgetting

    async def purge(self, *tags: str) -> None:
        """Forget every answer with one of `tags`, in all processes that share the store: there within `near_s`, here at once. Raises
        StoreError when the others have not heard of it."""
        try:
            await self.shelf.purge(*tags)
            if "persons" in vars(self):
                await self.persons.shelf.purge(*tags)
        finally:
            self.calm = self.shelf.moment()

    async def drop(self, *keys: str) -> None:
        """Forget the answers under `keys` (see `key_of`), with all their variants."""
        try:
            await self.shelf.drop(*keys)
        finally:
            self.calm = self.shelf.moment()


def group_tags(key: str, groups: bytes) -> list[str]:
    """Return tags for the groups of `Cache-Groups` (RFC 9875): those of one origin are nobody else's."""
    origin = key.partition(" ")[0]
    return [f"{origin} {name}" for name in read_strings(groups, _MAX_GROUPS)]
