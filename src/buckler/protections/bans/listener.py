"""Hears of every enforced refusal, and decides whether it counts against the client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.cookies import SESSION, cookie
from buckler.core.event import Event
from buckler.core.sign import fingerprint
from buckler.protections.bans.weights import has_proxy_fields, is_about_the_request, is_told, of_its_own_will, points_of

if TYPE_CHECKING:
    from buckler.core.answer import Refusal
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.protections.bans import Bans
    from buckler.protections.bans.ledger import Ledger
    from buckler.protections.bans.suspects import Struck

_SESSION = SESSION.encode()


class Listener:
    """Called with a request and its refusal."""

    def __init__(self, site: Site, ledger: Ledger, struck: Struck, options: Bans) -> None:
        self._site, self._ledger, self._struck, self._direct = site, ledger, struck, options.direct
        self._weigh = points_of(options.points_for)
        self._hinted = False

    def __call__(self, request: Request, what: Refusal) -> None:
        client = request.client
        if not client:
            return
        points = self._weigh(what.code)
        if points or 400 <= what.status < 500:  # neither redirects nor our own failures
            self._ledger.count(client)
        if not points or not of_its_own_will(request, what.code) or self._ledger.spares(client) or not self._is_its_own_address(request):
            return
        if is_about_the_request(what.code) and (value := cookie(request.headers.get(b"cookie", b""), _SESSION)):
            self._struck.add(fingerprint(value))
        self._ledger.strike(client, points, what.code)

    def _is_its_own_address(self, request: Request) -> bool:
        """Whether the address is surely not a proxy's, behind which everybody would be banned."""
        if self._site.behind_proxies:
            return is_told(request)
        if self._direct or not has_proxy_fields(request):
            return True
        if not self._hinted:
            self._hinted = True
            detail = "a refused request carries forwarding headers: name your proxy in Guard(trusted_proxies=…), or say Bans(direct=True)"
            self._site.events.append(Event("bans.unnamed_proxy", self._site.clock.now(), "note", client=request.client, detail=detail))
        return False
