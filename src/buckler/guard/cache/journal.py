"""What the cache remembers of its own decisions: why answers were not kept, and which addresses nobody should wait for."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, NamedTuple

from buckler.core.event import printable

if TYPE_CHECKING:
    from buckler.core.request import Request
    from buckler.core.site import Site

_TOLD = 500  # newest decisions that `explain` remembers
_MAX_UNKEPT = 10_000
_ALONE_S = 10.0


class Told(NamedTuple):
    """One decision: `what` became of the answer to a request for `path`, at `at_s` seconds since the epoch."""

    at_s: float
    path: str
    what: str


class Journal:
    """Bounded, and of this process alone."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.now = site.clock.now
        self._told: deque[Told] = deque(maxlen=_TOLD)
        self._unkept: OrderedDict[str, float] = OrderedDict()  # key → until when nobody waits for an answer that is not kept

    def tell(self, request: Request, what: str) -> None:
        """Remember a decision, for `explain`."""
        self._told.append(Told(self.now(), printable(request.path), what))
        if self._site.development:
            request.extra_headers += ((b"cache-status", f'buckler; fwd=uri-miss; detail="{what}"'.encode("ascii", "replace")),)

    def explain(self, path: str = "") -> list[str]:
        """Return why the last answers (to requests for `path`) were kept or not, the newest last."""
        return [f"{told.path}: {told.what}" for told in self._told if not path or told.path == path]

    def unkept(self, key: str) -> None:
        """Remember that an answer was not kept: for a while nobody waits for the next one, which would be his alone."""
        self._unkept[key] = self.now() + _ALONE_S
        while len(self._unkept) > _MAX_UNKEPT:
            self._unkept.popitem(last=False)

    def is_unkept(self, key: str) -> bool:
        """Whether the last answer was not kept."""
        return self._unkept.get(key, 0.0) > self.now()
