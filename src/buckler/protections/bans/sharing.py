"""What the workers of a site ask each other about a suspect, and tell: in the round trip that a request makes anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.store import Get, Take, Taken, key
from buckler.protections.bans.ban import read
from buckler.protections.bans.ledger import NEWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.answer import Refusal
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.core.store import Op, Reply
    from buckler.protections.bans.ledger import Ledger
    from buckler.protections.bans.suspects import Suspect

_ASK_S = 5.0  # between two questions of one worker about one client, or for the news


class Sharing:
    """The questions and what is made of the answers."""

    def __init__(self, site: Site, ledger: Ledger, verdict: Callable[[Request], Refusal | None]) -> None:
        self._now, self._ledger, self._verdict = site.clock.now, ledger, verdict
        self._news_s = 0.0  # from when on the news are read again

    def ask(self, request: Request) -> list[Op] | None:
        """A suspect asks for itself, at most once in five seconds, and tells what the others have not heard of; of those who wait for
        something else anyway, one in five seconds reads the news."""
        now_s, client = self._now(), request.client
        suspect = self._ledger.suspects.get(client)
        if suspect is not None and now_s < suspect.ask_s:
            return []
        if suspect is None and now_s < self._news_s:
            return None
        ops: list[Op] = [Get(key("bans", self._ledger.key_of(client)))]
        if now_s >= self._news_s:  # the news are long, and a thousand suspects must not ask for them a thousand times
            self._news_s = now_s + _ASK_S
            ops.append(Get(NEWS))
        if suspect is not None:
            suspect.ask_s = now_s + _ASK_S
            ops += self._untold(client, suspect)
            ops += self._ledger.telling_ops(now_s)
        return ops

    def _untold(self, client: str, suspect: Suspect) -> list[Op]:
        if not suspect.untold:
            return []
        rules, cost = self._ledger.rules, suspect.untold
        suspect.untold = 0
        name = key("bans.points", self._ledger.key_of(client))
        return [Take(name, rules.points, rules.within_s, min(cost, rules.points + 1), spent=True)]

    def judge(self, request: Request, replies: list[Reply]) -> Refusal | None:
        """Learn from the answers; then decide."""
        if replies:
            now_s = self._now()
            if len(replies) > 1 and isinstance(replies[1], bytes):
                self._ledger.hear_news(replies[1], now_s)
            suspect = self._ledger.suspects.get(request.client)
            if suspect is not None:
                self._learn(request.client, suspect, replies, now_s)
        return self._verdict(request)

    def _learn(self, client: str, suspect: Suspect, replies: list[Reply], now_s: float) -> None:
        self._ledger.learn(client, suspect, read(replies[0]), now_s)
        too_many = any(isinstance(reply, Taken) and not reply.allowed for reply in replies)
        if too_many and not suspect.banned(now_s):
            self._ledger.escalate(client, suspect)
