"""The limits of single routes: several quotas, one question to the store."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, NamedTuple

from buckler.core.answer import refusal
from buckler.core.event import Event
from buckler.core.store import Take, Taken, key
from buckler.errors import StoreError
from buckler.protections.ratelimit.fields import policy_field, retry_field, state_field

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.answer import Refusal
    from buckler.core.rate import Rate
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.core.store import Op

EXCEEDED = refusal(429, "ratelimit.exceeded", "There were too many attempts.", "Wait a little, then try again.")
UNAVAILABLE = refusal(503, "ratelimit.unavailable", "The site cannot check this request at the moment.", "Try again in a few seconds.")
_PURPOSE = "ratelimit.counted"
_KEPT_BYTES = 15


class Quota(NamedTuple):
    """One quota that a request draws on. `name` is shown to clients, `space` keeps counters apart, `counted` is whose quota it is."""

    name: str
    rate: Rate
    space: str
    counted: str
    cost: int = 1
    guards: bool = False  # when the store is down, refuse


class Limits:
    """What `ratelimit` offers to framework adapters."""

    def __init__(self, site: Site, *, report_only: bool) -> None:
        self._site, self._report_only = site, report_only

    async def take(self, request: Request, quotas: Sequence[Quota]) -> Refusal | None:
        """Draw on all `quotas` in one round trip, in order: once one is refused, those after it are left as they are.

        Returns the refusal, or None, with the RateLimit fields added to the response. What was counted is stored as a keyed hash,
        never in clear.
        """
        ops: list[Op] = [Take(self._key(item), item.rate.limit, item.rate.period_s, item.cost, follows=True) for item in quotas]
        try:
            replies = await self._site.store.batch(ops)
        except StoreError:
            self._record(request, UNAVAILABLE, "note")
            return self._refused(request, UNAVAILABLE) if any(item.guards for item in quotas) else None
        states = [(item.name, reply) for item, reply in zip(quotas, replies, strict=True) if isinstance(reply, Taken)]
        shown = (state_field(states), policy_field((item.name, item.rate) for item in quotas))
        if all(taken.allowed for _, taken in states):
            request.extra_headers += shown
            request.touched = True
            return None
        return self._refused(request, EXCEEDED.with_headers(retry_field(max(taken.retry_s for _, taken in states)), *shown))

    def _refused(self, request: Request, what: Refusal) -> Refusal | None:
        if not self._report_only:
            return what
        self._record(request, what, "report")
        return None

    def _record(self, request: Request, what: Refusal, mode: str) -> None:
        site = self._site
        site.events.append(Event(what.code, site.clock.now(), mode, request.method, request.path, request.client))

    def _key(self, quota: Quota) -> str:
        proof = self._site.keys.prove(_PURPOSE, quota.counted.encode("utf-8", "surrogatepass"))[:_KEPT_BYTES]
        rate = quota.rate
        return key("limit", quota.space, quota.name, f"{rate.limit}/{rate.period_s}", base64.b64encode(proof).decode())
