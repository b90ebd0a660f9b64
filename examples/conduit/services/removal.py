"""Who may remove something: who made it, and moderators."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from buckler.accounts import roles

if TYPE_CHECKING:
    from buckler.accounts import SignedIn, Visit
    from examples.conduit.models import User


class Remover(NamedTuple):
    """Who removes. `own` and `anybodys` are the permissions for the two cases; a token must have been made for the one at hand."""

    visit: Visit
    who: SignedIn
    user: User
    own: str
    anybodys: str

    async def may(self, author_id: int) -> bool:
        """Whether what this author made may be removed. One's own costs no question to the database."""
        return self.who.may_use(self.own) if author_id == self.user.id else await self.anybodys_too()

    async def anybodys_too(self) -> bool:
        """Whether this is a moderator."""
        return await roles.may(self.visit, self.who, self.anybodys)
