"""No byte that was written for one person ever reaches another: many people, routes, interleavings, failures, and both levels of a store.

The same harness finds the leak where one thing is broken on purpose: a harness that finds nothing proves nothing.
"""

from __future__ import annotations

import asyncio
import random
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from buckler.cache.person import PersonSeal
from buckler.core import taint
from buckler.core.store import Reach
from buckler.guard.cache import keys, persons, rules, serving, shared
from tests.leaks.world import PATHS, PEOPLE, Step, World, live

if TYPE_CHECKING:
    from collections.abc import Callable

_ASK = st.tuples(st.sampled_from(PEOPLE), st.sampled_from([0, 1]), st.sampled_from(PATHS))
_STEP = st.one_of(
    st.builds(Step, st.just("ask"), st.lists(_ASK, min_size=3, max_size=12).map(tuple)),
    st.builds(Step, st.sampled_from(["sign_in", "sign_out", "purge"]), st.tuples(_ASK)),
    st.builds(Step, st.just("later"), st.just(()), st.sampled_from([0.5, 1.0, 7.0, 29.0, 31.0])),
    st.builds(Step, st.just("store")),
)
_ARRIVALS = [Step("sign_in", ((person, 0, ""),)) for person in PEOPLE if person]


def _lived(script: list[Step], pauses: list[int], reach: Reach) -> World:
    return asyncio.run(live(World(cycle(pauses), reach), [*_ARRIVALS, *script]))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    script=st.lists(_STEP, min_size=1, max_size=25),
    pauses=st.lists(st.integers(0, 6), min_size=1, max_size=9),
    reach=st.sampled_from([Reach.PROCESS, Reach.MACHINE, Reach.NETWORK]),
)
def test_what_was_written_for_one_person_reaches_nobody_else(script: list[Step], pauses: list[int], reach: Reach) -> None:
    assert _lived(script, pauses, reach).leaks == []


def _crowds(seed: int) -> tuple[list[Step], list[int]]:
    """Everybody asks for everything, in an order and with pauses of their own, while time goes on and the store comes and goes."""
    chance = random.Random(seed)
    script: list[Step] = []
    for _ in range(6):
        asks = [(person, guard, path) for person in PEOPLE for guard in (0, 1) for path in PATHS]
        chance.shuffle(asks)
        script += [Step("ask", tuple(asks[at : at + 9])) for at in range(0, len(asks), 9)]
        script.append(Step("later", value=chance.choice([1.0, 10.0, 31.0])))
        script += chance.choice([[], [Step("purge", (("mira", 0, ""),))], [Step("store"), Step("ask", tuple(asks[:20])), Step("store")]])
        script.append(Step(chance.choice(["sign_in", "sign_out"]), ((chance.choice(PEOPLE), 1, ""),)))
        script += _ARRIVALS
    return script, [chance.randrange(5) for _ in range(17)]


@pytest.mark.parametrize("reach", list(Reach))
def test_crowds_leak_nothing_and_are_served_from_the_cache(reach: Reach) -> None:
    """Else the property above would hold for a cache that keeps nothing."""
    world = _lived(*_crowds(1), reach)
    assert world.leaks == []
    assert world.kept > 50


def _blind_to_headers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(serving, "watched", lambda headers, _: list(headers))


def _blind_to_keys(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(taint, "asks_who", lambda name: name in taint.PERSONAL)


def _blind_to_sessions(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(shared, "getattr", lambda thing, name, *other: name != "used" and getattr(thing, name, *other), raising=False)


def _one_person_for_all(patch: pytest.MonkeyPatch) -> None:
    plain_seal, plain_open = PersonSeal.seal, PersonSeal.open
    patch.setattr(persons, "person_key", lambda key, _: key)
    patch.setattr(PersonSeal, "seal", lambda self, _, place, raw: plain_seal(self, "", place, raw))
    patch.setattr(PersonSeal, "open", lambda self, _, place, raw: plain_open(self, "", place, raw))


def _keeps_cookies(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rules, "_of_itself", lambda *_: "")
    patch.setattr(rules, "_NOT_KEPT", rules._NOT_KEPT - {b"set-cookie"})


def _ignores_vary(patch: pytest.MonkeyPatch) -> None:
    for module in (keys, rules, shared):
        patch.setattr(module, "vary_of", lambda _: (), raising=False)


def _keeps_what_is_personal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(shared.Shared, "_personal", lambda *_: "")


BROKEN = (
    _blind_to_headers,
    _blind_to_keys,
    _blind_to_sessions,
    _one_person_for_all,
    _keeps_cookies,
    _ignores_vary,
    _keeps_what_is_personal,
)


@pytest.mark.parametrize("broken", BROKEN)
def test_the_harness_finds_the_leak_of_a_broken_variant(
    broken: Callable[[pytest.MonkeyPatch], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    assert any(_lived(*_crowds(seed), Reach.MACHINE).leaks for seed in range(3))
