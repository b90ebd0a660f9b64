"""How people have accounts here: everything that Conduit says of it to Buckler."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from buckler.accounts import (
    CHEAPEST_FOR_TESTS,
    RFC9106_LOW_MEMORY,
    SMTP,
    Accounts,
    MailFolder,
    Passwords,
    Paths,
    Person,
    Provider,
    Throttle,
    Tokens,
)
from buckler.accounts.addresses import email_key
from buckler.accounts.tables import Role
from buckler.errors import ConfigError
from examples.conduit.profile import ConduitProfile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.accounts import Post
    from examples.conduit.db import Database
    from examples.conduit.settings import Settings

MODERATOR = "moderator"
READ, WRITE, COMMENT, FOLLOW = "articles:read", "articles:write", "comments:write", "people:follow"
PROFILE_READ, PROFILE_WRITE = "profile:read", "profile:write"
ARTICLES_DELETE, COMMENTS_DELETE = "articles:delete", "comments:delete"  # anybody's; one's own need no more than `…:write`

# What somebody may do with their own, and what a token can be made for. `everybody` has a name that Buckler knows.
_OWN = (READ, WRITE, COMMENT, FOLLOW, PROFILE_READ, PROFILE_WRITE)
_EVERYBODYS = (ARTICLES_DELETE, COMMENTS_DELETE)

PATHS = Paths(
    sign_in="/login",
    second="/login/second",
    passkey="/login/passkey",
    provider="/login/with",
    sign_up="/register",
    sign_up_profile="/register/profile",
    verify="/register/confirm",
    verify_address="/register/address",
    sign_out="/logout",
    security="/settings/security",
    email_new="/settings/email",
)
FOLDER = Path(__file__).parent / "templates"  # its pages/layout.html is the frame of all account pages
_DEVELOPMENTS_SENDER = "conduit@conduit.example"


def make_accounts(settings: Settings, database: Database) -> Accounts:
    """Return the accounts that `settings` ask for. Opens nothing but the folder for letters. Raises `ConfigError`."""
    return Accounts(
        database=database.session,
        name="Conduit",
        sender=settings.sender or _DEVELOPMENTS_SENDER,
        post=_post(settings),
        origin=settings.origin,
        passwords=_passwords(settings),
        throttle=Throttle(report_only=settings.insecure_only_report_rate_limits),
        # An hour, since a program of the RealWorld contract has no way to ask for the next one.
        tokens=Tokens(prefix="conduit", access_s=3600, scopes=(*_OWN, *_EVERYBODYS)),
        paths=PATHS,
        profile=ConduitProfile(),
        providers=_providers(settings),
        roles={"everybody": _OWN, MODERATOR: _EVERYBODYS},
        folders=[FOLDER],
    )


async def appoint(database: Database, emails: Sequence[str]) -> None:
    """Let the people of these addresses, and nobody else, be moderators. An address that is not confirmed may be anybody's: it counts
    from the first start after its confirmation."""
    keys = {email_key(email) for email in emails}
    async with database.session() as session:
        found = await session.scalars(select(Person.id).where(Person.email_key.in_(keys), Person.email_verified_at.is_not(None)))
        wanted = set(found)
        there = set(await session.scalars(select(Role.person_id).where(Role.name == MODERATOR)))
        await session.execute(delete(Role).where(Role.name == MODERATOR, Role.person_id.in_(there - wanted)))
        session.add_all(Role(person_id=person_id, name=MODERATOR) for person_id in wanted - there)
        await session.commit()


def _passwords(settings: Settings) -> Passwords:
    return Passwords(
        profile=CHEAPEST_FOR_TESTS if settings.insecure_cheap_passwords else RFC9106_LOW_MEMORY,
        workers=settings.password_workers,
        wait_s=settings.password_wait_s,
        min_strength=0 if settings.insecure_allow_common_passwords else Passwords.min_strength,
        insecure_allow_common=settings.insecure_allow_common_passwords,
    )


def _post(settings: Settings) -> Post:
    """A mail server where there is one; on a laptop a folder, which a page shows."""
    if settings.smtp_host:
        if not settings.sender:
            raise ConfigError("CONDUIT_SENDER", "", "name the address that mails come from, as in conduit@blog.example")
        return SMTP(
            host=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username,
            password=settings.smtp_password,
            security=settings.smtp_security,
        )
    if not settings.development:
        raise ConfigError("CONDUIT_SMTP_HOST", "", "name the mail server: without mails nobody can sign up, or choose a new password")
    return MailFolder(settings.make_folder() / "letters")


def _providers(settings: Settings) -> Sequence[Provider]:
    given = {name: getattr(settings, f"oidc_{name}") for name in ("issuer", "client_id", "client_secret")}
    if not any(given.values()):
        return ()
    for name, value in given.items():
        if not value:
            raise ConfigError(f"CONDUIT_OIDC_{name.upper()}", "", "give issuer, client id and client secret together, or none of them")
    return (Provider(name="oidc", label=settings.oidc_label, **given),)
