"""Counts executed bytecodes of Buckler's own code: the same number on every run and every machine of one Python version.

What C code does inside one bytecode (a look-up, a digest) is not in the count; the microseconds of `pairs` have it.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

_HOME = str(Path(__file__).parents[1]) + "/"
_OURS = tuple(_HOME + part for part in ("core/", "guard/", "protections/", "stores/"))
_NOT_OURS = (_HOME + "core/play.py",)  # plays the visitor


# Which block the running code descends from: a timer that an earlier request left behind runs in that one's context, and is not counted.
_counting: ContextVar[Bytecodes | None] = ContextVar("counting", default=None)


class Bytecodes:
    """`count` is how many bytecodes ran while it was on. A third party's protection counts too, where `also` names its file."""

    def __init__(self, also: frozenset[str] = frozenset()) -> None:
        self.count = 0
        self._also = also
        self._known: dict[CodeType, bool] = {}

    def on_call(self, frame: FrameType, event: str, arg: Any) -> Any:  # noqa: ARG002  # the shape of a trace function
        """Look at every call: frames of ours are counted bytecode by bytecode, all others run untraced."""
        code = frame.f_code
        ours = self._known.get(code)
        if ours is None:
            name = code.co_filename
            ours = self._known[code] = (name.startswith(_OURS) and name not in _NOT_OURS) or name in self._also
        if not ours or _counting.get() is not self:
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return self._on_step

    def _on_step(self, frame: FrameType, event: str, arg: Any) -> Any:  # noqa: ARG002  # as above
        if event == "opcode":
            self.count += 1
        return self._on_step


@contextmanager
def counted(also: frozenset[str] = frozenset()) -> Iterator[Bytecodes]:
    """Count while the block runs, in this thread. What traced before (a debugger, coverage) traces again afterwards."""
    counter, before = Bytecodes(also), sys.gettrace()
    token = _counting.set(counter)
    sys.settrace(counter.on_call)
    try:
        yield counter
    finally:
        sys.settrace(before)
        _counting.reset(token)
