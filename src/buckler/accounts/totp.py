"""One-time passwords by time (RFC 6238), as authenticator apps make them: SHA-1, 30 seconds, six digits.

Other digests and lengths are in the standard, but several common apps read them from the QR code and ignore them. pyotp computes the
codes, segno draws the QR code; see docs/why/factors.md. A person may have several authenticators, say on two phones.

Each code works once: what is kept is the newest step that was taken, and one UPDATE both asks and moves it, so that of many who show
one code at once a single one is let in (RFC 6238, section 5.2). A code of the step before or after is right too, for clocks that are off.
Seeds are sealed in the database, and sealed anew with the newest secret when they are next used.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from base64 import b32encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

from pyotp import TOTP
from segno import make_qr
from sqlalchemy import delete, func, select, update

from buckler.accounts import factors, fresh
from buckler.accounts.hold import hold, hold_in_any_state
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.seal import Seal
from buckler.accounts.tables import Totp
from buckler.core.event import Event
from buckler.core.options import need
from buckler.core.sign import Keys
from buckler.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

WRONG = Problem(
    "account.totp_wrong", 422, "This code is not right.", "Type the newest code of the app, and check that the phone's clock is right."
)
EXPIRED = Problem("account.totp_expired", 410, "This QR code is no longer valid.", "Begin again, and remove the old entry from the app.")

_LEAST_SEED_BYTES = 16
_SEED_BYTES = 20  # RFC 4226, section 4, R6: 160 bits are recommended, as long as the digest
_STEP_S = 30  # RFC 6238, section 5.2: recommended
_AROUND = (-1, 0, 1)  # RFC 6238, section 5.2: at most one step for the way and the clock; the same for a clock that is ahead
_ENROL_S = 15 * 60.0
_MOST = 10
_MAX_TYPED = 32
_PURPOSE = "account.totp"
_CODE = re.compile(r"[0-9]{6}")
_OTHERWISE = "Authenticator app"
_PLAIN = {"synchronize_session": False}  # no row of this table is ever held as an object


@dataclass(frozen=True)
class Enrolment:
    """What the app is to be told, once. `secret` is base32, for typing; `uri` what the QR code says; `svg` the QR code, as text that may
    stand in a page: no style, no script, no address. Neither is ever printed."""

    id: UUID
    secret: str = field(repr=False)
    uri: str = field(repr=False)
    svg: str = field(repr=False)


class Shown(NamedTuple):
    """One authenticator of a person."""

    id: UUID
    name: str
    created_at: datetime
    used_at: datetime | None


async def begin(visit: Visit, person: Person, name: str = "") -> Enrolment:
    """Return a new seed for an app, which counts for nothing until `confirm` has seen a code of it, within 15 minutes. An earlier one
    that was never confirmed ends. Commits. Raises `AccountError` unless the sign-in is fresh and the address confirmed."""
    factors.may_add(visit, person)
    await hold(visit, person.id)
    await visit.db.execute(delete(Totp).where(Totp.person_id == person.id, Totp.confirmed_at.is_(None)))
    if (await visit.db.scalar(select(func.count()).where(Totp.person_id == person.id)) or 0) >= _MOST:
        raise AccountError(factors.TOO_MANY, most=_MOST)
    seed, enrolment_id = secrets.token_bytes(_SEED_BYTES), uuid4()
    sealed = _seal(visit).seal(seed, str(person.id))
    title = factors.named(name, _OTHERWISE)
    visit.db.add(Totp(id=enrolment_id, person_id=person.id, name=title, sealed_seed=sealed, last_step=0, created_at=visit.now))
    await visit.commit()
    return _enrolment(visit, person, enrolment_id, seed)


def from_elsewhere(seed: bytes, person_id: UUID, *, secrets: Sequence[str | bytes], at: datetime, name: str = "") -> Totp:
    """Return the row of an app that another program has enrolled, for a site that moves here (docs/accounts/moving.md). Six digits, 30
    seconds, SHA-1. `secrets`: of the site. Raises `ConfigError` for a seed under 128 bits (RFC 4226, section 4, R6)."""
    need(len(seed) >= _LEAST_SEED_BYTES, "seed", f"{len(seed)} bytes", "leave it behind: it is too short, and the person enrols anew")
    sealed = Seal(Keys(secrets), _PURPOSE).seal(seed, str(person_id))
    title = factors.named(name, _OTHERWISE)
    return Totp(person_id=person_id, name=title, sealed_seed=sealed, last_step=0, created_at=at, confirmed_at=at)


async def confirm(visit: Visit, person: Person, totp_id: UUID, code: str) -> None:
    """Make it a factor, by the first code of the app, which is then spent. Commits. Raises `AccountError`: 410 when it took too long or
    another one was begun since, 422 for a wrong code."""
    open_still = _unconfirmed(visit, person, totp_id)
    row = (await visit.db.execute(select(Totp.sealed_seed, Totp.name).where(*open_still))).one_or_none()
    if row is None:
        raise AccountError(EXPIRED)
    step = _step(visit, person, row.sealed_seed, _digits(code))
    if step is None:
        raise AccountError(WRONG, "code")
    await hold(visit, person.id)
    now = visit.now
    made = await visit.db.execute(
        update(Totp).where(*open_still).values(confirmed_at=now, used_at=now, last_step=step).returning(Totp.id), execution_options=_PLAIN
    )
    if made.first() is None:  # confirmed at the same moment by another request
        raise AccountError(EXPIRED)
    visit.record("totp_added", person, row.name)
    await factors.added(visit, person, "totp", row.name)
    await visit.commit()


async def waiting(visit: Visit, person: Person, totp_id: UUID) -> Enrolment:
    """Return once more what the app is to be told, until a code confirms it: for a page that is loaded again. Raises `AccountError` unless
    the sign-in is fresh, and 410 as `confirm` does."""
    factors.may_add(visit, person)
    sealed = await visit.db.scalar(select(Totp.sealed_seed).where(*_unconfirmed(visit, person, totp_id)))
    try:
        seed = _seal(visit).open(sealed or "", str(person.id))
    except VerificationError:  # there is none, or its secret has left the rotation
        raise AccountError(EXPIRED) from None
    return _enrolment(visit, person, totp_id, seed)


async def check(visit: Visit, person: Person, code: str) -> bool:
    """Whether this is a code of one of the person's authenticators that was not shown before; it is then spent. The caller commits, and has
    counted the attempt before."""
    digits = _digits(code)
    rows = await visit.db.execute(
        select(Totp.id, Totp.sealed_seed).where(Totp.person_id == person.id, Totp.confirmed_at.is_not(None)).order_by(Totp.created_at)
    )
    for totp_id, sealed in rows.all():
        step = _step(visit, person, sealed, digits)
        if step is None:
            continue
        if await _spend(visit, person, totp_id, sealed, step):
            return True
        visit.record("totp_used_twice", detail=str(person.id))  # looked over the shoulder, or a double click
    return False


async def listed(visit: Visit, person: Person) -> list[Shown]:
    """Return the authenticators that count, the oldest first."""
    rows = await visit.db.execute(
        select(Totp.id, Totp.name, Totp.created_at, Totp.used_at)
        .where(Totp.person_id == person.id, Totp.confirmed_at.is_not(None))
        .order_by(Totp.created_at, Totp.id)
    )
    return [Shown(*row) for row in rows]


async def rename(visit: Visit, person: Person, totp_id: UUID, name: str) -> None:
    """Call it something else. Commits. Raises `AccountError` 404."""
    done = await visit.db.execute(
        update(Totp).where(*_own(person, totp_id)).values(name=factors.named(name, _OTHERWISE)).returning(Totp.id), execution_options=_PLAIN
    )
    if done.first() is None:
        raise AccountError(factors.GONE)
    await visit.commit()


async def remove(visit: Visit, person: Person, totp_id: UUID) -> None:
    """Remove an authenticator. Never the last way in, since a code alone lets nobody in. Commits. Raises `AccountError`: 403 unless the
    sign-in is fresh, 404."""
    fresh.need(visit, person)
    await hold_in_any_state(visit, person.id)
    gone = (await visit.db.execute(delete(Totp).where(*_own(person, totp_id)).returning(Totp.name), execution_options=_PLAIN)).first()
    if gone is None:
        raise AccountError(factors.GONE)
    visit.record("totp_removed", person, gone.name)
    await factors.removed(visit, person, "totp", gone.name)
    await visit.commit()


def _own(person: Person, totp_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return Totp.id == totp_id, Totp.person_id == person.id, Totp.confirmed_at.is_not(None)


def _unconfirmed(visit: Visit, person: Person, totp_id: UUID) -> tuple[ColumnElement[bool], ...]:
    oldest = visit.now - timedelta(seconds=_ENROL_S)
    return Totp.id == totp_id, Totp.person_id == person.id, Totp.confirmed_at.is_(None), Totp.created_at > oldest


def _enrolment(visit: Visit, person: Person, totp_id: UUID, seed: bytes) -> Enrolment:
    otp = _otp(seed)
    uri = otp.provisioning_uri(name=person.email, issuer_name=visit.accounts.name)
    return Enrolment(totp_id, otp.secret, uri, _drawn(uri))


async def _spend(visit: Visit, person: Person, totp_id: UUID, sealed: str, step: int) -> bool:
    """Take the code of `step`, unless it or a later one was taken. Of many at once, one wins."""
    seal = _seal(visit)
    values: dict[str, Any] = {"last_step": step, "used_at": visit.now}
    if seal.is_outdated(sealed):
        values["sealed_seed"] = seal.seal(seal.open(sealed, str(person.id)), str(person.id))
    done = await visit.db.execute(
        update(Totp).where(*_own(person, totp_id), Totp.last_step < step).values(**values).returning(Totp.id), execution_options=_PLAIN
    )
    return done.first() is not None


def _step(visit: Visit, person: Person, sealed: str, digits: str) -> int | None:
    """Return the step around now whose code this is, or None. Every step is computed, whichever it is."""
    try:
        otp = _otp(_seal(visit).open(sealed, str(person.id)))
    except VerificationError:  # its secret has left the rotation: the operator must know, and the person has other ways
        visit.site.events.append(Event("account.totp_unreadable", visit.site.clock.now(), "note", detail=str(person.id)))
        return None
    now = int(visit.site.clock.now()) // _STEP_S
    right = [now + off for off in _AROUND if compare_digest(otp.generate_otp(now + off), digits)]
    return max(right, default=None)


def _digits(code: str) -> str:
    """Return six digits as people type them, "123 456" and full-width ones too; "" for anything else."""
    plain = "".join(unicodedata.normalize("NFKC", code).replace("-", "").split()) if len(code) <= _MAX_TYPED else ""
    return plain if _CODE.fullmatch(plain) else ""


def _otp(seed: bytes) -> TOTP:
    return TOTP(b32encode(seed).decode())


def _seal(visit: Visit) -> Seal:
    return Seal(visit.site.keys, _PURPOSE)


def _drawn(uri: str) -> str:
    """Attributes alone, no style: it stands under the strictest policy. White around black also in dark mode, where a scanner would
    not find an inverted code; four modules of margin (ISO/IEC 18004, section 6.3.8)."""
    return make_qr(uri, error="m").svg_inline(omitsize=True, dark="#000", light="#fff", border=4, svgclass="qr", lineclass=None)
