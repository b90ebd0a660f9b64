"""Access tokens: short-lived, signed, verified without the database (RFC 9068).

Each belongs to a family, the sign-in of one program, whose id is its `client_id`: programs are not registered here, so a sign-in is all
that there is to name. One look into the store says whether the family, or everything of the person, was ended meanwhile.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from buckler.accounts.proof import prove
from buckler.accounts.tokens import marks, scopes
from buckler.accounts.tokens.jwt import Signer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.accounts.proof import SignedIn
    from buckler.accounts.tables import Family
    from buckler.accounts.visit import Visit

_OFFER = "accounts.tokens"
_TEXTS = ("iss", "aud", "sub", "client_id", "jti", "scope")
_TIMES = ("exp", "iat")
_CLAIMS = frozenset(_TEXTS + _TIMES)
_JTI_BYTES = 16


class Claims(NamedTuple):
    """What a token says, once it has been judged."""

    person_id: UUID
    family_id: UUID
    scopes: frozenset[str] | None
    issued_s: int


def mint(visit: Visit, family: Family, wanted: Sequence[str]) -> tuple[str, int]:
    """Return a new access token, and the seconds that it lives: never longer than its family."""
    options = visit.accounts.tokens
    issuer, audience = _parties(visit)
    issued_s = int(visit.site.clock.now())
    expires_s = min(issued_s + options.access_s, int(family.expires_at.timestamp()))
    claims = {
        "iss": issuer, "aud": audience, "sub": str(family.person_id), "client_id": str(family.id), "scope": " ".join(wanted),
        "iat": issued_s, "exp": expires_s, "jti": secrets.token_urlsafe(_JTI_BYTES),
    }  # fmt: skip
    return _signer(visit).mint(claims), expires_s - issued_s


async def owner(visit: Visit, text: str) -> SignedIn | None:
    """Return whose token this is; None when it is no valid one. Costs no look into the database and one into the store. Raises
    `AccountError` 503 when the store fails, unless it is allowed to."""
    claims = _signer(visit).read(text)
    found = judge(visit, claims) if claims is not None else None
    if found is None or await marks.ended(visit, found.family_id, found.person_id, found.issued_s):
        return None
    return prove(found.person_id, "access_token", scopes=found.scopes, token_id=str(found.family_id))


def judge(visit: Visit, claims: dict[str, Any]) -> Claims | None:
    """Return what signed claims say; None unless they are exactly such as `mint` writes, for this site, and at this time.

    Nothing is optional, and a time is a whole number: a missing `exp`, or one that is NaN, would never be over. A token that says that it
    lives longer than one may today is refused, because its end would be forgotten before it has expired.
    """
    right_kinds = (
        claims.keys() == _CLAIMS and all(type(claims[name]) is str for name in _TEXTS) and all(type(claims[name]) is int for name in _TIMES)
    )
    if not right_kinds or (claims["iss"], claims["aud"]) != _parties(visit):
        return None
    now_s, issued_s = visit.site.clock.now(), claims["iat"]
    if not (now_s < claims["exp"] <= issued_s + visit.accounts.tokens.access_s and issued_s <= now_s + marks.SKEW_S):
        return None
    try:
        person_id, family_id = UUID(claims["sub"]), UUID(claims["client_id"])
    except ValueError:
        return None
    return Claims(person_id, family_id, scopes.proved(claims["scope"].split()), issued_s)


def _parties(visit: Visit) -> tuple[str, str]:
    """Who makes the tokens, and whom they are for: a token of another site with the same secrets is for nobody here."""
    options = visit.accounts.tokens
    issuer = options.issuer or visit.link("")
    return issuer, options.audience or issuer


def _signer(visit: Visit) -> Signer:
    """Return the site's signer: made once, since importing keys costs more than verifying a token."""
    options = visit.accounts.tokens
    kept = visit.site.offers.get(_OFFER)
    if kept is None or kept[0] is not options:
        kept = visit.site.offers[_OFFER] = (options, Signer(visit.site.keys, options.signing_keys))
    signer: Signer = kept[1]
    return signer
