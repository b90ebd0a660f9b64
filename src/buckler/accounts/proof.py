"""Proof that somebody is who they say: a value that only a verifier makes, never a boolean that somebody forgot to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

_MAKER = object()


class SignedIn:
    """A person, proved. `how`: `session`, `personal_token` or `access_token`. `scopes`: None for everything the person may do.

    `fresh_s`: seconds since the person last showed a factor; infinite for a token, which is no person. `token_id`: of the token, or of
    the family of refresh tokens, that was shown. Made by `buckler.accounts` alone: the constructor asks for what only it has.
    """

    __slots__ = ("fresh_s", "how", "person_id", "scopes", "token_id")

    def __init__(self, maker: object, person_id: UUID, how: str, fresh_s: float, scopes: frozenset[str] | None, token_id: str) -> None:
        if maker is not _MAKER:
            raise TypeError("only a verifier makes a SignedIn: depend on `signed_in` instead")
        self.person_id, self.how, self.fresh_s, self.scopes, self.token_id = person_id, how, fresh_s, scopes, token_id

    def may_use(self, scope: str) -> bool:
        """Whether the token at hand was made for `scope`; a session is for everything."""
        return self.scopes is None or scope in self.scopes

    def __repr__(self) -> str:
        return f"<SignedIn by {self.how}>"  # the id of a person is personal data: not in every log line


def prove(
    person_id: UUID, how: str, *, fresh_s: float = float("inf"), scopes: frozenset[str] | None = None, token_id: str = ""
) -> SignedIn:
    """Return the proof. To be called where something was verified, and nowhere else: a test holds the list of the places."""
    return SignedIn(_MAKER, person_id, how, fresh_s, scopes, token_id)
