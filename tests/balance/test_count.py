from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from buckler.balance.count import counted
from buckler.core.address import parse_address
from buckler.core.event import printable

if TYPE_CHECKING:
    from pathlib import Path


def test_the_same_number_every_time() -> None:
    numbers = []
    for _ in range(3):
        with counted() as counter:
            printable("a")
            printable("b")
        numbers.append(counter.count)
    assert numbers[0] > 10
    assert len(set(numbers)) == 1


def test_longer_work_counts_more() -> None:
    with counted() as short:
        printable("a")
    with counted() as long:
        parse_address("2001:db8::1")
    assert long.count > short.count


def test_code_that_is_not_ours_does_not_count() -> None:
    with counted() as counter:
        sorted(range(1000), key=lambda number: -number)
    assert counter.count == 0


def test_a_third_partys_file_counts_where_it_is_named() -> None:
    with counted(frozenset({__file__})) as counter:
        _theirs()
    assert counter.count > 5


def _theirs() -> int:
    return sum([number * 2 for number in range(10)])


def test_whoever_traced_before_traces_again(tmp_path: Path) -> None:
    before = sys.gettrace()
    with counted():
        pass
    assert sys.gettrace() is before
