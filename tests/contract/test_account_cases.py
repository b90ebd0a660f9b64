"""Every case about accounts: on accounts as they are no attack succeeds and every honest person passes; on an application that makes
every mistake, each attack succeeds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from buckler.accounts.cases import CASES
from buckler.accounts.throttle import Throttle
from buckler.core.case import Target
from buckler.core.clock import HandClock
from buckler.core.play import Player, Witness
from tests.contract.accounts_site import PATHS, PEOPLE, Ground
from tests.contract.careless_accounts import CODE, Careless
from tests.contract.careless_limits import LIMITS
from tests.contract.careless_tokens import KEY

if TYPE_CHECKING:
    from buckler.core.case import Case, Transcript

IDS = [case.name for case in CASES]

# A limit that is there and does not hold is a better proof than none: which one the case gets round.
GETS_ROUND = {
    "word_list_from_everywhere": "by_client",
    "one_password_for_all": "by_account",
    "claimed_addresses": "by_claimed_address",
    "unreadable_address": "by_claimed_address",
    "claimed_addresses_behind_a_proxy": "by_claimed_address",
    "unreadable_address_behind_a_proxy": "by_claimed_address",
    "own_success_between": "by_client_until_a_success",
    "two_slashes": "by_path",
    "slash_at_the_end": "by_path",
    "slash_within": "by_path",
    "encoded_path": "by_path",
    "capitals_in_the_path": "by_path",
    "query": "by_path",
    "capitals_in_the_address": "by_spelling",
    "wide_letters": "by_spelling",
    "spaces_around": "by_spelling",
    "page_after_api": "by_channel",
    "api_after_page": "by_channel",
    "confirming_after_api": "by_channel",
    "api_after_confirming": "by_channel",
    "new_password_after_api": "by_channel",
    "codes": "at_the_first_step",
    "codes_begun_anew": "by_half_sign_in",
    "locked_out": "by_account",
}
# Where a proof is asked for once more, and the asking has its hole.
ASKED_ONCE_MORE = {"nothing_shown", "confirmed_in_another_browser"}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground(tmp_path_factory.mktemp("ground"))


@pytest.mark.parametrize("case", CASES, ids=IDS)
async def test_accounts_as_they_are(ground: Ground, case: Case) -> None:
    transcript = await ground.play(case)
    if case.honest:
        assert case.succeeds(transcript), f"an honest person was turned away: {transcript}"
        return
    assert not case.succeeds(transcript), f"the attack got through: {transcript}"
    assert not {heard.status for heard in transcript[:-1]} & {404, 405, 422}, "what leads up to it must be played in earnest"
    if case.refused:
        assert transcript[-1].code == case.refused, transcript[-1]


LIMITED = [case for case in CASES if case.refused == "account.too_many"]


@pytest.mark.parametrize("case", LIMITED, ids=[case.name for case in LIMITED])
async def test_it_is_the_limit_that_stops_it(ground: Ground, case: Case) -> None:
    """Accounts as they are but for their limits, which only report: every one of these attacks gets through."""
    transcript = await ground.play(case, throttle=Throttle(report_only=True))
    assert case.succeeds(transcript), transcript


async def _carelessly(case: Case) -> Transcript:
    clock = HandClock()
    limit = LIMITS[GETS_ROUND[case.name]]() if case.name in GETS_ROUND else None
    app = Careless(PEOPLE, clock, limit, fresh_s=600.0 if case.name in ASKED_ONCE_MORE else math.inf)

    async def newest() -> str:
        return app.newest

    witness = Witness(app)
    target = Target(paths=PATHS, fills={**PEOPLE, "link": newest, "code": CODE, "public_key": KEY.decode()})
    return await Player(witness, witness, target, clock).play(case)


@pytest.mark.parametrize("case", CASES, ids=IDS)
async def test_teeth(case: Case) -> None:
    """A probe that cannot fail proves nothing: where every mistake is made, every attack succeeds, and honest people pass there too."""
    transcript = await _carelessly(case)
    assert case.succeeds(transcript), transcript


def test_every_limit_that_does_not_hold_is_got_round() -> None:
    assert set(GETS_ROUND.values()) == set(LIMITS)
    assert set(GETS_ROUND) | ASKED_ONCE_MORE <= set(IDS)


def test_a_case_has_one_name() -> None:
    assert len(set(IDS)) == len(IDS)
