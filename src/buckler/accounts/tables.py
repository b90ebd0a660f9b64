"""The tables of accounts, for SQLite and PostgreSQL.

An application extends them by foreign key: `person_id: Mapped[UUID] = mapped_column(ForeignKey(Person.id, ondelete="CASCADE"))`. Its
own tables may live in `METADATA` or in metadata of their own; for Alembic, `target_metadata` is then the list of both.

Ids are random UUIDs, never numbers that count: the id of a deleted person is never given to the next one, and nobody can walk them.
Nothing in these tables lets its reader in: tokens and codes are kept as hashes, seeds are sealed (see `seal`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# Names for constraints, so that a later migration can name what it changes.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA = MetaData(naming_convention=_NAMES)

MAX_EMAIL = 254  # RFC 5321, section 4.5.3.1.3: a path of 256 octets, less its angle brackets
MAX_NAME = 100  # what a person calls a key, a token, a browser
MAX_AGENT = 200
MAX_ADDRESS = 64
MAX_DETAIL = 200
DIGEST_BYTES = 32


class UtcDateTime(TypeDecorator[datetime]):
    """A time with its zone, always UTC. SQLite keeps no zone and would hand back a naive time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Return `value` in UTC; a naive one is a mistake of the caller and raises."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without its zone")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's signature
        """Return the time with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Table(DeclarativeBase):
    """Of all tables of accounts."""

    metadata = METADATA
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON, list[str]: JSON, bytes: LargeBinary}  # noqa: RUF012  # SQLAlchemy's own


def _owner() -> Mapped[UUID]:
    """Whose it is. What a deleted person had goes with the person."""
    return mapped_column(ForeignKey("account_person.id", ondelete="CASCADE"), index=True)


class Person(Table):
    """Somebody with an account. `email_key` is what must be unique: one spelling of all that mean the same address.

    `password_hash` None: nobody can sign in with a password. `disabled_at`: signing in is refused, everything else stays.
    """

    __tablename__ = "account_person"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str] = mapped_column(String(MAX_EMAIL))
    email_key: Mapped[str] = mapped_column(String(3 * MAX_EMAIL), unique=True)  # folding case can lengthen a text
    email_verified_at: Mapped[datetime | None]
    password_hash: Mapped[str | None] = mapped_column(Text)
    password_changed_at: Mapped[datetime | None]
    language: Mapped[str] = mapped_column(String(16), default="en")
    created_at: Mapped[datetime]
    signed_in_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class Role(Table):
    """A role that somebody has; what it allows is said in the code."""

    __tablename__ = "account_role"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("account_person.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_NAME), primary_key=True)


class Ticket(Table):
    """The right to do one thing once: verify an address, choose a new password. Only the hash of the token is kept."""

    __tablename__ = "account_ticket"

    digest: Mapped[bytes] = mapped_column(LargeBinary(DIGEST_BYTES), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(40))
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("account_person.id", ondelete="CASCADE"), index=True)
    sealed: Mapped[str] = mapped_column(Text)  # what the ticket is about; sealed, since it may hold a hash or an address
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Totp(Table):
    """An authenticator app. `last_step`: the newest time step whose code was taken; codes up to it are spent."""

    __tablename__ = "account_totp"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    person_id: Mapped[UUID] = _owner()
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    sealed_seed: Mapped[str] = mapped_column(Text)
    last_step: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]  # None: the first code has not been shown yet, so it is no factor
    used_at: Mapped[datetime | None]


class RecoveryCode(Table):
    """A code for the day on which every other factor is lost. Each works once; then the row is gone."""

    __tablename__ = "account_recovery_code"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("account_person.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(DIGEST_BYTES), primary_key=True)
    created_at: Mapped[datetime]


class Passkey(Table):
    """A WebAuthn credential. `signs_in`: discoverable and user-verifying, so that it is both factors at once."""

    __tablename__ = "account_passkey"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    person_id: Mapped[UUID] = _owner()
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023), unique=True)  # WebAuthn: at most 1023 bytes
    public_key: Mapped[bytes]
    sign_count: Mapped[int] = mapped_column(BigInteger)  # 32 bits without a sign, and PostgreSQL's INTEGER has one
    signs_in: Mapped[bool]
    backup_eligible: Mapped[bool]  # it may be copied to other devices; fixed when it is made
    backed_up: Mapped[bool]  # it has been
    aaguid: Mapped[str] = mapped_column(String(36))
    transports: Mapped[list[str]]
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Browser(Table):
    """A browser that is trusted to skip the second factor until `expires_at`. Only the hash of its cookie is kept."""

    __tablename__ = "account_browser"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    person_id: Mapped[UUID] = _owner()
    digest: Mapped[bytes] = mapped_column(LargeBinary(DIGEST_BYTES), unique=True)
    agent: Mapped[str] = mapped_column(String(MAX_AGENT))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Device(Table):
    """Where somebody is signed in: `handle` names the session in the store, and lets nobody in."""

    __tablename__ = "account_device"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    person_id: Mapped[UUID] = _owner()
    handle: Mapped[str] = mapped_column(String(64), unique=True)
    how: Mapped[list[str]]  # the factors that were shown: password, totp, passkey, …
    address: Mapped[str] = mapped_column(String(MAX_ADDRESS))
    agent: Mapped[str] = mapped_column(String(MAX_AGENT))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class PersonalToken(Table):
    """A token that a person made for a program. `hint`: its last characters, to know it again by."""

    __tablename__ = "account_token"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    person_id: Mapped[UUID] = _owner()
    digest: Mapped[bytes] = mapped_column(LargeBinary(DIGEST_BYTES), unique=True)
    hint: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    scopes: Mapped[list[str]]
    per_minute: Mapped[int | None]  # None: the application's own default
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class Family(Table):
    """All refresh tokens that descend from one sign-in of a program. Gone: none of them works any more."""

    __tablename__ = "account_family"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    person_id: Mapped[UUID] = _owner()
    name: Mapped[str] = mapped_column(String(MAX_NAME))
    scopes: Mapped[list[str]]
    address: Mapped[str] = mapped_column(String(MAX_ADDRESS))
    agent: Mapped[str] = mapped_column(String(MAX_AGENT))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class RefreshToken(Table):
    """One refresh token, of which only the hash is kept. `spent_at` set: whoever shows it again ends the family."""

    __tablename__ = "account_refresh_token"

    digest: Mapped[bytes] = mapped_column(LargeBinary(DIGEST_BYTES), primary_key=True)
    family_id: Mapped[UUID] = mapped_column(ForeignKey("account_family.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    spent_at: Mapped[datetime | None]


class Link(Table):
    """An account at another provider by which somebody may sign in here."""

    __tablename__ = "account_link"
    __table_args__ = (UniqueConstraint("provider", "subject"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    person_id: Mapped[UUID] = _owner()
    provider: Mapped[str] = mapped_column(String(MAX_NAME))
    subject: Mapped[str] = mapped_column(String(255))  # OpenID Connect Core 1.0, section 2: at most 255 ASCII characters
    email: Mapped[str] = mapped_column(String(MAX_EMAIL))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Entry(Table):
    """A line of the security log that the person may read. Kept without the person's row, it would tell nobody anything: it goes too."""

    __tablename__ = "account_entry"
    __table_args__ = (Index(None, "person_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("account_person.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(MAX_ADDRESS))
    agent: Mapped[str] = mapped_column(String(MAX_AGENT))
    detail: Mapped[str] = mapped_column(String(MAX_DETAIL))
