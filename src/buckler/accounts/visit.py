"""One request as accounts see it: a unit of work. Rows, letters and events leave together when it is committed, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from buckler.accounts.letter import Letter
from buckler.accounts.tables import MAX_ADDRESS, MAX_AGENT, MAX_DETAIL, Entry
from buckler.core.cookies import cookie
from buckler.core.event import Event, printable

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from buckler.accounts.accounts import Accounts
    from buckler.accounts.tables import Person
    from buckler.core.request import Request
    from buckler.core.signin import SignInSession, SignInSessions
    from buckler.core.site import Site


class Visit:
    """`request` is the guard's own; `db` one session, rolled back unless `commit` is called."""

    def __init__(self, accounts: Accounts, request: Request, db: AsyncSession) -> None:
        self.accounts, self.request, self.db = accounts, request, db
        request.taint("account")  # whatever is asked of accounts, it is asked about this caller
        self._letters: list[Letter] = []
        self._events: list[Event] = []

    @property
    def site(self) -> Site:
        """Store, keys, clock, events."""
        return self.request.site

    @property
    def now(self) -> datetime:
        """The site's time."""
        return datetime.fromtimestamp(self.site.clock.now(), UTC)

    @property
    def client(self) -> str:
        """The client's address as the guard decided it; IPv6 by /64."""
        return self.request.client[:MAX_ADDRESS]

    @property
    def agent(self) -> str:
        """What the browser calls itself, printable."""
        return printable(self.request.headers.get(b"user-agent", b"").decode("latin-1"))[:MAX_AGENT]

    @property
    def sessions(self) -> SignInSessions:
        """All sessions of the site. Raises RuntimeError where `sessions` is off."""
        offer: SignInSessions | None = self.site.offers.get("sessions")
        if offer is None:
            raise RuntimeError("accounts need the protection `sessions`, which is off")
        return offer

    @property
    def session(self) -> SignInSession:
        """The visitor's own session."""
        return self.sessions.open(self.request)

    def open(self) -> None:
        """Open the session now: a sign-in counts from this moment, before any password is looked at, so that a revocation that happens
        meanwhile ends it as well."""
        self.sessions.open(self.request)

    def link(self, path: str) -> str:
        """Return the address of a page of this site, for a mail. Raises RuntimeError where nobody knows the site's own address."""
        return (self.accounts.origin or self._origin()) + path

    def _origin(self) -> str:
        """Return the origin that the visitor used, if it is this site's. `hosts` has asked the same, unless it is off or only reports; but
        a link in a mail takes a secret to wherever it leads, and the field `Host` is anybody's word."""
        request, names = self.request, self.site.hosts
        endings = tuple(name[1:] for name in names if name.startswith("*."))
        if b"host" in request.repeated or not (request.host in names or (endings and request.host.endswith(endings))):
            raise RuntimeError("a host that is not in Guard.hosts: give Accounts.origin, as in https://shop.example")
        return request.origin

    # ---- cookies: all of them `__Host-`, so that no sister domain can plant one

    def cookie(self, name: str) -> str:
        """Return the value of the cookie `__Host-{name}`, or ""."""
        return (cookie(self.request.headers.get(b"cookie", b""), f"__Host-{name}".encode()) or b"").decode("latin-1")

    def set_cookie(self, name: str, value: str, max_age_s: int) -> None:
        """Set the cookie `__Host-{name}`; with `max_age_s` 0 remove it."""
        text = f"__Host-{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={max_age_s}"
        self.request.extra_headers += ((b"set-cookie", text.encode("latin-1")),)
        self.request.touched = True

    # ---- what leaves with the commit

    def post(self, kind: str, person: Person, to: str = "", **values: str) -> None:
        """Tell `person` something by mail, at their address or at `to`."""
        self.post_to(kind, to or person.email, person.language, **values)

    def post_to(self, kind: str, to: str, language: str, **values: str) -> None:
        """Tell somebody without an account something by mail."""
        self._letters.append(Letter(kind, to, language, values))

    def record(self, kind: str, person: Person | None = None, detail: str = "") -> None:
        """Write an event, `account.{kind}`, and for a known person a line of the security log that they can read."""
        detail = printable(detail)[:MAX_DETAIL]
        request = self.request
        now_s = self.site.clock.now()
        said = f"{person.id} {detail}".strip() if person else detail
        self._events.append(Event(f"account.{kind}", now_s, "note", request.method, request.path, request.client, said))
        if person is not None:
            entry = Entry(person_id=person.id, kind=kind, at=self.now, address=self.client, agent=self.agent, detail=detail)
            self.db.add(entry)

    async def commit(self) -> None:
        """Make everything of this visit true: rows first, then events, then letters, which a background task sends."""
        await self.db.commit()
        self.tell()
        for letter in self._letters:
            self.accounts.outbox.put(letter, self.site)
        self._letters = []

    def tell(self) -> None:
        """Let the events out without a commit: for a refusal, which writes no row, so that it costs the same whoever it is about."""
        for event in self._events:
            self.site.events.append(event)
        self._events = []
