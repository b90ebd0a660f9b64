"""People as others see them: profiles, followers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, literal, select
from sqlalchemy.exc import IntegrityError

from examples.conduit.db import ARTICLES, changed, insert_if_new
from examples.conduit.errors import not_found, taken
from examples.conduit.models import Follow, User
from examples.conduit.views import Profile

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from examples.conduit.schemas import ProfileChange


def key_of(name: str) -> str:
    """Return what makes a username unique."""
    return name.casefold()


async def of_person(session: AsyncSession, person_id: UUID) -> User | None:
    """Return what is known of somebody who is signed in."""
    return await session.scalar(select(User).where(User.person_id == person_id))


async def change(session: AsyncSession, user: User, wanted: ProfileChange) -> None:
    """Change how others see `user`. Raises `ConduitError` 409 for a username that somebody has. The caller commits."""
    new = wanted.model_dump(include={"username", "bio", "image"}, exclude_unset=True)
    name = new.get("username", user.username)
    other = select(User.id).where(User.username_key == key_of(name), User.id != user.id)
    if await session.scalar(other) is not None:
        raise taken("username")
    for field, value in new.items():
        setattr(user, field, value)
    user.username_key = key_of(name)
    changed(session, ARTICLES)  # their name and picture stand beside them
    try:
        await session.flush()
    except IntegrityError:  # somebody took it since it was looked up
        await session.rollback()
        await session.refresh(user)  # for whoever shows the form again
        raise taken("username") from None


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
