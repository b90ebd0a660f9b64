"""New passkeys and security keys: of somebody who signs up, and of somebody who is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from buckler.accounts import factors
from buckler.accounts.addresses import address, email_key
from buckler.accounts.hold import hold
from buckler.accounts.passkeys import ceremony, challenges
from buckler.accounts.passkeys.ceremony import REFUSED
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.tables import Passkey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from buckler.accounts.passkeys.ceremony import Made, Presented
    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

KNOWN = Problem("account.passkey_known", 409, "This key is registered already.", "Use another one, or find it in the list.")
OTHERWISE = {True: "Passkey", False: "Security key"}  # what it is called until its owner names it
_SIGN_UP, _ADD = "sign_up", "add"
_MOST = 20


class NewPasskey(NamedTuple):
    """A key that has answered and is nobody's yet. Plain values: `NewPasskey.from_json(json.loads(json.dumps(new.as_json())))` is the same.

    `person_id`: the id that the person must get, since the authenticator has been told it. Bytes are base64url.
    """

    person_id: str
    credential_id: str
    public_key: str
    sign_count: int
    signs_in: bool
    backup_eligible: bool
    backed_up: bool
    aaguid: str
    transports: list[str]

    def as_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return self._asdict()

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> NewPasskey:
        """Return what `as_json` was called on."""
        return cls(**kept)


async def options_to_sign_up(visit: Visit, email: str) -> dict[str, Any]:
    """Return the options for the passkey of somebody new; the same whether or not there is an account. Raises `AccountError` for what is no
    address."""
    email = address(email)
    person_id = uuid4()
    challenge = await challenges.make(visit, _SIGN_UP, email_key(email), str(person_id))
    return ceremony.creation(visit.request, visit.accounts.name, challenge, user=(person_id.bytes, email), passkey=True, known=())


async def check_sign_up(visit: Visit, email: str, response: object) -> NewPasskey:
    """Return the new passkey. Raises `AccountError`."""
    given = ceremony.presented(response, "attestationObject")
    person_id = await challenges.redeem(visit, _SIGN_UP, email_key(email), given.challenge)
    return _new(UUID(person_id), given, ceremony.made(visit.request, given, verified=True), passkey=True)


async def keep(visit: Visit, person: Person, new: NewPasskey, name: str = "") -> Passkey:
    """Make it the passkey of the person who has just signed up, whose id is `new.person_id`. The caller commits. Raises `AccountError` 409
    when it belongs to somebody else by now, ValueError when the person has another id."""
    if UUID(new.person_id) != person.id:
        raise ValueError("the authenticator was told another id than this person's: make the person with `new.person_id`")
    row = await _write(visit, person, new, name)
    visit.record("passkey_added", person, row.name)
    return row


async def options_to_add(visit: Visit, person: Person, *, passkey: bool = True) -> dict[str, Any]:
    """Return the options for one more passkey, or with `passkey=False` for a security key that only follows a password. Raises
    `AccountError` unless the sign-in is fresh and the address confirmed."""
    factors.may_add(visit, person)
    known = (await visit.db.scalars(select(Passkey).where(Passkey.person_id == person.id))).all()
    challenge = await challenges.make(visit, _ADD, str(person.id), "passkey" if passkey else "")
    user = (person.id.bytes, person.email)
    return ceremony.creation(visit.request, visit.accounts.name, challenge, user=user, passkey=passkey, known=known)


async def add(visit: Visit, person: Person, response: object, name: str = "") -> Passkey:
    """Keep the new key of somebody who is signed in. Commits. Raises `AccountError`. Freshness was asked for with the options, and lasts as
    long as the challenge does."""
    given = ceremony.presented(response, "attestationObject")
    passkey = bool(await challenges.redeem(visit, _ADD, str(person.id), given.challenge))
    new = _new(person.id, given, ceremony.made(visit.request, given, verified=passkey), passkey=passkey)
    await hold(visit, person.id)
    if (await visit.db.scalar(select(func.count()).where(Passkey.person_id == person.id)) or 0) >= _MOST:
        raise AccountError(factors.TOO_MANY, most=_MOST)
    row = await _write(visit, person, new, name)
    visit.record("passkey_added", person, row.name)
    await factors.added(visit, person, "passkey" if row.signs_in else "security_key", row.name)
    await visit.commit()
    return row


def _new(person_id: UUID, given: Presented, made: Made, *, passkey: bool) -> NewPasskey:
    """`signs_in`: it was made to be kept with its owner's name, the browser does not deny that it is, and it has verified its owner."""
    if passkey and given.resident is False:
        raise AccountError(REFUSED)
    return NewPasskey(
        person_id=str(person_id),
        credential_id=ceremony.text(made.credential_id),
        public_key=ceremony.text(made.public_key),
        sign_count=made.sign_count,
        signs_in=passkey and made.verified,
        backup_eligible=made.eligible,
        backed_up=made.backed_up,
        aaguid=made.aaguid,
        transports=given.transports,
    )


async def _write(visit: Visit, person: Person, new: NewPasskey, name: str) -> Passkey:
    row = Passkey(
        person_id=person.id,
        credential_id=ceremony.raw(new.credential_id),
        public_key=ceremony.raw(new.public_key),
        sign_count=new.sign_count,
        signs_in=new.signs_in,
        backup_eligible=new.backup_eligible,
        backed_up=new.backed_up,
        aaguid=new.aaguid,
        transports=new.transports,
        name=factors.named(name, OTHERWISE[new.signs_in]),
        created_at=visit.now,
    )
    try:
        async with visit.db.begin_nested():
            visit.db.add(row)
    except IntegrityError:
        raise AccountError(KNOWN) from None
    return row
