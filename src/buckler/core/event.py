"""One frozen record of something that happened. Appending it is all the request pays; telemetry drains events later."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

_KEPT = 4096  # newest events kept until somebody drains them: about 1 MiB, and a flood cannot grow it
_MAX_FIELD = 200


class Event(NamedTuple):
    """`kind` is the one id (a refusal's code, `store.failed`, …); `mode` is `enforced`, `report` or `note`."""

    kind: str
    at_s: float
    mode: str = "enforced"
    method: str = ""
    path: str = ""
    client: str = ""
    detail: str = ""

    def line(self) -> str:
        """Return one printable line: no control characters, no line breaks, long fields cut (CWE-117)."""
        fields = (self.kind, self.mode, self.method, self.path, self.client, self.detail)
        return " ".join(printable(field) for field in fields if field)


def printable(text: str) -> str:
    """Return `text` in at most 200 printable characters, so that no terminal or log parser can be talked to."""
    cut = text if len(text) <= _MAX_FIELD else text[:_MAX_FIELD] + "…"
    return cut if cut.isprintable() else ascii(cut)[1:-1]


class Events:
    """The bounded queue of one guard. `append` drops the oldest when full and counts what it dropped."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._queue: deque[Event] = deque(maxlen=kept)
        self.dropped = 0

    def append(self, event: Event) -> None:
        if len(self._queue) == self._queue.maxlen:
            self.dropped += 1
        self._queue.append(event)

    def drain(self) -> list[Event]:
        """Return the waiting events, oldest first, and forget them."""
        waiting = list(self._queue)
        self._queue.clear()
        return waiting
