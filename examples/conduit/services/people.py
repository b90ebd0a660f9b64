"""Users: sign-up, sign-in, settings, profiles, followers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, literal, or_, select
from sqlalchemy.exc import IntegrityError

from examples.conduit import tokens
from examples.conduit.db import insert_if_new
from examples.conduit.errors import BAD_CREDENTIALS, ConduitError, not_found, taken
from examples.conduit.models import Follow, User
from examples.conduit.passwords import is_common
from examples.conduit.views import Profile

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from examples.conduit.passwords import Passwords
    from examples.conduit.schemas import NewUser, SignIn, UserChange


def key_of(name: str) -> str:
    """Return what makes a username or e-mail address unique."""
    return name.casefold()


async def register(session: AsyncSession, passwords: Passwords, new: NewUser, *, allow_common: bool = False) -> User:
    """Return the new user. Raises `ConduitError`: 409 for a name or address that somebody has, 422 for a common password."""
    refuse_common(new.password, new.username, new.email, allow_common=allow_common)
    await _refuse_taken(session, new.username, new.email)  # before the costly hash
    await session.commit()
    user = User(
        username=new.username,
        username_key=key_of(new.username),
        email=new.email,
        email_key=key_of(new.email),
        password_hash=await passwords.hash(new.password),
    )
    session.add(user)
    await _commit(session, new.username, new.email)
    return user


async def authenticate(session: AsyncSession, passwords: Passwords, attempt: SignIn) -> User:
    """Return who signs in. Raises `ConduitError` 401. The same work is done, and the same said, for people who do not exist."""
    user = await session.scalar(select(User).where(User.email_key == key_of(attempt.email)))
    kept = user.password_hash if user else None
    await session.commit()  # gives the connection back: hashing takes long
    if not await passwords.verify(kept, attempt.password) or user is None:
        raise ConduitError(*BAD_CREDENTIALS)
    if kept and passwords.is_outdated(kept):
        user.password_hash = await passwords.hash(attempt.password)
        await session.commit()
    return user


async def by_id(session: AsyncSession, user_id: int) -> User | None:
    """Return a user, for a session that remembers the id."""
    return await session.get(User, user_id)


async def change(
    session: AsyncSession, passwords: Passwords, user: User, wanted: UserChange, *, allow_common: bool = False, token: str = ""
) -> User:
    """Return the user as changed. A new password ends all sessions and tokens but `token`. Raises as `register`."""
    new = wanted.changes()
    username, email = new.get("username", user.username), new.get("email", user.email)
    password = new.pop("password", None)
    if password is not None:
        refuse_common(password, username, email, allow_common=allow_common)
    await _refuse_taken(session, username, email, but=user.id)
    for name, value in new.items():
        setattr(user, name, value)
    user.username_key, user.email_key = key_of(username), key_of(email)
    if password is not None:
        user.password_hash = await passwords.hash(password)
        user.credentials_version += 1
        await tokens.revoke(session, user, but=token)
    await _commit(session, username, email, but=user.id)
    return user


def refuse_common(password: str, *own_names: str, allow_common: bool) -> None:
    """Raise `ConduitError` 422 for a password that anybody would try first."""
    if not allow_common and is_common(password, *own_names):
        raise ConduitError(422, "password", "is one of the first that an attacker would try; choose another")


async def profile(session: AsyncSession, viewer: User | None, username: str) -> Profile:
    """Return a profile. Raises `ConduitError` 404."""
    user, following = await _found(session, viewer, username)
    return Profile.of(user, following=following)


async def follow(session: AsyncSession, viewer: User, username: str) -> Profile:
    """Return the profile that is followed now. Doing it twice is doing it once."""
    user, _ = await _found(session, viewer, username)
    await insert_if_new(session, Follow, follower_id=viewer.id, followed_id=user.id)
    await session.commit()
    return Profile.of(user, following=True)


async def unfollow(session: AsyncSession, viewer: User, username: str) -> Profile:
    """Return the profile that is not followed any more."""
    user, _ = await _found(session, viewer, username)
    await session.execute(delete(Follow).where(Follow.follower_id == viewer.id, Follow.followed_id == user.id))
    await session.commit()
    return Profile.of(user)


async def _found(session: AsyncSession, viewer: User | None, username: str) -> tuple[User, bool]:
    follows = exists().where(Follow.follower_id == viewer.id, Follow.followed_id == User.id) if viewer else literal(value=False)
    row = (await session.execute(select(User, follows).where(User.username_key == key_of(username)))).one_or_none()
    if row is None:
        raise not_found("profile")
    return row[0], bool(row[1])


async def _refuse_taken(session: AsyncSession, username: str, email: str, but: int = 0) -> None:
    """Raise for a name or address that somebody other than `but` has. Who has an account can be found out this way: the API's
    contract asks for it, and rate limits make it slow."""
    same = or_(User.username_key == key_of(username), User.email_key == key_of(email))
    found = (await session.execute(select(User.username_key).where(same, User.id != but))).scalars().all()
    if found:
        raise taken("username" if key_of(username) in found else "email")


async def _commit(session: AsyncSession, username: str, email: str, but: int = 0) -> None:
    """Commit; somebody may have taken the name since it was looked up."""
    try:
        await session.commit()
    except IntegrityError:
        await session.rollback()
        await _refuse_taken(session, username, email, but)
        raise
