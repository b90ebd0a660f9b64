"""What `bans` does with a request: one look-up for everybody, more only for those who were refused."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from buckler.core.protection import Steps, Wait
from buckler.protections.bans.listener import Listener
from buckler.protections.bans.sharing import Sharing
from buckler.protections.bans.suspects import Struck

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.answer import Refusal
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.protections.bans import Bans
    from buckler.protections.bans.ledger import Ledger


def steps_of(site: Site, ledger: Ledger, options: Bans, banned: Refusal) -> Steps:
    """Return the steps of one site's `bans`."""
    struck = Struck(options.max_clients)
    sharing = Sharing(site, ledger, _verdict(site, ledger, struck, banned))
    wait = Wait(sharing.ask, sharing.judge, "allow" if options.report_only else options.on_store_failure)
    return Steps(check=_check(site, ledger, banned), wait=wait, refused=Listener(site, ledger, struck, options))


def _check(site: Site, ledger: Ledger, banned: Refusal) -> Callable[[Request], Refusal | None]:
    suspects, now = ledger.suspects, site.clock.now

    def look(request: Request) -> Refusal | None:
        now_s, client = now(), request.client
        suspect = suspects[client]
        ban = suspect.ban
        if ban is not None and ban.in_force(now_s):
            if request.waits or now_s >= suspect.ask_s:  # a session was shown, or it is time to ask: `judge` decides
                request.waits = True
                return None
            return _refused_for(banned, ban.until_s - now_s)
        if suspect.is_clean(now_s) and client not in ledger.telling:
            del suspects[client]
        elif now_s >= suspect.ask_s:
            request.waits = True
        return None

    def check(request: Request) -> Refusal | None:
        if request.client in suspects:
            return look(request)
        return None

    return check


def _refused_for(banned: Refusal, left_s: float) -> Refusal:
    """Return the refusal that says for how long."""
    return banned.with_headers((b"retry-after", b"%d" % max(1, math.ceil(left_s))))


def _verdict(site: Site, ledger: Ledger, struck: Struck, banned: Refusal) -> Callable[[Request], Refusal | None]:
    def verdict(request: Request) -> Refusal | None:
        now_s = site.clock.now()
        suspect = ledger.suspects.get(request.client)
        if suspect is None or suspect.ban is None or not suspect.ban.in_force(now_s) or _is_spared(request, struck):
            return None
        return _refused_for(banned, suspect.ban.until_s - now_s)

    return verdict


def _is_spared(request: Request, struck: Struck) -> bool:
    """Whether somebody is signed in here who did nothing: a network's other people pay for one of them, but not those."""
    session = request.session  # of `sessions`, which has looked it up before: protections meet through the request alone
    if getattr(session, "person", None) is None:
        return False
    request.touched = True  # what is answered hangs on the session, and no cache must think otherwise
    return getattr(session, "handle", "") not in struck
