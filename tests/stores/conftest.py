"""A folder in shared memory for one test, and a server that is empty."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.stores.patience import be_patient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers.redis import RedisServer


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory, as in life: a writer that is stopped is then stopped in its own work, not in the disk's."""
    made = Path(tempfile.mkdtemp(prefix="buckler-test-", dir="/dev/shm"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that are not about a server that stands still."""
    be_patient(monkeypatch)


@pytest.fixture(params=["redis_server", "valkey_server"])
def server(request: pytest.FixtureRequest) -> RedisServer:
    """An empty Redis, and then an empty Valkey."""
    found: RedisServer = request.getfixturevalue(request.param)
    found.ask("FLUSHALL")
    return found
