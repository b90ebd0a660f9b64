"""The budget: how many bytecodes an anonymous GET may run, in all and by protection. The gate of `tests/bench` reads it.

One entry a Python version, because each compiles to other bytecodes. `python -m bench budget` writes the entry of the running one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench import guards
from bench.inprocess import bytecodes
from bench.inprocess.drive import streaming
from bench.peers.bare import bare

FILE = Path(__file__).resolve().parents[1] / "budget.json"
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
UPDATE = "if the new cost is right, run `python -m bench budget` and say why in the change"
_TOLERANCE = 2  # bytecodes: what an innocent rewrite of one expression may take
_CHUNKS = 10

Budget = dict[str, int]


def counted() -> Budget:
    """Return today's counts: the whole, the guard with nothing on, a streamed chunk, and the share of each protection."""
    whole = bytecodes.total(guards.guarded(bare))
    stream = bytecodes.total(guards.guarded(streaming(_CHUNKS))) - bytecodes.total(guards.guarded(streaming(0)))
    found = {"all": whole, "none": bytecodes.total(guards.only(bare)), "chunk": stream // _CHUNKS}
    for name in guards.NAMES:
        found[name] = whole - bytecodes.total(guards.guarded(bare, guards.without(name)))
    return found


def stored() -> dict[str, Budget]:
    found: dict[str, Budget] = json.loads(FILE.read_text()) if FILE.exists() else {}
    return found


def write(found: Budget) -> None:
    entries = {**stored(), VERSION: found}
    FILE.write_text(json.dumps(dict(sorted(entries.items())), indent=2) + "\n")


def deviations(found: Budget, budget: Budget) -> list[str]:
    """Return a sentence for every count that is off its budget. Below counts too: a protection that suddenly costs nothing may do
    nothing, and a budget that is too wide would hide the next one that gets dearer."""
    said = [
        f"{name}: {found[name]} bytecodes, the budget is {budget[name]}"
        for name in found
        if name in budget and abs(found[name] - budget[name]) > _TOLERANCE
    ]
    said += [f"{name}: {found[name]} bytecodes, and no budget" for name in found if name not in budget]
    return said + [f"{name}: a budget of {budget[name]}, and nothing that needs it" for name in budget if name not in found]
