"""Writes tests/docs/accounts/old/: databases of sites made by Django, Flask-Security and fastapi-users themselves, as SQL.

Runs in throw-away environments, since no single one holds them all, and keeps what other runs have written:
`pip install django "django-allauth[mfa]" django-otp argon2-cffi`; `pip install "flask-security[common,mfa,fsqla]" argon2-cffi`;
`pip install "fastapi-users[sqlalchemy]" aiosqlite`. Then `ENV/bin/python tools/old_sites.py` in each.

With Flask-Security it also runs the script of docs/accounts/moving.md that takes the seeds along: passlib, which it needs, is not among
what the tests install.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OLD = ROOT / "tests" / "docs" / "accounts" / "old"
PAGE = ROOT / "docs" / "accounts" / "moving.md"
PASSWORD = "walk the quiet harbour at dawn"  # noqa: S105  # of people who never were
SINCE = datetime(2024, 3, 1, 12, tzinfo=UTC)
SEED = b"twenty bytes of seed"
FLASK: dict[str, Any] = {
    "SECRET_KEY": "of an old site that never was",
    "SECURITY_PASSWORD_SALT": "146585145368132386173505678016728509634",
    "SECURITY_TOTP_SECRETS": {"1": "TjQ9Qa31VOrfEzuPy4VHQWPCTmRzCnFzMKLxXYiZu9B"},
    "SECURITY_TOTP_ISSUER": "Old",
    "SECURITY_TWO_FACTOR": True,
    "SECURITY_CONFIRMABLE": True,
    "SECURITY_AUTO_LOGIN_AFTER_CONFIRM": False,
}


def keep(name: str, database: Path) -> None:
    """Write a database as SQL."""
    OLD.mkdir(exist_ok=True)
    with sqlite3.connect(database) as connection:
        lines = [line for line in connection.iterdump() if not re.search(r'"(django_\w+|auth_permission)" VALUES', line)]
    (OLD / f"{name}.sql").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {name}")


def django(database: Path) -> None:
    settings: Any = import_module("django.conf").settings
    apps = [*(f"django.contrib.{app}" for app in ("auth", "contenttypes", "sessions", "messages")), "django_otp.plugins.otp_totp"]
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(database)}},
        INSTALLED_APPS=[*apps, "allauth", "allauth.account", "allauth.mfa"],
        MIDDLEWARE=["allauth.account.middleware.AccountMiddleware"],
        USE_TZ=True,
        SECRET_KEY="of an old site that never was",  # noqa: S106  # as above
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    )
    import_module("django").setup()
    import_module("django.core.management").call_command("migrate", verbosity=0)
    users: Any = import_module("django.contrib.auth.models").User.objects
    mira = users.create_user("mira", "Mira@Mail.example", PASSWORD)
    users.create_user("ada", "ada@mail.example", PASSWORD, is_active=False)
    users.create_user("kim", "kim@mail.example", None)  # a password that nobody can type
    users.create_user("mira2", "mira@mail.example", PASSWORD)  # Django lets two people have one address
    users.create_user("robot", "", PASSWORD)
    totp: Any = import_module("django_otp.plugins.otp_totp.models").TOTPDevice
    totp.objects.create(user=mira, name="phone", key=SEED.hex(), confirmed=True)
    address: Any = import_module("allauth.account.models").EmailAddress
    address.objects.create(user=mira, email="Mira@Mail.example", verified=True, primary=True)
    lou = users.create_user("lou", "lou@mail.example", PASSWORD)
    address.objects.create(user=lou, email="lou@mail.example", verified=True, primary=True)
    secret = import_module("base64").b32encode(SEED).decode()
    import_module("allauth.mfa.totp.internal.auth").TOTP.activate(lou, secret)
    users.update(date_joined=SINCE)
    keep("django", database)


def flask_security(database: Path) -> None:
    flask: Any = import_module("flask")
    security: Any = import_module("flask_security")
    models: Any = import_module("flask_security.models.fsqla_v3")
    db: Any = import_module("flask_sqlalchemy").SQLAlchemy()
    app = flask.Flask("old")
    app.config.update(FLASK, SQLALCHEMY_DATABASE_URI=f"sqlite:///{database}")
    db.init_app(app)
    models.FsModels.set_db_info(db)
    role = type("Role", (db.Model, models.FsRoleMixin), {})
    user = type("User", (db.Model, models.FsUserMixin), {})
    webauthn = type("WebAuthn", (db.Model, models.FsWebAuthnMixin), {})
    guard = security.Security(app, security.SQLAlchemyUserDatastore(db, user, role, webauthn))
    with app.app_context():
        db.create_all()
        factory: Any = import_module("passlib.totp").TOTP.using(secrets=FLASK["SECURITY_TOTP_SECRETS"], issuer="Old")
        seed = factory(key=SEED, format="raw").to_json(encrypt=True)
        make = guard.datastore.create_user
        hashed = security.hash_password(PASSWORD)
        make(email="mira@mail.example", password=hashed, confirmed_at=SINCE, tf_primary_method="authenticator", tf_totp_secret=seed)
        make(email="ada@mail.example", password=hashed, confirmed_at=SINCE, active=False)
        make(email="kim@mail.example", password=hashed, tf_primary_method="email", tf_totp_secret=seed)
        db.session.execute(import_module("sqlalchemy").update(user).values(create_datetime=SINCE, update_datetime=SINCE))
        db.session.commit()
    keep("flask_security", database)
    python = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    seeds = next(block for block in python if "passlib" in block)
    config = f"SECURITY_TOTP_SECRETS = {FLASK['SECURITY_TOTP_SECRETS']!r}\n"
    (database.parent / "old_config.py").write_text(config, encoding="utf-8")
    subprocess.run([sys.executable, "-c", seeds], cwd=database.parent, check=True)
    (OLD / "seeds.json").write_bytes((database.parent / "seeds.json").read_bytes())


def fastapi_users(database: Path) -> None:
    tables: Any = import_module("fastapi_users_db_sqlalchemy")
    base: Any = type("Base", (import_module("sqlalchemy.orm").DeclarativeBase,), {})
    user: Any = type("User", (tables.SQLAlchemyBaseUserTableUUID, base), {})
    alchemy: Any = import_module("sqlalchemy.ext.asyncio")
    hashed = import_module("fastapi_users.password").PasswordHelper().hash

    async def fill() -> None:
        engine = alchemy.create_async_engine(f"sqlite+aiosqlite:///{database}")
        async with engine.begin() as connection:
            await connection.run_sync(base.metadata.create_all)
        async with alchemy.AsyncSession(engine) as session:
            users = tables.SQLAlchemyUserDatabase(session, user)
            await users.create({"email": "Mira@mail.example", "hashed_password": hashed(PASSWORD), "is_verified": True})
            await users.create({"email": "ada@mail.example", "hashed_password": hashed(PASSWORD), "is_active": False})
            await users.create({"email": "kim@mail.example", "hashed_password": hashed(PASSWORD)})
        await engine.dispose()

    asyncio.run(fill())
    keep("fastapi_users", database)


def main() -> None:
    for maker, needs in ((django, "allauth"), (flask_security, "flask_security"), (fastapi_users, "fastapi_users")):
        try:
            import_module(needs)
        except ImportError:
            continue
        with tempfile.TemporaryDirectory() as folder:
            maker(Path(folder) / "old.db")


if __name__ == "__main__":
    main()
