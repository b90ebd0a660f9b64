"""What goes into the simulation: medians of what was measured, and what was assumed, each by its name."""

from __future__ import annotations

import json
from statistics import median
from typing import Any, NamedTuple

from bench.servers import ROOT

RESULTS = ROOT / "bench" / "results"
FOLDER = RESULTS / "simulation"


class Inputs(NamedTuple):
    """Microseconds of processor time, each for one core."""

    page_us: float  # a FastAPI page behind Buckler, all of the server process
    refused_us: float  # a request that is refused before the application
    take_node_us: float  # a limit that asks the store, in the node that asks
    take_store_us: float  # the same, in the store's server
    leased_node_us: float  # a limit that is answered by a lease
    write_store_us: float  # a write, in the store's server
    push_store_us: float  # telling one listener of it, in the store's server
    push_node_us: float  # hearing it, in a node
    one_way_us: float = 250.0  # assumed: half a round trip between two machines of one data centre


def read() -> tuple[Inputs, dict[str, str]]:
    """Return the newest inputs, and the files that they come from."""
    server, own = _newest(RESULTS.glob("2*.json")), _newest(FOLDER.glob("measured-*.json"))
    rows: dict[str, Any] = json.loads(server.read_text())["server"]["uvicorn"]
    us: dict[str, list[float]] = json.loads(own.read_text())["us"]
    page_us, refused_us = (median(cell["cpu_us"] for cell in rows[row]) for row in ("fastapi_buckler", "fastapi_buckler_refused"))
    names = ("take_node", "take_store", "leased_node", "write_store", "push_store", "push_node")
    inputs = Inputs(page_us, refused_us, *(median(us[name]) for name in names))
    return inputs, {"server": str(server.relative_to(ROOT)), "store": str(own.relative_to(ROOT))}


def _newest(files: Any) -> Any:
    found = max(files, default=None)
    if found is None:
        raise SystemExit("nothing was measured yet: run `python -m bench`, then `python -m bench.simulation --measure`")
    return found
