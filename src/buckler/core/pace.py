"""How a body arrives: shared by who waits for it and who looks at the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio


class Pace:
    """How a body arrives. `left_s`: seconds that may still be spent waiting for it; `reader`: the task that waits for it now, until
    `due_s`; `read_s`: when the last piece came; `is_late`: the reader was cancelled because it had waited too long."""

    __slots__ = ("due_s", "is_late", "left_s", "read_s", "reader")

    def __init__(self, left_s: float) -> None:
        self.left_s = left_s
        self.due_s = self.read_s = 0.0
        self.reader: asyncio.Task[Any] | None = None
        self.is_late = False
