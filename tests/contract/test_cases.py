"""Every case of every protection x {alone on, all on, all off}: attacks end as stated, honest visitors pass, and every attack has teeth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from buckler.protections import DEFAULTS
from buckler.testing import only, play

if TYPE_CHECKING:
    from buckler.core.case import Case, Transcript

PAIRS = [(kind, case) for kind in DEFAULTS for case in kind.cases]
IDS = [f"{kind.card.name}.{case.name}" for kind, case in PAIRS]
BY_NAME = {kind.card.name: kind for kind in DEFAULTS}


def _ends_well(case: Case, transcript: Transcript, *, exact: bool) -> None:
    last = transcript[-1]
    if case.honest:
        assert case.succeeds(transcript), f"an honest visitor was turned away: {last}"
        assert not last.code
        return
    assert not case.succeeds(transcript), f"the attack got through: {last}"
    if case.refused and exact:
        assert last.code in {case.refused, ""} if last.status == 403 else last.code == case.refused


@pytest.mark.parametrize(("kind", "case"), PAIRS, ids=IDS)
async def test_alone_on(kind: Any, case: Case) -> None:
    changes = only(kind(**case.options), *(BY_NAME[name]() for name in kind.card.needs if name in BY_NAME))
    _ends_well(case, await play(case, changes), exact=True)


@pytest.mark.parametrize(("kind", "case"), PAIRS, ids=IDS)
async def test_all_on(kind: Any, case: Case) -> None:
    _ends_well(case, await play(case, [kind(**case.options)]), exact=False)


@pytest.mark.parametrize("case", [case for _, case in PAIRS], ids=IDS)
async def test_teeth(case: Case) -> None:
    """With everything off, an attack gets through (a probe that cannot fail proves nothing) and an honest visitor passes."""
    assert case.succeeds(await play(case, only()))
