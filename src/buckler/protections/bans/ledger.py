"""All bans of one site as one worker knows them: who is struck, who is banned, what the others are told."""

from __future__ import annotations

import base64
import math
from collections import OrderedDict
from ipaddress import ip_network
from itertools import islice
from typing import TYPE_CHECKING

from buckler.core.address import client_key
from buckler.core.event import Event, printable
from buckler.core.store import Add, Get, Put, Take, key
from buckler.protections.bans.ban import Ban, is_over, lifted, read, read_news, write, write_news
from buckler.protections.bans.heavy import Heavy, SpaceSaving
from buckler.protections.bans.suspects import Rules, Suspects

if TYPE_CHECKING:
    from collections.abc import Sequence
    from ipaddress import IPv4Network, IPv6Network

    from buckler.core.site import Site
    from buckler.core.store import Op
    from buckler.protections.bans.suspects import Suspect

NEWS = key("bans", "news")
_PURPOSE = "bans.client"
_KEPT_BYTES = 15
_COUNTERS = 1024  # of heavy hitters: whoever makes more than a thousandth of all refusals is found
_MOST_TOLD, _MOST_UNTOLD = 64, 1024  # bans in one batch; bans that wait for one, of which the oldest make room
_TELL_S = 1.0  # the news may be 50 KiB: writing them is no more than a thousandth of the time
_FADE_S = 600.0  # what was refused so long ago weighs half


class Ledger:
    """What `bans` offers to the application: `listed`, `ban`, `lift`, `heaviest`."""

    def __init__(self, site: Site, rules: Rules, never: Sequence[IPv4Network | IPv6Network]) -> None:
        self._site, self.rules, self._never = site, rules, tuple(never)
        self.suspects = Suspects(rules)
        self.telling: OrderedDict[str, Ban] = OrderedDict()  # what the news does not say yet
        self._heavy = SpaceSaving(_COUNTERS)
        self._fade_s = site.clock.monotonic() + _FADE_S
        self._heard: object = None  # the news as it was last read
        self._tell_s = 0.0  # from when on something is told again
        self._spared: dict[str, bool] = {}

    # ---- for the operator

    def listed(self) -> list[Ban]:
        """Return the bans in force that this worker knows of, those that end last first: its own, and what the news told it."""
        now_s = self._site.clock.now()
        bans = [suspect.ban for suspect in self.suspects.values() if suspect.ban is not None and suspect.ban.in_force(now_s)]
        return sorted(bans, key=lambda ban: -ban.until_s)

    def heaviest(self, most: int = 10) -> list[Heavy]:
        """Return the clients that were refused the most, whether it counts for a ban or not; half of it is forgotten in ten minutes.

        `at_least` is sure; `at_most` is more by at most a 1,024th of all refusals.
        """
        return self._heavy.heaviest(most)

    async def ban(self, address: str, *, for_s: float, because: str) -> Ban:
        """Ban the client of `address` (IPv4, or the whole /64 of an IPv6 one) on all workers. Two round trips. Returns the ban.

        A worker learns of it when it next asks the store for anybody, or refuses this client. Raises ValueError for what is no address, is
        never banned, or is no time over zero, and `StoreError`, when only this worker knows of it.
        """
        client = self._client(address)
        if self.spares(client):
            raise ValueError(f"{client} is in a network that is never banned")
        if not 0 < for_s < math.inf:
            raise ValueError("a ban lasts for a number of seconds over zero")
        now_s = self._site.clock.now()
        suspect = self.suspects.met(client, now_s)
        level = 1 if suspect.ban is None else suspect.ban.level + 1
        made = self._put(suspect, Ban(client, level, now_s, now_s + for_s, printable(because)))
        suspect.learned = True  # the operator's word goes before whatever is there
        self.hear_news((await self._site.store.batch([Get(NEWS)]))[0], now_s)
        await self._tell_now(made, now_s)
        return made

    async def lift(self, address: str) -> bool:
        """End the ban of the client of `address`, and forget what it did; whether there was one. Two round trips.

        Other workers hear of it when they next ask the store. Raises ValueError for what is no address, and `StoreError`.
        """
        client, now_s = self._client(address), self._site.clock.now()
        rules, name = self.rules, self.key_of(client)
        give_back = Take(key("bans.points", name), rules.points, rules.within_s, -rules.points)
        news, stored, _ = await self._site.store.batch([Get(NEWS), Get(key("bans", name)), give_back])
        self.hear_news(news, now_s)
        suspect = self.suspects.get(client)
        known = [ban for ban in (read(stored), suspect.ban if suspect is not None else None) if ban is not None]
        if suspect is not None:
            suspect.forgive()
        # Not before the ban itself, whose maker's clock may be ahead: what is older is not believed.
        await self._tell_now(lifted(client, max([now_s, *(ban.made_s for ban in known)])), now_s)
        return any(ban.in_force(now_s) for ban in known)

    async def _tell_now(self, ban: Ban, now_s: float) -> None:
        """Before everything else that waits to be told."""
        self._tell_later(ban)
        self.telling.move_to_end(ban.client, last=False)
        self._tell_s = 0.0
        await self._site.store.batch(self.telling_ops(now_s))

    def _client(self, address: str) -> str:
        client = client_key(address.removesuffix("/64"))
        if not client:
            raise ValueError(f"{printable(address)!r} is no address")
        return client

    # ---- refusals

    def count(self, client: str) -> None:
        """One refusal more, for the list of the heaviest."""
        now_s = self._site.clock.monotonic()
        if now_s >= self._fade_s:
            self._heavy.fade(0.5 ** ((now_s - self._fade_s) // _FADE_S + 1))
            self._fade_s = now_s + _FADE_S
        self._heavy.add(client)

    def strike(self, client: str, points: int, because: str) -> None:
        """Count `points` against `client`, and ban it when they are too many. While it is banned, nothing is counted."""
        now_s = self._site.clock.now()
        suspect = self.suspects.met(client, now_s)
        if suspect.banned(now_s):
            return
        suspect.because = because
        if suspect.strike(points, self.rules, now_s):
            self.escalate(client, suspect)

    def escalate(self, client: str, suspect: Suspect, *, after: int = 0) -> None:
        """Ban `client` for longer than the last time; `after` is the level of a ban that this worker had not heard of."""
        now_s, rules = self._site.clock.now(), self.rules
        last = suspect.ban
        if last is not None and now_s < last.until_s + rules.forget_s:
            after = max(after, last.level if not last.in_force(now_s) else 0)
        for_s = rules.lengths_s[min(after, len(rules.lengths_s) - 1)]
        self._put(suspect, Ban(client, after + 1, now_s, now_s + for_s, suspect.because))

    def _put(self, suspect: Suspect, ban: Ban) -> Ban:
        suspect.serve(ban, kept=False)
        self._tell_later(ban)
        suspect.ask_s = 0.0  # so that its next request takes the word to the store
        detail = f"ban {ban.level}, {ban.until_s - ban.made_s:g} s: {ban.because}"
        self._site.events.append(Event("bans.made", ban.made_s, "note", client=ban.client, detail=detail))
        return ban

    def spares(self, client: str) -> bool:
        """Whether `client` is in a network that is never banned. Remembered for as many clients as there may be suspects."""
        found = self._spared.get(client)
        if found is None:
            if len(self._spared) >= self.rules.max_clients:
                self._spared.clear()
            network = ip_network(client)
            found = self._spared[client] = any(network.version == item.version and network.overlaps(item) for item in self._never)
        return found

    # ---- what the others are told, and tell

    def key_of(self, client: str) -> str:
        """A keyed hash: the store's keys do not say who was refused."""
        proof = self._site.keys.prove(_PURPOSE, client.encode())[:_KEPT_BYTES]
        return base64.b64encode(proof).decode()

    def telling_ops(self, now_s: float) -> list[Op]:
        """What the store is to keep of the bans that the others have not heard of: each under its own key until it is over and its level
        counts no more, and all of them in the news, beside what was last read there. At most 64 at a time, and once a second.

        What is not known to be newer than what is there only adds: of a client with a past, `learn` decides what is written.
        """
        if now_s < self._tell_s:
            return []
        for client in [client for client, ban in self.telling.items() if is_over(ban, now_s)]:
            del self.telling[client]
        told = list(islice(self.telling.values(), _MOST_TOLD))
        if not told:
            return []
        self._tell_s = now_s + _TELL_S
        ops: list[Op] = []
        for ban in told:
            suspect = self.suspects.get(ban.client)
            put = Put if ban.lifted or (suspect is not None and suspect.learned) else Add
            ttl_s = max(1.0, ban.until_s - now_s) + self.rules.forget_s
            ops.append(put(key("bans", self.key_of(ban.client)), write(ban), ttl_s, secret=True))
            self.telling.move_to_end(ban.client)  # until it is read in the news; meanwhile it is the others' turn
        news = {**read_news(self._heard), **{ban.client: ban for ban in told}}
        lasts_s = max(max(ban.until_s - now_s, self.rules.within_s) for ban in news.values())
        return [*ops, Put(NEWS, write_news(news.values(), now_s), lasts_s, secret=True)]

    def hear_news(self, raw: object, now_s: float) -> None:
        """Learn what other workers have decided; stop telling what they know."""
        if raw != self._heard:
            self._heard = raw
            for ban in read_news(raw).values():
                self._hear(ban, now_s)

    def _hear(self, ban: Ban, now_s: float) -> None:
        told = self.telling.get(ban.client)
        if told is not None:
            if told.order > ban.order:
                return
            del self.telling[ban.client]
        suspect = self.suspects.get(ban.client)
        if suspect is not None and suspect.ban is not None and suspect.ban.order >= ban.order:
            return
        if ban.in_force(now_s) and not self.spares(ban.client):
            met = self.suspects.met(ban.client, now_s)
            met.serve(ban, kept=True)
            met.ask_s = 0.0  # the news may be out of date: it is asked for itself before it is refused
        elif ban.lifted and suspect is not None:
            suspect.forgive()

    def learn(self, client: str, suspect: Suspect, stored: Ban | None, now_s: float) -> None:
        """Compare with what the store says of this client alone: unlike the news, that is never out of date."""
        mine = suspect.ban
        if mine is None or not mine.in_force(now_s):
            if stored is not None and stored.in_force(now_s):
                suspect.serve(stored, kept=True)
            elif stored is not None and (mine is None or stored.made_s > mine.made_s):
                suspect.ban = stored  # what is over counts for how long the next one lasts
        elif stored is None and not suspect.kept:
            self._tell_later(mine)
        elif stored is None or (stored.lifted and stored.order >= mine.order):
            suspect.forgive()  # somebody has lifted it, or the store has lost it
        elif stored.made_s == mine.made_s:
            suspect.kept = True
        else:
            self._settle(client, suspect, mine, stored, now_s)

    def _settle(self, client: str, suspect: Suspect, mine: Ban, stored: Ban, now_s: float) -> None:
        """Of two bans, the one that ends later holds; one that did not know of the past becomes longer. What holds is written."""
        if stored.in_force(now_s) and stored.until_s >= mine.until_s:
            suspect.serve(stored, kept=True)
            self.telling.pop(client, None)
            return
        if not stored.in_force(now_s) and stored.level >= mine.level:
            self.escalate(client, suspect, after=stored.level)
        else:
            self._tell_later(mine)
            suspect.ask_s = 0.0
        suspect.learned = True

    def _tell_later(self, ban: Ban) -> None:
        self.telling[ban.client] = ban
        if len(self.telling) > _MOST_UNTOLD:
            self.telling.popitem(last=False)
