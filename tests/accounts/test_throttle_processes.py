"""Many attempts at once, in many worker processes: counted exactly."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from buckler.accounts import signin
from buckler.accounts.problems import AccountError
from buckler.accounts.throttle import Throttle
from buckler.core.clock import HandClock
from buckler.stores.sqlite import SQLite
from tests.accounts.attempts import WIDE, refused
from tests.accounts.flows import signed_up
from tests.accounts.stage import EMAIL, Stage

if TYPE_CHECKING:
    from multiprocessing.synchronize import Barrier
    from pathlib import Path

PROCESSES, ATTEMPTS, LIMIT = 4, 50, 10
PATIENCE_S = 180
SPAWN = multiprocessing.get_context("spawn")


async def _attack(path: Path, number: int) -> Counter[str]:
    stage = Stage(create_async_engine("sqlite+aiosqlite://"), throttle=Throttle(**WIDE | {"account": [f"{LIMIT}/hour", "100000/day"]}))
    store = SQLite(path, clock=HandClock(), busy_s=60)
    object.__setattr__(stage.guard.plan.site, "store", store)
    channels = ("page", "api", "passkey", "fresh")
    answers = await asyncio.gather(
        *(refused(stage, channels[at % 4], client=f"198.51.{number}.{at}", path=f"/{at}") for at in range(ATTEMPTS))
    )
    await store.close()
    await stage.close()
    return Counter(answer.problem.code if answer else "admitted" for answer in answers)


def _work(path: Path, number: int, barrier: Barrier, results: multiprocessing.Queue[Any]) -> None:
    try:
        barrier.wait(PATIENCE_S)
        results.put(asyncio.run(_attack(path, number)))
    except Exception as failure:  # noqa: BLE001  # the parent raises it
        results.put(f"{type(failure).__name__}: {failure}")
        barrier.abort()


def test_fifty_at_once_in_each_of_four_processes_never_exceed_the_limit(tmp_path: Path) -> None:
    """Limit overrun; CVE-2024-1722. From as many addresses, on four channels."""
    barrier, results = SPAWN.Barrier(PROCESSES), SPAWN.Queue()
    workers = [SPAWN.Process(target=_work, args=(tmp_path / "state.db", number, barrier, results)) for number in range(PROCESSES)]
    for worker in workers:
        worker.start()
    answers = [results.get(timeout=PATIENCE_S) for _ in workers]
    for worker in workers:
        worker.join(timeout=PATIENCE_S)
    assert not [answer for answer in answers if isinstance(answer, str)]
    assert sum(answers, Counter()) == {"admitted": LIMIT, "account.too_many": PROCESSES * ATTEMPTS - LIMIT}


@pytest.mark.parametrize("email", [EMAIL, "nobody@mail.example"])
async def test_of_fifty_sign_ins_at_once_five_look_at_the_password(stage: Stage, email: str) -> None:
    """And it is the same five, and the same answer, for an account and for none."""
    await signed_up(stage, stage.browser())
    looked_at: list[str] = []
    verify = stage.accounts.hasher.verify

    async def counted(kept: str | None, password: str) -> bool:
        looked_at.append(password)
        return await verify(kept, password)

    stage.accounts.hasher.__dict__["verify"] = counted

    async def attempt(number: int) -> str:
        with pytest.raises(AccountError) as raised:
            await stage.browser(f"198.51.100.{number}").call(signin.with_password, email, "not the password")
        return f"{raised.value.problem.code} {round(raised.value.retry_s)}"

    answers = Counter(await asyncio.gather(*(attempt(number) for number in range(50))))
    assert answers == {"account.credentials_wrong 0": 5, "account.too_many 12": 45}
    assert len(looked_at) == 5
