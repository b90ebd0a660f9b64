"""What stands between a request and a store that is dead, stalled or overrun: nobody waits for long, and few wait at all.

Every call has a deadline. Only so many calls wait at once: one more fails at once, so that a stalled server fills no memory. After some
failures in a row nobody asks any more until a rest is over; then one call tries, and the others go on failing at once until it has
succeeded. A failure costs 1 µs instead of the deadline, and the server is left alone while it starts again.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, TypeVar

from buckler.core.options import need_positive
from buckler.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


class Breaker:
    """Runs the calls to one server, named `name` in the messages of its `StoreError`s. One event loop, or several that take turns.

    `wait_s`: how long one call may take, everything included. `max_waiting`: calls that wait at once. After `failures` calls in a row that
    failed, all fail at once for `rest_s`; then one is let through. `answered` names the exceptions with which a server that is alive
    answers (it is full, it is loading): these become `StoreError` too, but never open the breaker. Raises `ConfigError`.
    """

    def __init__(  # noqa: PLR0913  # five numbers and a clock; all have a default
        self,
        name: str,
        *,
        wait_s: float = 0.25,
        max_waiting: int = 1024,
        failures: int = 5,
        rest_s: float = 1.0,
        answered: tuple[type[Exception], ...] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        need_positive(self, wait_s=wait_s, max_waiting=max_waiting, failures=failures, rest_s=rest_s)
        self._name, self._wait_s, self._max_waiting, self._failures, self._rest_s = name, wait_s, max_waiting, failures, rest_s
        self._answered, self._monotonic = answered, monotonic
        self._failed = 0  # in a row
        self._until_s = 0.0  # the end of the rest, once it is open
        self._trying = False  # whether the one call is under way that may close it again
        self.waiting = 0

    @property
    def is_open(self) -> bool:
        """Whether calls fail at once, but for the one that tries."""
        return self._failed >= self._failures

    @property
    def lets_in(self) -> bool:
        """Whether a call would be made now: it is not open, and there is room."""
        return self.waiting < self._max_waiting and not self.is_open

    async def run(self, call: Callable[[], Awaitable[T]], *, timed: bool = True) -> T:
        """Return what `call()` returns. Raises `StoreError` for every failure, too late, too many and not tried included; and nothing
        else but the cancellation of the task that asks. A call that is late is cancelled: it must give up its connection then, because
        the answer to it is still on the way. `timed=False`: the call itself raises a TimeoutError after `wait_s`, because a timer for each
        call would be half of what the call costs."""
        trying = self._let_in()
        self.waiting += 1
        task = asyncio.current_task()
        cancelled_before = task.cancelling() if task else 0
        try:
            if timed:
                async with asyncio.timeout(self._wait_s):
                    found = await call()
            else:
                found = await call()
        except asyncio.CancelledError as failure:
            if task is None or task.cancelling() > cancelled_before:
                raise  # the request is gone; the server is not to blame
            self._count_failure()  # the client library gave up: whoever asked was not cancelled, and must not look so
            raise StoreError(f"{self._name}: the call was dropped") from failure
        except self._answered as failure:
            self._failed = 0
            raise StoreError(f"{self._name}: {failure}") from failure
        except Exception as failure:
            self._count_failure()
            raise StoreError(f"{self._name}: {self._said(failure)}") from failure
        finally:
            self.waiting -= 1
            if trying:
                self._trying = False
        self._failed = 0
        return found

    def _let_in(self) -> bool:
        """Whether this call is the one that tries. Raises `StoreError` where it must not be made at all."""
        if self.waiting >= self._max_waiting:
            raise StoreError(f"{self._name}: {self.waiting} calls are waiting already")
        if not self.is_open:
            return False
        if self._trying or self._monotonic() < self._until_s:
            raise StoreError(f"{self._name}: it failed {self._failed} times in a row, and is left alone for a moment")
        self._trying = True
        return True

    def _count_failure(self) -> None:
        self._failed += 1
        if self.is_open:
            self._until_s = self._monotonic() + self._rest_s

    def _said(self, failure: Exception) -> str:
        if isinstance(failure, TimeoutError):
            return f"no answer in {self._wait_s:g} s"
        return str(failure) or type(failure).__name__
