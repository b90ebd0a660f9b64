"""`python -m bench.simulation`: simulate, and write bench/results/simulation/DATE.json and docs/scale.md. See `--help`."""

from __future__ import annotations

import argparse
import json
import sys

from bench.facts import today
from bench.servers import ROOT
from bench.simulation import inputs, leases, losses, page, pushes, shedding

parser = argparse.ArgumentParser(prog="python -m bench.simulation", description="What one node was measured to do, for up to 1,000 nodes.")
parser.add_argument("--measure", action="store_true", help="measure the store's part first (needs redis-server and redis-benchmark)")
parser.add_argument("--page", action="store_true", help="only write the page again, from the newest results")
asked = parser.parse_args()
if asked.measure:
    from bench.simulation.measure import measured  # needs the client of Redis

    measured()
if not asked.page:
    found, files = inputs.read()
    results = {
        "date": today(),
        "from": files,
        "inputs": found._asdict(),
        "leases": leases.run(),
        "pushes": pushes.run(found),
        "told": [{"writes_per_s": writes, "nodes": pushes.nodes_of_one_store(found, writes)} for writes in pushes.WRITES_PER_S],
        "shedding": shedding.run(found),
        "losses": losses.run(found),
    }
    (inputs.FOLDER / f"{results['date']}.json").write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
page.write(page.newest())
print(f"written: {page.PAGE.relative_to(ROOT)}")
sys.exit(0)
