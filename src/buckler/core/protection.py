"""Protection and Steps: what a protection is, and the verbs in which it can act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping, Sequence

    from buckler.core.answer import Answer, Refusal
    from buckler.core.case import Case
    from buckler.core.headers import Header
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.core.store import Op, Reply


@dataclass(frozen=True, slots=True)
class Card:
    """Who a protection is. `name` is its folder, its id and the beginning of its refusal codes; `needs` names protections
    without which some of its work cannot be done (the token of `csrf` hangs on `sessions`)."""

    name: str
    refusals: tuple[Refusal, ...] = ()
    needs: tuple[str, ...] = ()


@dataclass(slots=True)
class Head:
    """The head of a response on its way out; `dress` edits it in place."""

    status: int
    headers: list[Header]


@dataclass(frozen=True, slots=True)
class Wait:
    """The part that needs the store: `ask` says what (None: nothing), `judge` reads the answers.

    Both are synchronous and pure. The guard gathers the questions of all protections into one round trip.
    `on_failure` is what a dead store means: "refuse" (503) or "allow" (`judge` is then not called); an Event either way.
    """

    ask: Callable[[Request], list[Op] | None]
    judge: Callable[[Request, list[Reply]], Answer | None]
    on_failure: str = "refuse"


@dataclass(frozen=True, slots=True)
class Gate:
    """The part that counts who is inside. All three are synchronous.

    `enter(request, scope)` is asked last, when everything else has let the request in, and counts it in, whatever it answers.
    `leave` is called exactly once for every request for which `enter` was: when the application is done, however it ended. `headed`,
    where given, is called before that, when the response head leaves: the work is done, though a slow client may still be reading.
    `paused` and `resumed`, where given, stand around every wait for a piece of the body: the client sends, and nobody works.
    """

    enter: Callable[[Request, MutableMapping[str, Any]], Answer | None]
    leave: Callable[[Request], None]
    headed: Callable[[Request], None] | None = None
    paused: Callable[[Request], None] | None = None
    resumed: Callable[[Request], None] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers that the guard itself keeps while a body arrives and a handler works. None: no limit."""

    max_body_bytes: int | None = None
    max_fields: int | None = None  # of a form
    max_parts: int | None = None  # of a multipart body
    max_part_header_bytes: int | None = None  # of each of them
    max_depth: int | None = None  # of JSON arrays and objects
    body_s: float | None = None  # for a body to arrive, …
    min_body_bytes_per_s: int | None = None  # … and a second more for so many bytes of it
    handler_s: float | None = None  # from the last piece of the body until the response head


@dataclass(frozen=True, slots=True)
class Steps:
    """What one protection does, in the order of a request. Everything is optional.

    - `headers`: constant; joined to every response at startup. A header that the application set itself stands.
    - `check`: synchronous and pure; returns an Answer (usually a Refusal) or None. `check_unsafe` is the same for methods that change
      state and for WebSocket handshakes only, so that a GET does not pay for it.
    - `wait`: what needs the store.
    - `gate`: who is inside, counted in and out.
    - `dress`: edits the head; called when the response carries a header named in `watch`, or the request was touched.
    - `dress_refusal`: the same for what the guard says in the application's place.
    - `settle`: what to save before the head is sent: store operations, or None. Called only for touched requests.
    - `refused`: told of every enforced refusal, whoever made it.
    - `limits`: numbers for the guard.
    """

    headers: tuple[Header, ...] = ()
    check: Callable[[Request], Answer | None] | None = None
    check_unsafe: Callable[[Request], Answer | None] | None = None
    wait: Wait | None = None
    gate: Gate | None = None
    dress: Callable[[Request, Head], None] | None = None
    watch: frozenset[bytes] = frozenset()
    dress_refusal: Callable[[Request, Head], None] | None = None
    settle: Callable[[Request], list[Op] | None] | None = None
    refused: Callable[[Request, Refusal], None] | None = None
    limits: Limits | None = None


@runtime_checkable
class Protection(Protocol):
    """Any object with a card, cases and steps is a protection; nothing is to be subclassed."""

    @property
    def card(self) -> Card: ...

    @property
    def cases(self) -> Sequence[Case]: ...

    @property
    def report_only(self) -> bool: ...

    def steps(self, site: Site) -> Steps:
        """Return what this protection does on `site`. Called once, at startup; raises `ConfigError`."""
        ...
