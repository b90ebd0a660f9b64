"""`buckler run` that is told to stop while it is still starting: the same code and the same last word as later."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.serve.conftest import ROOT, START_S, STOP_S, Run
from tests.servers.program import free_port

if TYPE_CHECKING:
    from pathlib import Path

# Whoever is busy for long sleeps in short steps: Python forgets a signal that comes in the instant before it falls asleep until it awakes.
SLOW = """
import asyncio, os, sys, time
from pathlib import Path

def reach(stage):
    Path(stage).touch()
    return Path("stop-at").read_text() == stage

def pause(stage):
    if reach(stage):
        for _ in range(1200):
            time.sleep(0.1)

WORKER = "BUCKLER_SERVE_PARENT" in os.environ
pause("worker-import" if WORKER else "import")

async def app(scope, receive, send):
    await receive()
    if reach("lifespan"):
        await asyncio.sleep(LIFESPAN_S)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})

async def prepare():
    try:
        pause("prepare")
        if reach("prepare-async"):
            for _ in range(1200):
                await asyncio.sleep(0.1)
    finally:
        Path("left-in-order").touch()
"""
FIRST = """
import time
from pathlib import Path
Path("first-import").touch()
for _ in range(1200):
    time.sleep(0.1)
"""
START = """
from buckler.serve.load import load
from buckler.serve.options import Serving
from buckler.serve.start import files_of, start
if __name__ == "__main__":
    import sys
    serving = Serving(app="shop:app", port=int(sys.argv[1]), server=sys.argv[2], stop_s=1)
    start(serving, files_of(serving), load(serving.app), announce=lambda: None)
"""
STAGES = ("first-import", "import", "prepare", "prepare-async", "banner", "worker-import", "lifespan")


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(SLOW.replace("LIFESPAN_S", "1"))
    return tmp_path


def until(path: Path, process: subprocess.Popen[bytes], limit_s: float = START_S) -> None:
    ends_s = time.monotonic() + limit_s
    while not path.exists():
        assert process.poll() is None, "it has ended"
        assert time.monotonic() < ends_s, f"{path.name} does not come"
        time.sleep(0.005)


def halted(folder: Path, stage: str, server: str) -> Run:
    """`buckler run`, which has reached the stage and stays there."""
    (folder / "stop-at").write_text(stage)
    if stage == "first-import":
        (folder / "click.py").write_text(FIRST)  # the folder comes first on the import path
    run = Run(folder, "--server", server)
    if stage != "banner":
        until(folder / stage, run.process)
    while stage == "banner" and "Ctrl-C" not in run.said():
        assert run.process.poll() is None
        time.sleep(0.005)
    return run


@pytest.mark.parametrize("server", ["uvicorn", "granian"])
@pytest.mark.parametrize("stage", STAGES)
def test_a_terminals_interrupt_at_any_moment_ends_it_quietly(slow: Path, stage: str, server: str) -> None:
    run = halted(slow, stage, server)
    os.killpg(run.process.pid, signal.SIGINT)
    assert run.process.wait(STOP_S) == 0, run.said()
    ended_quietly(run)


@pytest.mark.parametrize("stage", STAGES)
def test_so_does_a_request_to_end(slow: Path, stage: str) -> None:
    run = halted(slow, stage, "uvicorn")
    assert run.stop(signal.SIGTERM) == 0, run.said()
    ended_quietly(run)


def ended_quietly(run: Run) -> None:
    said = run.said()
    assert said.endswith("Stopped.\n")
    assert "Traceback" not in said
    _, _, after = said.partition("Ctrl-C ends it.")
    assert (after or said).split() == ["Stopped."], "not a word more"
    assert (run.folder / "prepare").exists() == (run.folder / "left-in-order").exists()


@pytest.mark.parametrize("server", ["uvicorn", "granian"])
def test_a_worker_that_is_stuck_in_its_startup_is_not_waited_for(tmp_path: Path, server: str) -> None:
    (tmp_path / "shop.py").write_text(SLOW.replace("LIFESPAN_S", "120"))
    (tmp_path / "begin.py").write_text(START)
    (tmp_path / "stop-at").write_text("lifespan")
    command = [sys.executable, "begin.py", str(free_port()), server]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen(command, cwd=tmp_path, env=environment) as process:
        until(tmp_path / "lifespan", process)
        process.send_signal(signal.SIGINT)
        assert process.wait(STOP_S) == 0
