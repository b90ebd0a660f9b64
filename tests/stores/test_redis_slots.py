"""How a batch is divided among the slots of a Cluster, and what its servers say about them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.core.store import Get, Op, Take, Taken, gcra
from buckler.errors import StoreError
from buckler.stores.redis_cluster import SLOTS, _address, _owners, divided
from buckler.stores.redis_node import Address

HERE = Address("here", 1)

OPS = st.lists(
    st.tuples(
        st.one_of(
            st.builds(Take, st.sampled_from("abcd"), st.integers(1, 3), st.just(60.0), st.integers(1, 2), st.booleans()),
            st.builds(Get, st.sampled_from("abcd")),
        ),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=8,
)


@given(OPS)
def test_a_divided_batch_decides_as_an_undivided_one(given_ops: list[tuple[Op, int]]) -> None:
    """Each key in one slot; parts are done stage by stage, each knowing only the Take that it follows."""
    ops: list[Op] = [op for op, _ in given_ops]
    slots_of = {op.key: slot for op, slot in reversed(given_ops)}
    parts = divided(ops, [slots_of[op.key] for op in ops])
    assert sorted(number for part in parts for number in part.numbers) == list(range(len(ops)))
    assert len({(part.slot, part.stage) for part in parts}) == len(parts)
    assert [part.stage for part in parts] == sorted(part.stage for part in parts)
    replies: dict[int, Taken] = {}
    due: dict[str, float] = {}
    for part in parts:
        before = replies[part.after].allowed if part.after >= 0 else True
        for number in part.numbers:
            before = _done(ops, number, due, replies, before=before)
    whole: dict[int, Taken] = {}
    due.clear()
    before = True
    for number in range(len(ops)):
        before = _done(ops, number, due, whole, before=before)
    assert replies == whole


def _done(ops: list[Op], number: int, due: dict[str, float], replies: dict[int, Taken], *, before: bool) -> bool:
    op = ops[number]
    if not isinstance(op, Take):
        return before
    due[op.key], replies[number] = gcra(due.get(op.key, 0.0), 1000.0, op, before=before)
    return replies[number].allowed


def test_takes_in_different_slots_are_taken_at_once_unless_one_follows() -> None:
    takes = [Take("a", 1, 1), Take("b", 1, 1), Take("c", 1, 1, follows=True)]
    assert {part.stage for part in divided(takes[:2], [1, 2])} == {0}
    assert [(part.stage, part.after) for part in divided(takes, [1, 2, 1])] == [(0, -1), (0, -1), (1, 1)]


def test_redirections_and_maps_are_read() -> None:
    assert _address("10.0.0.1:7000", HERE) == Address("10.0.0.1", 7000)
    assert _address("::1:7000", HERE) == Address("::1", 7000)
    assert _address(":7000", HERE) == Address("here", 7000)
    for odd in ("x", ":", "a:b"):
        with pytest.raises(StoreError, match="no server"):
            _address(odd, HERE)
    with pytest.raises(StoreError, match="no server"):
        _address(":7000", None)
    half = _owners([[0, 8191, [b"a", 1, b"id"], [b"replica", 2, b"id"]], [8192, 8192, [None, 5, b"id", []]]], HERE)
    assert (half[0], half[8191], half[8192], half[8193]) == (Address("a", 1), Address("a", 1), Address("here", 5), None)
    for nonsense in (b"x", [1], [[0, 1]], [[0, 99999, [b"a", 1]]], [[b"0", 1, [b"a", 1]]], [[0, 1, [1, 1]]], [[0, 1, [b"\xff", 1]]]):
        with pytest.raises(StoreError, match="understood"):
            _owners(nonsense, HERE)
    assert len(half) == SLOTS
