"""A file that another process holds while the store starts: waited for, but not for ever."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from buckler.errors import ConfigError
from buckler.stores.sqlite import SQLite

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE_S = 180


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def other(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the file, which keeps a rollback journal as yet."""
    with closing(sqlite3.connect(path, isolation_level=None)) as made:
        made.execute("CREATE TABLE other (column_1)")
        yield made


# EXCLUSIVE stops the first look at the file, IMMEDIATE lets that pass and stops the switch to the write-ahead log
@pytest.mark.parametrize("hold", ["EXCLUSIVE", "IMMEDIATE"])
def test_a_file_that_is_held_at_the_start_is_waited_for(hold: str, path: Path, other: sqlite3.Connection) -> None:
    made: list[SQLite] = []
    other.execute(f"BEGIN {hold}")
    starting = threading.Thread(target=lambda: made.append(SQLite(path)), daemon=True)
    starting.start()
    starting.join(0.2)
    assert starting.is_alive()
    assert not made
    other.execute("ROLLBACK")
    starting.join(PATIENCE_S)
    assert made
    with closing(sqlite3.connect(path)) as look:
        assert look.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("hold", ["EXCLUSIVE", "IMMEDIATE"])
def test_a_file_that_stays_held_stops_the_start(hold: str, path: Path, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buckler.stores.sqlite._START_S", 0.03)
    other.execute(f"BEGIN {hold}")
    with pytest.raises(ConfigError, match="locked"):
        SQLite(path)
    other.execute("ROLLBACK")
    SQLite(path)


def test_the_switch_is_tried_again(path: Path, other: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """The holder lets go during the first pause."""
    pauses: list[float] = []

    def pause(pause_s: float) -> None:
        pauses.append(pause_s)
        other.execute("ROLLBACK")

    monkeypatch.setattr("buckler.stores.sqlite.time.sleep", pause)
    other.execute("BEGIN IMMEDIATE")
    SQLite(path)
    assert len(pauses) == 1
