"""Answers that are one person's: under a key that carries the person, encrypted for this person alone, in memory as well as in a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.guard.cache.keys import person_key
from buckler.guard.cache.ration import TAGS_S, RationedShelf
from buckler.guard.cache.stored import Stored, read, write

if TYPE_CHECKING:
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.core.store import Store
    from buckler.guard.cache.keep import Keep
    from buckler.guard.cache.turn import Turn
    from buckler.protections.cache import Cache

_SPACE, _PURPOSE = "own", "cache.own"


class Persons:
    """The shelf of all persons. Whose an answer is says the session, and nothing that the visitor sends."""

    def __init__(self, options: Cache, site: Site, store: Store | None) -> None:
        from buckler.cache.person import PersonSeal  # noqa: PLC0415  # needs a library, which only such routes need

        self._seal, self._keys = PersonSeal(site.keys), site.keys
        self._now = site.clock.now
        self.shelf: RationedShelf[bytes] = RationedShelf(
            _SPACE,
            store,
            encode=bytes,
            decode=bytes,
            max_entries=options.max_entries,
            max_bytes=options.max_bytes,
            near_s=options.near_s,
            tags_s=TAGS_S,
            clock=site.clock,
            events=site.events,
        )

    def _name(self, person: str, key: str) -> str:
        """Return what stands for a person's answer in a store: whoever reads there learns neither who it is nor what they read."""
        return self._keys.prove(_PURPOSE, person_key(key, person).encode("utf-8", "surrogatepass")).hex()

    async def join(self, request: Request, turn: Turn, keep: Keep) -> bool:
        """Whether this person's answer is there. Without a person, or with a token in the request, the answer is not kept."""
        person = getattr(request.session, "person", None)
        if not person or b"authorization" in request.headers:
            return False
        turn.keep, turn.person = keep, person
        name = self._name(person, turn.key)
        kept = await self.shelf.get(name, tags=keep.tags)
        raw = None if kept is None else self._seal.open(person, name, kept.thing)
        if raw is None:
            return False
        stored = read(raw)
        if not isinstance(stored, Stored) or stored.left(self._now()) <= 0:
            return False
        turn.instead = stored
        return True

    async def put(self, turn: Turn, stored: Stored, ttl_s: float) -> None:
        """Keep it for the person of this turn."""
        name = self._name(turn.person, turn.key)
        sealed = self._seal.seal(turn.person, name, write(stored))
        tags = turn.keep.tags if turn.keep else ()
        await self.shelf.put(name, sealed, ttl_s=ttl_s, tags=tags, since=turn.moment, secret=True)
