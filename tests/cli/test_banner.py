"""What is told about an application when it starts."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

from buckler.cli.banner import show
from buckler.core.store import Able, Reach
from buckler.serve.ca import Files
from buckler.serve.load import Loaded
from buckler.serve.options import Serving
from buckler.stores.memory import Memory
from buckler.testing import guarded
from tests.guard.odd import ok


class Far(Memory):
    able = Able(Reach.NETWORK)

    def pushes(self, callback: object) -> None: ...

    def heard_s(self) -> float:
        return 0.0


class OfTheMachine(Memory):
    able = Able(Reach.MACHINE)


class Own(Memory):
    """Somebody's own store that says that it is this process's alone."""


def said(app: object, *, workers: int = 2) -> str:
    """The banner, as a pipe gets it."""
    console = Console(file=StringIO(), width=120, highlight=False)
    files = Files(Path("certificate.pem"), Path("key.pem"))
    show(console, Serving(app="shop:app", workers=workers), files, Loaded(app, ModuleType("shop")))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("store", [Far(), OfTheMachine(), Memory()])
def test_the_store_is_told_by_its_own_name(store: Memory) -> None:
    rows = [line.split() for line in said(guarded(ok, store=store)).splitlines()]
    assert ["store", type(store).__name__] in rows


@pytest.mark.parametrize("store", [Memory(), Own()])
def test_workers_that_share_nothing_are_told_with_the_fix(store: Memory) -> None:
    told = said(guarded(ok, store=store), workers=4)
    assert f"4 workers, and each has a {type(store).__name__} store of its own." in told
    for part in ("a stranger to the others", 'pip install "buckler[shared]"', "app = Guard(…, store=Shared())", "--workers 1"):
        assert part in told


@pytest.mark.parametrize(("store", "workers"), [(Memory(), 1), (OfTheMachine(), 4), (Far(), 4)])
def test_nothing_is_told_where_nothing_is_wrong(store: Memory, workers: int) -> None:
    assert "of its own" not in said(guarded(ok, store=store), workers=workers)


def test_an_application_without_a_guard_is_told_and_no_more() -> None:
    told = said(ok)
    assert "not wrapped in buckler.Guard" in told
    assert "of its own" not in told
