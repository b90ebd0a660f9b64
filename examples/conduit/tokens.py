"""What a program shows to act for a user: 256 random bits, of which the database keeps only a hash.

Deliberately no JWT: the user's row is read on every request anyway, so a signed token would save no work, and could not be taken
back. A random one has no algorithm to confuse, no key to leak, ends when it is deleted, and with a new password.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from examples.conduit.models import ApiToken, User, now

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

PREFIX = "conduit_"  # so that a scanner finds one that was left in a file
MAX_A_USER = 20  # the oldest make room: nobody can fill the table by signing in
MAX_CHARS = 100


def digest_of(token: str) -> bytes:
    """Return what is kept. No salt and no slow hash: nobody can guess 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


async def issue(session: AsyncSession, user: User, days: int) -> str:
    """Return a new token of `user`, valid for `days`. The caller commits."""
    token = PREFIX + secrets.token_urlsafe(32)
    older = select(ApiToken.digest).where(ApiToken.user_id == user.id).order_by(ApiToken.created_at.desc()).offset(MAX_A_USER - 1)
    await session.execute(delete(ApiToken).where(ApiToken.digest.in_(older)), execution_options={"synchronize_session": False})
    session.add(ApiToken(digest=digest_of(token), user_id=user.id, expires_at=now() + timedelta(days=days)))
    return token


async def owner(session: AsyncSession, token: str) -> User | None:
    """Return whose token this is, or None: unknown, expired, taken back. One statement."""
    if len(token) > MAX_CHARS:
        return None
    query = select(User).join(ApiToken, ApiToken.user_id == User.id)
    return await session.scalar(query.where(ApiToken.digest == digest_of(token), ApiToken.expires_at > now()))


async def revoke(session: AsyncSession, user: User, but: str = "") -> None:
    """Take back all tokens of `user`, but not the one that is in use. The caller commits."""
    await session.execute(delete(ApiToken).where(ApiToken.user_id == user.id, ApiToken.digest != digest_of(but)))
