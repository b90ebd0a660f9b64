"""All sessions of one site: how they are named, found, and ended."""

from __future__ import annotations

import base64
import re
import secrets
from typing import TYPE_CHECKING

from buckler.core.sign import fingerprint
from buckler.core.store import Drop, Get, Op, Put, key
from buckler.protections.sessions.record import read
from buckler.protections.sessions.session import Session

if TYPE_CHECKING:
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.core.store import Reply

_ID_BYTES = 32  # 256 bits: ASVS 5.0 V7.2.3 asks for 128
_SELECTOR_BYTES = 16
_VALUE = re.compile(rb"(?:([A-Za-z0-9_-]{22})\.)?[A-Za-z0-9_-]{43}")
_PERSON, _KEY = "sessions.person", "sessions.key"
_SEEN_SHARE, _SEEN_MAX_S = 10, 60.0  # `seen` is written at most once in a tenth of the idle time, or in a minute


class Registry:
    """What `sessions` offers to framework adapters and to the application."""

    def __init__(self, site: Site, *, idle_s: float, absolute_s: float, max_bytes: int) -> None:
        self._store, self._keys, self.clock = site.store, site.keys, site.clock
        self.idle_s, self.absolute_s, self.max_bytes = idle_s, absolute_s, max_bytes
        self.seen_s = min(_SEEN_MAX_S, idle_s / _SEEN_SHARE)
        self._key_names = [_text(proof[:6]) for proof in site.keys.proofs(_KEY, b"")]
        self.key = self._key_names[0]

    def open(self, request: Request) -> Session:
        """Return the session of `request`; a new, empty one when there is none, which costs nothing until it is written to."""
        session = request.session
        if not isinstance(session, Session):
            session = Session(self)
            request.session = session
        if request.kind == "websocket":
            session.closed = "a WebSocket has no response head"
        elif request.started:
            session.closed = "the response has begun"
        request.touched = True
        return session

    async def alive(self, handles: list[str]) -> list[bool]:
        """Whether the store still has each of the sessions with these handles. One round trip. Raises `StoreError`.

        Those that `revoke_all` ended count as alive here until they time out: keep a list of them, and empty it then.
        """
        return [isinstance(raw, bytes) for raw in await self._store.batch([Get(key("session", handle)) for handle in handles])]

    async def revoke(self, handle: str) -> bool:
        """End the one session with this `handle`; whether there was one. Raises `StoreError`."""
        return bool((await self._store.batch([Drop(key("session", handle))]))[0])

    async def revoke_all(self, person: str) -> None:
        """End every session of `person` that exists now. Raises `StoreError`."""
        await self._store.batch(self.ending_all(person, self.clock.now()))

    def ending_all(self, person: str, now_s: float) -> list[Op]:
        """What the store is to do: one epoch a secret in rotation, kept for as long as a session could live."""
        raw = repr(now_s).encode()
        return [
            Put(_epoch_key(_text(proof[:_SELECTOR_BYTES])), raw, self.absolute_s) for proof in self._keys.proofs(_PERSON, person.encode())
        ]

    # ---- names

    def new_value(self, person: str | None) -> str:
        """Return a new cookie value: 256 random bits, after the person's selector once somebody is signed in."""
        token = _text(secrets.token_bytes(_ID_BYTES))
        if person is None:
            return token
        return f"{_text(self._keys.prove(_PERSON, person.encode())[:_SELECTOR_BYTES])}.{token}"

    def key_of(self, value: str) -> str:
        """Only the SHA-256 of the whole value is stored: who reads the store cannot enter, and a value whose selector was
        exchanged names nothing."""
        return key("session", fingerprint(value.encode()))

    # ---- finding

    def ask(self, value: bytes) -> list[Op] | None:
        """What the store is asked about a presented cookie value; None when it cannot be one of ours."""
        found = _VALUE.fullmatch(value)
        if found is None:
            return None
        asked: list[Op] = [Get(self.key_of(value.decode()))]
        if found[1]:
            asked.append(Get(_epoch_key(found[1].decode())))
        return asked

    def find(self, value: bytes, replies: list[Reply]) -> Session | None:
        """Return the session that is alive under `value`, or None. Unknown ids are never adopted."""
        raw = replies[0]
        known = read(raw) if isinstance(raw, bytes) else None
        if known is None:
            return None
        record, values = known
        now_s = self.clock.now()
        if record.key not in self._key_names or now_s >= record.made_s + self.absolute_s or now_s >= record.seen_s + self.idle_s:
            return None
        epoch = replies[1] if len(replies) > 1 else None
        if isinstance(epoch, bytes) and record.born_s <= float(epoch):
            return None
        return Session(self, value.decode(), record, values)


def _epoch_key(selector: str) -> str:
    return key("session.epoch", selector)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
