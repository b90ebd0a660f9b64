"""Counts the bytecodes that run inside Buckler: exact, the same on every machine, and so fit for a gate where time is not."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import buckler
from bench.inprocess.drive import receive, scope, send

if TYPE_CHECKING:
    from types import CodeType, FrameType

    from bench.inprocess.drive import Scope

_OURS = str(Path(buckler.__file__).parent)
_WARM = 64  # requests before the counted one: memories are filled, and the interpreter has specialised what it will


class Count(NamedTuple):
    bytecodes: int
    calls: int


def by_function(app: Any, template: Scope | None = None) -> dict[str, Count]:
    """Return bytecodes and calls of one warm request, by function; functions outside Buckler are not counted."""
    return asyncio.run(_counted(app, template or scope()))


def total(app: Any, template: Scope | None = None) -> int:
    """Return the bytecodes of one warm request."""
    return asyncio.run(total_async(app, template or scope()))


async def total_async(app: Any, template: Scope) -> int:
    """The same, in a running loop."""
    return sum(count.bytecodes for count in (await _counted(app, template)).values())


async def _counted(app: Any, template: Scope) -> dict[str, Count]:
    for _ in range(_WARM):
        await app(dict(template), receive, send)
    run: Counter[CodeType] = Counter()
    entered: Counter[CodeType] = Counter()

    def at_opcode(frame: FrameType, event: str, _arg: object) -> Any:
        if event == "opcode":
            run[frame.f_code] += 1
        return at_opcode

    def at_call(frame: FrameType, _event: str, _arg: object) -> Any:
        if not frame.f_code.co_filename.startswith(_OURS):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        entered[frame.f_code] += 1
        return at_opcode

    before = sys.gettrace()
    sys.settrace(at_call)
    try:
        await app(dict(template), receive, send)
    finally:
        sys.settrace(before)
    return {_name(code): Count(run[code], entered[code]) for code, _ in run.most_common()}


def _name(code: CodeType) -> str:
    place = Path(code.co_filename).relative_to(_OURS).as_posix()
    return f"{place}:{code.co_firstlineno} {code.co_qualname}"
