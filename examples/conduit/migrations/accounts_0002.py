"""The tables of `buckler.accounts` as step 0002 makes them, written out."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

PERSON = sa.table(
    "account_person",
    sa.column("id", sa.Uuid()),
    *(sa.column(name, sa.Text()) for name in ("email", "email_key", "password_hash", "language")),
    *(sa.column(name, sa.DateTime(timezone=True)) for name in ("password_changed_at", "created_at")),
)
_NAMES = (
    "account_refresh_token", "account_totp", "account_token", "account_ticket", "account_role", "account_recovery_code", "account_passkey",
    "account_link", "account_family", "account_entry", "account_device", "account_browser", "account_person",
)  # fmt: skip


def make() -> None:
    """Make them."""
    _person()
    _what_a_person_shows()
    _where_a_person_is()
    _tokens()


def drop() -> None:
    """Remove them, with all that is in them."""
    for name in _NAMES:
        op.drop_table(name)


def _person() -> None:
    op.create_table(
        "account_person",
        *(_id(), _text("email", 254), _text("email_key", 762), _at("email_verified_at", null=True), sa.Column("password_hash", sa.Text())),
        *(_at("password_changed_at", null=True), _text("language", 16), _at("created_at"), _at("signed_in_at", null=True)),
        _at("disabled_at", null=True),
        *(_key("account_person"), _one("account_person", "email_key")),
    )
    op.create_table("account_role", *_of("account_role", "person_id", "name"), _text("name", 100))
    op.create_table(
        "account_ticket",
        *(_digest(), _text("purpose", 40), sa.Column("person_id", sa.Uuid()), sa.Column("sealed", sa.Text(), nullable=False)),
        *(_at("created_at"), _at("expires_at"), _person_of("account_ticket"), _key("account_ticket", "digest")),
    )
    _index("account_ticket", "expires_at")
    _index("account_ticket", "person_id")
    op.create_table(
        "account_entry",
        *(
            _id(),
            *_of("account_entry", "id"),
            _text("kind", 60),
            _at("at"),
            _text("address", 64),
            _text("agent", 200),
            _text("detail", 200),
        ),
    )
    _index("account_entry", "person_id", "at")


def _what_a_person_shows() -> None:
    op.create_table(
        "account_totp",
        *(_id(), *_of("account_totp", "id"), _text("name", 100), sa.Column("sealed_seed", sa.Text(), nullable=False)),
        *(_number("last_step"), _at("created_at"), _at("confirmed_at", null=True), _at("used_at", null=True)),
    )
    op.create_table("account_recovery_code", *_of("account_recovery_code", "person_id", "digest"), _digest(), _at("created_at"))
    op.create_table(
        "account_passkey",
        *(_id(), *_of("account_passkey", "id"), _bytes("credential_id", 1023), _bytes("public_key")),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("signs_in", "backup_eligible", "backed_up")),
        *(_text("aaguid", 36), _list("transports"), _text("name", 100), _at("created_at"), _at("used_at", null=True)),
        _one("account_passkey", "credential_id"),
    )
    op.create_table(
        "account_link",
        *(_id(), *_of("account_link", "id"), _text("provider", 100), _text("subject", 255), _text("email", 254)),
        *(_at("created_at"), _at("used_at", null=True), _one("account_link", "provider", "subject")),
    )
    for table in ("account_totp", "account_passkey", "account_link"):
        _index(table, "person_id")


def _where_a_person_is() -> None:
    op.create_table(
        "account_browser",
        *(_id(), *_of("account_browser", "id"), _digest(), _text("agent", 200), _at("created_at"), _at("used_at"), _at("expires_at")),
        _one("account_browser", "digest"),
    )
    op.create_table(
        "account_device",
        *(_id(), *_of("account_device", "id"), _text("handle", 64), _list("how"), _text("address", 64), _text("agent", 200)),
        *(_at("created_at"), _at("seen_at"), _one("account_device", "handle")),
    )
    for table in ("account_browser", "account_device"):
        _index(table, "person_id")


def _tokens() -> None:
    op.create_table(
        "account_token",
        *(_id(), *_of("account_token", "id"), _digest(), _text("hint", 8), _text("name", 100), _list("scopes")),
        *(sa.Column("per_minute", sa.Integer()), _at("created_at"), _at("expires_at", null=True), _at("used_at", null=True)),
        _one("account_token", "digest"),
    )
    op.create_table(
        "account_family",
        *(_id(), *_of("account_family", "id"), _text("name", 100), _list("scopes"), _text("address", 64), _text("agent", 200)),
        *(_at("created_at"), _at("used_at"), _at("expires_at")),
    )
    _index("account_token", "person_id")
    _index("account_family", "expires_at")
    _index("account_family", "person_id")
    name = op.f("fk_account_refresh_token_family_id")
    op.create_table(
        "account_refresh_token",
        *(_digest(), sa.Column("family_id", sa.Uuid(), nullable=False), _at("created_at"), _at("spent_at", null=True)),
        sa.ForeignKeyConstraint(["family_id"], ["account_family.id"], name=name, ondelete="CASCADE"),
        _key("account_refresh_token", "digest"),
    )
    _index("account_refresh_token", "family_id")


# ---- columns and constraints


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.Uuid(), nullable=False)


def _text(name: str, most: int) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=most), nullable=False)


def _bytes(name: str, most: int | None = None) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(length=most), nullable=False)


def _digest() -> sa.Column[bytes]:
    return _bytes("digest", 32)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _list(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _at(name: str, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*(columns or ("id",)), name=op.f(f"pk_{table}"))


def _one(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _person_of(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["person_id"], ["account_person.id"], name=op.f(f"fk_{table}_person_id"), ondelete="CASCADE")


def _of(table: str, *key: str) -> tuple[Any, ...]:
    """What belongs to a person: the column, its foreign key, and the table's own key."""
    return sa.Column("person_id", sa.Uuid(), nullable=False), _person_of(table), _key(table, *key)


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns), unique=False)
