"""Counts the bytecodes that run inside Buckler: exact, the same on every machine, and so fit for a gate where time is not."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import buckler
from bench.inprocess.drive import receive, scope, send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType

    from bench.inprocess.drive import Scope

_OURS = str(Path(buckler.__file__).parent)
_WARM = 64  # requests before the counted one: memories are filled, and the interpreter has specialised what it will


class Count(NamedTuple):
    bytecodes: int
    calls: int


class Tally:
    """Bytecodes and entries by code object."""

    def __init__(self) -> None:
        self.run: Counter[CodeType] = Counter()
        self.entered: Counter[CodeType] = Counter()

    def by_function(self) -> dict[str, Count]:
        return {_name(code): Count(count, self.entered[code]) for code, count in self.run.most_common()}


def by_function(app: Any, template: Scope | None = None) -> dict[str, Count]:
    """Return bytecodes and calls of one warm request, by function; functions outside Buckler are not counted."""
    return asyncio.run(_counted(app, template or scope())).by_function()


def total(app: Any, template: Scope | None = None) -> int:
    """Return the bytecodes of one warm request."""
    return asyncio.run(total_async(app, template or scope()))


async def total_async(app: Any, template: Scope) -> int:
    """The same, in a running loop."""
    return sum((await _counted(app, template)).run.values())


async def _counted(app: Any, template: Scope) -> Tally:
    for _ in range(_WARM):
        await app(dict(template), receive, send)
    request = dict(template)
    with _counting() as tally:
        await app(request, receive, send)
    return tally


if sys.version_info >= (3, 12):

    @contextmanager
    def _counting() -> Iterator[Tally]:
        """By `sys.monitoring` (PEP 669). Deliberately not by `sys.settrace`, which since 3.12 misses the first run of a function."""
        tally, watch = Tally(), sys.monitoring
        tool = next(number for number in range(6) if watch.get_tool(number) is None)

        def at_start(code: CodeType, _offset: int) -> Any:
            if not code.co_filename.startswith(_OURS):
                return watch.DISABLE
            tally.entered[code] += 1
            return None

        def at_instruction(code: CodeType, _offset: int) -> Any:
            if not code.co_filename.startswith(_OURS):
                return watch.DISABLE
            tally.run[code] += 1
            return None

        watch.use_tool_id(tool, "buckler-bench")
        watch.register_callback(tool, watch.events.PY_START, at_start)
        watch.register_callback(tool, watch.events.INSTRUCTION, at_instruction)
        watch.set_events(tool, watch.events.PY_START | watch.events.INSTRUCTION)
        try:
            yield tally
        finally:
            watch.set_events(tool, watch.events.NO_EVENTS)
            watch.free_tool_id(tool)

else:

    @contextmanager
    def _counting() -> Iterator[Tally]:
        """By `sys.settrace`; what traced before (a debugger, coverage) traces again afterwards."""
        tally = Tally()

        def at_opcode(frame: FrameType, event: str, _arg: object) -> Any:
            if event == "opcode":
                tally.run[frame.f_code] += 1
            return at_opcode

        def at_call(frame: FrameType, _event: str, _arg: object) -> Any:
            if not frame.f_code.co_filename.startswith(_OURS):
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            tally.entered[frame.f_code] += 1
            return at_opcode

        before = sys.gettrace()
        sys.settrace(at_call)
        try:
            yield tally
        finally:
            sys.settrace(before)


def _name(code: CodeType) -> str:
    place = Path(code.co_filename).relative_to(_OURS).as_posix()
    return f"{place}:{code.co_firstlineno} {code.co_qualname}"
