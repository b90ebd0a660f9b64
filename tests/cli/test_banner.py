"""What is told about an application when it starts."""

from __future__ import annotations

import pytest

from buckler.cli.banner import _store
from buckler.core.store import Able, Reach
from buckler.stores.memory import Memory
from buckler.testing import guarded
from tests.guard.odd import ok


class Far(Memory):
    able = Able(Reach.NETWORK)

    def pushes(self, callback: object) -> None: ...

    def heard_s(self) -> float:
        return 0.0


@pytest.mark.parametrize(("store", "name"), [(Far(), "Far"), (Memory(), "Memory [yellow](each worker counts for itself)[/]")])
def test_the_store_is_told_by_its_own_name(store: Memory, name: str) -> None:
    assert _store(guarded(ok, store=store).plan.site.store) == name
