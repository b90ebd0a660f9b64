"""What lies on the shelf for one call: bytes, and what they say where everybody can be handed the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from buckler.cache.kinds import kinds_of
from buckler.cache.values import NoValueError, Values, never_changes
from buckler.core.options import need

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.cache.function import Call
    from buckler.cache.person import PersonSeal
    from buckler.cache.rules import Rules
    from buckler.core.sign import Keys

NOTHING: Final = object()  # of bytes that do not say anything here
_UNREAD: Final = object()
_AFRESH: Final = object()  # read anew for each caller: what one of them changes must not reach the others
_NONE = b"n"
_OBJECT_BYTES = 200


class Held:
    """One result. `ready` is what all callers get, where it can never change."""

    __slots__ = ("raw", "ready")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.ready: object = _UNREAD


def raw_of(held: Held) -> bytes:
    """Return the bytes that a store keeps."""
    return held.raw


def size_of(held: Held) -> int:
    """Bytes that it takes up here, an estimate: its text, and about as much for each of the two forms that may be made of it."""
    return 3 * len(held.raw) + _OBJECT_BYTES


class Form:
    """Makes a `Held` of what a function returned, and the other way round; for one person, sealed for them."""

    def __init__(self, function: Callable[..., Any], rules: Rules, name: str, keys: Keys | None) -> None:
        values = Values(kinds_of(function))
        self._encode: Callable[[Any], bytes] = rules.encode or values.write
        self._decode: Callable[[bytes], Any] = rules.decode or values.read
        self._name = name
        self._seal: PersonSeal | None = None
        if rules.scope == "person":
            need(keys is not None, "memo.scope", rules.scope, 'give the secrets that it is encrypted with, as in Data(secrets=["…"])')
            from buckler.cache.person import PersonSeal  # noqa: PLC0415  # only what is one person's needs a library

            self._seal = PersonSeal(keys) if keys is not None else None

    def held(self, thing: object, call: Call) -> Held:
        """Return what is to be kept. Raises TypeError for what cannot be written down."""
        try:
            raw = _NONE if thing is None else b"v" + self._encode(thing)
        except NoValueError as failure:
            raise NoValueError(f"{self._name} returned what cannot be kept: {failure}") from None
        return Held(self._seal.seal(call.person, call.key, raw) if self._seal is not None else raw)

    def read(self, held: Held, call: Call) -> Any:
        """Return what the function returned: to each caller a value of their own, unless it is one that nobody can change. `NOTHING` where
        the bytes are damaged, or are another person's."""
        ready = held.ready
        if ready is _AFRESH:
            return self._read(held.raw)
        if ready is not _UNREAD:
            return ready
        if self._seal is not None:
            raw = self._seal.open(call.person, call.key, held.raw)
            return NOTHING if raw is None else self._read(raw)
        found = self._read(held.raw)
        if found is not NOTHING:
            held.ready = found if never_changes(found) else _AFRESH
        return found

    def _read(self, raw: bytes) -> Any:
        if raw == _NONE:
            return None
        try:
            return self._decode(raw[1:])
        except ValueError:
            return NOTHING
