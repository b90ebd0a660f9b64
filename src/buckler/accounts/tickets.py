"""Tickets: the right to do one thing once. A link in a mail is one.

The token is 256 random bits; only its SHA-256 is kept, so that a reader of the database cannot use it. It is bound to its purpose: a
ticket for one is unknown to every other (CVE-2026-6873). Of many that redeem it at once, one wins, because one deletes the row.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import delete, select

from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.seal import Seal
from buckler.accounts.tables import Ticket
from buckler.errors import VerificationError

if TYPE_CHECKING:
    from uuid import UUID

    from buckler.accounts.visit import Visit

GONE = Problem(
    "account.link_gone",
    410,
    "This link is no longer valid.",
    "It works once and for a limited time. Ask for a new one, and use the newest mail.",
)
_TOKEN_BYTES = 32
_MAX_CHARS = 64
_PURPOSE = "account.ticket"


def digest_of(token: str) -> bytes:
    """Return what is kept of a token. No salt and no slow hash: nobody can guess 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


async def issue(visit: Visit, purpose: str, lives_s: float, person_id: UUID | None = None, **about: Any) -> str:
    """Return a new token. `about` is JSON, sealed in the row. Tickets of the same purpose and person end: the newest mail counts."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    await sweep(visit)
    whose = person_id or uuid4()  # a ticket for nobody costs the same statements: time must not tell who has an account
    await visit.db.execute(delete(Ticket).where(Ticket.person_id == whose, Ticket.purpose == purpose))
    digest = digest_of(token)
    sealed = Seal(visit.site.keys, _PURPOSE).seal(json.dumps(about).encode(), _bound(purpose, digest))
    expires_at = visit.now + timedelta(seconds=lives_s)
    visit.db.add(Ticket(digest=digest, purpose=purpose, person_id=person_id, sealed=sealed, created_at=visit.now, expires_at=expires_at))
    await visit.db.flush()
    return token


async def look(visit: Visit, purpose: str, token: str) -> tuple[UUID | None, dict[str, Any]]:
    """Return whose ticket it is and what it is about, and leave it as it is. Raises `AccountError` 410."""
    ticket = None
    if len(token) <= _MAX_CHARS:
        ticket = await visit.db.scalar(
            select(Ticket).where(Ticket.digest == digest_of(token), Ticket.purpose == purpose, Ticket.expires_at > visit.now)
        )
    if ticket is None:
        raise AccountError(GONE)
    return ticket.person_id, _about(visit, ticket)


async def redeem(visit: Visit, purpose: str, token: str) -> tuple[UUID | None, dict[str, Any]]:
    """The same, and use it up: the second one who comes gets 410. The caller commits."""
    found = await look(visit, purpose, token)
    gone = await visit.db.execute(
        delete(Ticket).where(Ticket.digest == digest_of(token), Ticket.purpose == purpose).returning(Ticket.digest)
    )
    if gone.first() is None:
        raise AccountError(GONE)
    return found


async def end_all(visit: Visit, person_id: UUID) -> None:
    """End every ticket of a person. The caller commits."""
    await visit.db.execute(delete(Ticket).where(Ticket.person_id == person_id))


async def sweep(visit: Visit) -> None:
    """Remove what has expired: by index, and few at once, since every new ticket does it."""
    await visit.db.execute(delete(Ticket).where(Ticket.expires_at <= visit.now))


def _about(visit: Visit, ticket: Ticket) -> dict[str, Any]:
    try:
        raw = Seal(visit.site.keys, _PURPOSE).open(ticket.sealed, _bound(ticket.purpose, ticket.digest))
    except VerificationError:  # sealed with a secret that has left the rotation
        raise AccountError(GONE) from None
    about: dict[str, Any] = json.loads(raw)
    return about


def _bound(purpose: str, digest: bytes) -> str:
    return f"{purpose} {digest.hex()}"
