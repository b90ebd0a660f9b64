"""Tokens for programs: those that a person makes (`personal`), and those that a program gets when it signs in (`refresh`, `access`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.accounts.problems import AccountError
from buckler.accounts.tokens import access, opaque, personal
from buckler.accounts.tokens.jwt import public_keys
from buckler.accounts.tokens.options import Tokens
from buckler.accounts.tokens.personal import NEVER
from buckler.accounts.tokens.problems import TOKEN_INVALID
from buckler.accounts.tokens.refresh import Pair, end_all

if TYPE_CHECKING:
    from buckler.accounts.proof import SignedIn
    from buckler.accounts.visit import Visit

__all__ = ["NEVER", "Pair", "Tokens", "end_all", "owner_of", "public_keys"]


async def owner_of(visit: Visit, text: str) -> SignedIn:
    """Return who is proved by the token that came with a request, whichever kind it is: told apart by its look.

    Raises `AccountError`: 401, the same for every token that is not valid; 429 for a token that was used too often; 503 when the store
    cannot say. A refresh token proves nobody here: it is good for `refresh.redeem` alone.
    """
    looks_personal = text.startswith(f"{visit.accounts.tokens.prefix}{opaque.PERSONAL}_")
    found = await personal.owner(visit, text) if looks_personal else await access.owner(visit, text)
    if found is None:
        raise AccountError(TOKEN_INVALID)
    return found
