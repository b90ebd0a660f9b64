"""Where the bytecodes of an anonymous GET go, function by function: `python -m bench profile`."""

from __future__ import annotations

from bench import guards
from bench.inprocess import bytecodes
from bench.inprocess.drive import scope
from bench.peers.bare import bare


def table() -> str:
    """Return the table, dearest function first."""
    found = bytecodes.by_function(guards.guarded(bare), scope())
    whole = sum(count.bytecodes for count in found.values())
    lines = [f"{'bytecodes':>9} {'share':>6} {'calls':>5}  function"]
    for name, count in sorted(found.items(), key=lambda item: -item[1].bytecodes):
        lines.append(f"{count.bytecodes:9} {count.bytecodes / whole:6.1%} {count.calls:5}  {name}")
    return "\n".join([*lines, f"{whole:9} {1:6.0%} {sum(count.calls for count in found.values()):5}  anonymous GET, everything on"])
