"""What the server remembers of one visitor. Nothing is kept, and no cookie set, until something is written."""

from __future__ import annotations

import math
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from buckler.core.sign import fingerprint
from buckler.core.store import Drop, Op, Put, Replace
from buckler.protections.sessions.record import NOTHING, Record, read_values, write, write_values

if TYPE_CHECKING:
    from buckler.protections.sessions.registry import Registry

_A_MOMENT_S = 1e-5  # over the resolution of a clock whose value is 2e9: what is born later than a revocation lives
_MAX_PERSON = 512


class Session(MutableMapping[str, Any]):
    """A mapping of JSON values (`session["cart"] = [7]`), and who is signed in.

    It never refers to the request, because the request refers to it: a cycle a request was measured to ruin p99.
    """

    __slots__ = ("_ended", "_kept_as", "_loaded", "_opened_s", "_ops", "_record", "_registry", "_value", "_values", "closed", "used")

    def __init__(self, registry: Registry, value: str = "", record: Record | None = None, loaded: bytes = NOTHING) -> None:
        self._registry = registry
        self._opened_s = registry.clock.now()
        self._value = self._kept_as = value  # the cookie's value; under which one the store has it
        self._record = record or self._new_record()
        self._loaded = loaded
        self._values: dict[str, Any] | None = None
        self._ended: list[str] = []  # cookie values that are dead from now on
        self._ops: list[Op] = []
        self.used = False  # something of it may be in the response: it varies by cookie and must not be stored
        self.closed = ""  # why it cannot be changed any more

    def _new_record(self) -> Record:
        now_s = self._opened_s
        return Record(self._registry.key, now_s, now_s, now_s)

    # ---- who

    @property
    def person(self) -> str | None:
        """Who is signed in; None for nobody."""
        self.used = True
        return self._record.person

    @property
    def is_somebodys(self) -> bool:
        """Whether somebody is signed in. Deliberately no use of the session: it decides about a place, and nothing of it is answered."""
        return self._record.person is not None

    @property
    def signed_in_at(self) -> float | None:
        """When the person proved who they are: seconds since the epoch, or None."""
        self.used = True
        return self._record.signed_in_s

    @property
    def fresh_s(self) -> float:
        """Seconds since the person proved who they are; infinite when nobody is signed in."""
        at_s = self.signed_in_at
        return math.inf if at_s is None else max(0.0, self._registry.clock.now() - at_s)

    def sign_in(self, person: str) -> None:
        """Make this the session of `person`, under a new id (CWE-384). Values stay, unless they are another person's.

        It counts from the moment at which the session was opened, before any password was looked at: a revocation that happened
        since then ends it as well.
        """
        if not isinstance(person, str) or not 0 < len(person) <= _MAX_PERSON or not person.isprintable():
            raise ValueError(f"a person's id is a string of 1 to {_MAX_PERSON} printable characters")
        self._change()
        if self._record.person not in {None, person}:
            self._values = {}
        self._leave()
        self._record = self._new_record()._replace(person=person, signed_in_s=self._opened_s)

    def sign_out(self) -> None:
        """Forget everything, here and in the store; the cookie goes too."""
        self._change()
        self._leave()
        self._values = {}
        self._record = self._new_record()

    def renew(self) -> None:
        """Go on under a new id. Call it whenever what the person may do changes."""
        self._change()
        self._leave()

    def revoke_others(self) -> None:
        """End every other session of the person, and go on under a new id. For a changed password."""
        self._change()
        person = self._record.person
        if person is None:
            raise RuntimeError("nobody is signed in, so there are no other sessions to end")
        self._leave()
        now_s = self._registry.clock.now()
        self._ops += self._registry.ending_all(person, now_s)
        self._record = self._record._replace(born_s=now_s + _A_MOMENT_S)

    @property
    def handle(self) -> str:
        """A name of this session that may be kept and shown: `revoke(handle)` ends it, and nobody can enter with it."""
        self.used = True
        self._name()
        return fingerprint(self._value.encode())

    @property
    def binding(self) -> bytes:
        """Bytes that belong to this session's id alone: what a token hangs on. They make no session where there is none yet."""
        return self.handle.encode()

    # ---- values

    def __getitem__(self, name: str) -> Any:
        return self._read()[name]

    def __contains__(self, name: object) -> bool:
        return name in self._read()  # looking is using: the response may depend on it (CVE-2026-27205)

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __setitem__(self, name: str, value: Any) -> None:
        """Raises TypeError or ValueError for what JSON cannot say."""
        self._change()
        if not isinstance(name, str):
            raise TypeError(f"a session's names are strings, not {type(name).__name__}")
        write_values({name: value})
        self._read()[name] = value

    def __delitem__(self, name: str) -> None:
        self._change()
        del self._read()[name]

    def set(self, name: str, value: Any) -> None:
        """The same as `session[name] = value`."""
        self[name] = value

    def __bool__(self) -> bool:
        return True  # an empty session is a session: `if session:` asks whether there is one

    def __repr__(self) -> str:
        return "<Session>"  # neither the id nor the person ever reaches a log by accident

    def _read(self) -> dict[str, Any]:
        self.used = True
        if self._values is None:
            self._values = read_values(self._loaded)
        return self._values

    def _change(self) -> None:
        self.used = True
        if self.closed:
            raise RuntimeError(f"the session can no longer be changed: {self.closed}")

    def _leave(self) -> None:
        """Leave the present id. It is dead at once, and the next answer brings a new one."""
        self._read()
        if self._kept_as:
            self._ended.append(self._kept_as)
        self._value = self._kept_as = ""

    def _name(self) -> None:
        self._value = self._value or self._registry.new_value(self._record.person)

    # ---- the end of the request

    @property
    def is_due(self) -> bool:
        """Whether it is time to write down that the visitor was seen, so that the session does not count as idle."""
        return self._opened_s - self._record.seen_s >= self._registry.seen_s

    def close(self) -> str | None:
        """Decide what is saved; return the cookie's new value, "" to remove it, or None to leave it.

        Raises ValueError when it is too large, TypeError when it is no longer JSON.
        """
        had = bool(self._ended or self._kept_as)
        values = self._loaded if self._values is None else write_values(self._values)
        if len(values) > self._registry.max_bytes:
            raise ValueError("too large")
        self.closed = "the response has begun"
        self._ops += [Drop(self._registry.key_of(value)) for value in self._ended]
        if self._kept_as:
            self._keep(Replace, values)
            return None
        if values == NOTHING and self._record.person is None:
            return "" if had else None
        self._name()
        self._keep(Put, values)
        return self._value

    def _keep(self, kind: type[Put | Replace], values: bytes) -> None:
        """`Replace` where the store has it already: a session that ended meanwhile, in another request, must not come back to life."""
        registry = self._registry
        now_s = registry.clock.now()
        if kind is Replace and values == self._loaded and not self.is_due:
            return
        record = self._record._replace(seen_s=now_s)
        ttl_s = min(registry.idle_s, record.made_s + registry.absolute_s - now_s)
        if ttl_s > 0:
            self._ops.append(kind(registry.key_of(self._value), write(record, values), ttl_s, secret=True))

    def ops(self) -> list[Op]:
        """What the store is to do, once."""
        done, self._ops = self._ops, []
        return done
