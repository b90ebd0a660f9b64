"""People move to `buckler.accounts`; `users` keeps what others see of them.

What it does to those who are there:

- Passwords move as they are: hashes of argon2id, which are verified, and made anew where the profile has changed since.
- No address counts as confirmed. Nobody had to confirm one, so whoever signed up with somebody else's would keep it for good. Who signs in
  on the site next is sent a link to their address, and shows the password once more behind it: its owner loses nothing.
- Sessions and tokens end: a session named a number that means nobody now, and tokens were made by other rules.
- Two people whose addresses are one spelling of the same (full-width letters, say) cannot both keep theirs. Which of them is real is not
  for a migration to guess: it stops before it has changed anything, and names the rows.

Old hashes are of passwords in NFKC, Buckler's in NFC. Whoever has a password of full-width letters or ligatures chooses a new one by mail.

The tables are written out, and do not follow `METADATA`: what this step makes stays what the next step begins with.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from unicodedata import normalize
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from examples.conduit.migrations.accounts_0002 import PERSON, drop, make

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_OLD = sa.table("users", *map(sa.column, ("id", "person_id", "email", "email_key", "password_hash", "credentials_version", "created_at")))


def upgrade() -> None:
    """Bring the tables one step forward."""
    _refuse_twins()
    make()
    op.add_column("users", sa.Column("person_id", sa.Uuid(), nullable=True))
    _move_people()
    with op.batch_alter_table("users") as users:
        users.alter_column("person_id", existing_type=sa.Uuid(), nullable=False)
        users.create_unique_constraint(op.f("uq_users_person_id"), ["person_id"])
        users.create_foreign_key(op.f("fk_users_person_id"), "account_person", ["person_id"], ["id"], ondelete="CASCADE")
        users.drop_constraint(op.f("uq_users_email_key"), type_="unique")
        for name in ("email", "email_key", "password_hash", "credentials_version"):
            users.drop_column(name)
    op.drop_table("api_tokens")


def downgrade() -> None:
    """Take the step back: addresses and passwords, nothing else of what accounts keep."""
    _make_tokens()
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("email", sa.String(length=254), nullable=True))
        users.add_column(sa.Column("email_key", sa.String(length=762), nullable=True))
        users.add_column(sa.Column("password_hash", sa.String(length=255), nullable=True))
        users.add_column(sa.Column("credentials_version", sa.Integer(), nullable=False, server_default="1"))
    _bring_back()
    with op.batch_alter_table("users") as users:
        users.alter_column("email", existing_type=sa.String(length=254), nullable=False)
        users.alter_column("email_key", existing_type=sa.String(length=762), nullable=False)
        users.alter_column("credentials_version", existing_type=sa.Integer(), server_default=None)
        users.create_unique_constraint(op.f("uq_users_email_key"), ["email_key"])
        users.drop_constraint(op.f("fk_users_person_id"), type_="foreignkey")
        users.drop_constraint(op.f("uq_users_person_id"), type_="unique")
        users.drop_column("person_id")
    drop()


def _people() -> list[Any]:
    asked = sa.select(_OLD.c.id, _OLD.c.email, _OLD.c.password_hash, sa.type_coerce(_OLD.c.created_at, sa.DateTime(timezone=True)))
    return list(op.get_bind().execute(asked.order_by(_OLD.c.id)))


def _refuse_twins() -> None:
    found: dict[str, list[str]] = {}
    for row in _people():
        found.setdefault(_key(row.email), []).append(str(row.id))
    twins = [" and ".join(rows) for rows in found.values() if len(rows) > 1]
    if twins:
        raise RuntimeError(f"rows of `users` have one e-mail address in two spellings: {'; '.join(twins)}; change or delete one of each")


def _move_people() -> None:
    connection, migrated = op.get_bind(), datetime.now(UTC)
    for row in _people():
        person_id = uuid4()
        created_at = row.created_at if row.created_at.tzinfo else row.created_at.replace(tzinfo=UTC)
        connection.execute(
            PERSON.insert().values(
                id=person_id,
                email=row.email,
                email_key=_key(row.email),
                password_hash=row.password_hash,
                password_changed_at=migrated if row.password_hash else None,
                language="en",
                created_at=created_at,
            )
        )
        mine = sa.update(_OLD).where(_OLD.c.id == row.id)
        connection.execute(mine.values(person_id=sa.type_coerce(person_id, sa.Uuid())))


def _bring_back() -> None:
    connection = op.get_bind()
    asked = sa.select(_OLD.c.id, PERSON.c.email, PERSON.c.password_hash)
    same = PERSON.c.id == sa.type_coerce(_OLD.c.person_id, sa.Uuid())
    for row in list(connection.execute(asked.select_from(_OLD).join(PERSON, same))):
        values = {"email": row.email, "email_key": row.email.casefold(), "password_hash": row.password_hash}
        connection.execute(sa.update(_OLD).where(_OLD.c.id == row.id).values(values))


def _key(email: str) -> str:
    """`buckler.accounts.addresses.email_key`, as it was at this step."""
    return normalize("NFKC", normalize("NFKC", email).casefold()).strip()


def _make_tokens() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_api_tokens")),
    )
    op.create_index(op.f("ix_api_tokens_user_id"), "api_tokens", ["user_id"], unique=False)
