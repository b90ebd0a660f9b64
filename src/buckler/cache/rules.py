"""How one function is kept: numbers, tags, and for whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Required, TypedDict

from buckler.core.options import need

Tags = Iterable[str] | Callable[..., Iterable[str]]


class Options(TypedDict, total=False):
    """What `memo` takes; all but `ttl_s` have a default: see `Rules`."""

    ttl_s: Required[float]
    stale_s: float
    negative_ttl_s: float | None
    early: float
    wait_s: float
    tags: Tags
    key: Callable[..., object] | None
    scope: str
    person: str
    version: str
    name: str
    encode: Callable[[Any], bytes] | None
    decode: Callable[[bytes], Any] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """Validated when a function is decorated. All times are seconds."""

    ttl_s: float
    stale_s: float = 0.0
    negative_ttl_s: float | None = None
    early: float = 1.0
    wait_s: float = 30.0
    tags: Tags = ()
    key: Callable[..., object] | None = None
    scope: str = "public"
    person: str = "person"
    version: str = ""
    name: str = ""
    encode: Callable[[Any], bytes] | None = None
    decode: Callable[[bytes], Any] | None = None

    def __post_init__(self) -> None:
        for name in ("ttl_s", "wait_s"):
            need(getattr(self, name) > 0, f"memo.{name}", getattr(self, name), "give a number over zero")
        for name in ("stale_s", "negative_ttl_s", "early"):
            value = getattr(self, name)
            need(value is None or value >= 0, f"memo.{name}", value, "give zero or more")
        need(self.scope in {"public", "person"}, "memo.scope", self.scope, "choose one of public, person")
        need((self.encode is None) == (self.decode is None), "memo.encode", self.encode, "give both encode and decode, or neither")
        good = callable(self.tags) or (not isinstance(self.tags, str) and all(isinstance(tag, str) for tag in self.tags))
        need(good, "memo.tags", self.tags, 'give a list of strings, as in ["…"], or a function of the arguments that returns one')

    @property
    def parameter(self) -> str:
        """The parameter that names the person; "" where what is kept is for everybody."""
        return self.person if self.scope == "person" else ""

    def tags_of(self, args: tuple[Any, ...], given: dict[str, Any]) -> tuple[str, ...]:
        """What the result of this call is tagged with."""
        return tuple(self.tags(*args, **given) if callable(self.tags) else self.tags)
