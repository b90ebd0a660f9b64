"""Every lie that a provider, or somebody in its name, can tell: one row each, and the reason that the operator reads.

Without a lie the same way ends well (`test_the_truth`), so that each row shows its own check at work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from buckler.accounts.problems import AccountError
from buckler.accounts.providers import Claimed, flow, remote
from tests.accounts.providers.lies import REFUSED, UNREACHABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.accounts.providers.evil import Evil
    from tests.accounts.providers.scene import Scene


pytestmark = pytest.mark.asyncio(loop_scope="module")
SHORT_S = 0.3  # for lies that are told late; for all others there is time, however busy the machine is


async def test_the_truth(scene: Scene) -> None:
    assert await scene.tried() == Claimed("evil", "mira", "mira@mail.example", True, "sign_in", "/settings", "Mira")


async def _fails(scene: Scene, lie: Callable[[Evil], None], reason: str, **options: Any) -> AccountError:
    lie(scene.evil)
    if scene.evil.wait_s:
        options["timeout_s"] = SHORT_S
    with pytest.raises(AccountError) as caught:
        await scene.tried(**options)
    said = scene.reasons()
    assert reason in said, said
    assert "\n" not in said, "one failure is one line"
    assert said.isprintable()
    assert not any(secret in said for secret in ("mira@", "eyJ", "code-of-the-test", "access.of"))
    assert await scene.browser.do(_nobody), "nobody is signed in by a lie"
    return caught.value


async def _nobody(visit: Any) -> bool:
    return visit.session.person is None


@pytest.mark.parametrize(("lie", "reason"), REFUSED.values(), ids=REFUSED)
async def test_what_is_not_true_is_refused(lie: Callable[[Evil], None], reason: str, scene: Scene) -> None:
    error = await _fails(scene, lie, reason, trusted_audiences=["friend"])
    assert error.problem is flow.REFUSED
    assert error.values == {"provider": "Evil"}, "the visitor reads the provider's name, and none of its words"


@pytest.mark.parametrize(("lie", "reason"), UNREACHABLE.values(), ids=UNREACHABLE)
async def test_what_cannot_be_read_is_the_operators_business(lie: Callable[[Evil], None], reason: str, scene: Scene) -> None:
    error = await _fails(scene, lie, reason)
    assert (error.problem, error.problem.status) == (flow.UNREACHABLE, 503)
    assert error.retry_s == remote.FAILED_S
