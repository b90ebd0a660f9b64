"""The limits of single routes: several quotas, one question to the store."""

from __future__ import annotations

import base64
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from buckler.core.answer import refusal
from buckler.core.event import Event
from buckler.core.store import key
from buckler.errors import StoreError
from buckler.protections.ratelimit.fields import policy_field, retry_field, state_field
from buckler.protections.ratelimit.leases import Leases, Renewal
from buckler.protections.ratelimit.meter import NOTE, Meter
from buckler.protections.ratelimit.quota import Calls, Cpu, cpu

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.answer import Refusal
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.core.store import Op, Reply, Taken
    from buckler.protections.ratelimit.quota import Quota

    Drawn = Calls | Cpu
    States = list[tuple[str, Taken]]  # of quotas, by their names

EXCEEDED = refusal(429, "ratelimit.exceeded", "There were too many attempts.", "Wait a little, then try again.")
UNAVAILABLE = refusal(503, "ratelimit.unavailable", "The site cannot check this request at the moment.", "Try again in a few seconds.")
_PURPOSE = "ratelimit.counted"
_KEPT_BYTES = 15
_NEWEST = 0.2  # what the last request weighs in what a route's next one is expected to use


class Limits:
    """What `ratelimit` offers to framework adapters."""

    def __init__(self, site: Site, *, report_only: bool, max_leases: int = 10_000) -> None:
        self._site, self._report_only = site, report_only
        self._leases = Leases(site.clock.monotonic, max_leases)
        self._expected_us: dict[str, float] = {}  # what a request of a route uses; as many as there are limits in the code

    async def take(self, request: Request, quotas: Sequence[Quota]) -> Refusal | None:
        """Draw on all `quotas` in one round trip, in order: once one is refused, those after it are left as they are. Where all of them are
        leased, and the leases are enough, no round trip is needed.

        Returns the refusal, or None, with the RateLimit fields added to the response. What was counted is stored as a keyed hash,
        never in clear.
        """
        drawn = [self._drawn(item) for item in quotas]
        states = self._locally(quotas, drawn)
        if states is None:
            try:
                states = await self._asked(quotas, drawn)
            except StoreError:
                self._record(request, UNAVAILABLE, "note")
                return self._refused(request, UNAVAILABLE) if any(item.guards for item in quotas) else None
        shown = (
            state_field(states),
            policy_field((item.name, item.rate, "cpu-ms" if item.cpu else "") for item in quotas),
        )
        if all(taken.allowed for _, taken in states):
            request.extra_headers += shown
            request.touched = True
            self._follow(request, drawn, quotas)
            return None
        return self._refused(request, EXCEEDED.with_headers(retry_field(max(taken.retry_s for _, taken in states)), *shown))

    def _drawn(self, item: Quota) -> Drawn:
        if not item.cpu:
            return Calls(self._key(item), item.rate, item.cost)
        return cpu(self._key(item), item.rate, item.cost, self._expected_us.get(item.space, 0.0))

    def _locally(self, quotas: Sequence[Quota], drawn: Sequence[Drawn]) -> States | None:
        """The answers of the leases; None where the store is to be asked. A refusal that is known needs no other quota to be asked."""
        found: States = []
        answers = self._leases.spend([(draw.key if item.lease else "", item.cost) for item, draw in zip(quotas, drawn, strict=True)])
        for item, known in zip(quotas, answers, strict=True):
            if known is not None and not known.allowed:
                return [(item.name, known)]
            if known is not None:
                found.append((item.name, known))
        return found if len(found) == len(quotas) else None

    async def _asked(self, quotas: Sequence[Quota], drawn: Sequence[Drawn]) -> States:
        """The answers of the store, in one round trip."""
        renewal = Renewal(self._leases)
        leased = [(draw.key, item.rate, item.lease) for item, draw in zip(quotas, drawn, strict=True) if item.lease]
        if len(leased) == len(quotas):  # else every request asks anyhow, and a lease would only lie about
            for lease in leased:
                renewal.add(*lease)
        own = [draw.ops() for draw in drawn]
        begin = len(renewal.before)
        end = begin + sum(map(len, own))
        replies: list[Reply] = []
        try:
            replies = await self._site.store.batch([*renewal.before, *chain.from_iterable(own), *renewal.after])
            answers = iter(replies[begin:end])
            states = [draw.read([next(answers) for _ in ops]) for draw, ops in zip(drawn, own, strict=True)]
            for item, draw, taken in zip(quotas, drawn, states, strict=True):
                if item.lease:
                    self._leases.told(draw.key, item.cost, taken, item.lease)
        finally:
            renewal.done(replies[end:])
        return [(item.name, taken) for item, taken in zip(quotas, states, strict=True)]

    def _follow(self, request: Request, drawn: Sequence[Drawn], quotas: Sequence[Quota]) -> None:
        """Have the meter say what was used, when the request is over. A route that is not measured has its estimate alone."""
        meter = request.noted(NOTE)
        spaces = [(item.space, draw) for item, draw in zip(quotas, drawn, strict=True) if isinstance(draw, Cpu)]
        if spaces and isinstance(meter, Meter):
            meter.due.append(partial(self._settle, spaces))

    async def _settle(self, spaces: Sequence[tuple[str, Cpu]], used_us: int) -> None:
        """Count what was used and not asked for; what was asked for and not used is given back."""
        for space in {space for space, _ in spaces}:
            expected_us = self._expected_us.get(space, used_us)
            self._expected_us[space] = expected_us + (used_us - expected_us) * _NEWEST
        ops: list[Op] = [op for _, draw in spaces if (op := draw.settle(used_us))]
        try:
            if ops:
                await self._site.store.batch(ops)
        except StoreError as failure:
            site = self._site
            site.events.append(Event(UNAVAILABLE.code, site.clock.now(), "note", detail=f"{used_us} µs were not counted: {failure}"))

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
