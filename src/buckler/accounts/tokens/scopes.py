"""Scopes: what a token was made for. They are permissions, each named in full, and they only ever narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.roles import is_permission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.accounts.visit import Visit

SCOPE_UNKNOWN = Problem("account.scope_unknown", 422, "There is no such scope.", "Choose scopes from the list of this site.")
SCOPES_MANY = Problem("account.scopes_many", 422, "These are too many scopes.", "Choose at most {most}.")
SCOPE_WIDER = Problem("account.scope_wider", 400, "The sign-in was not made for all of these scopes.", "Ask for fewer, or sign in again.")

MAX_SCOPES = 20  # so that a token, which every request carries, stays small
EVERYTHING = "*"  # kept, and written into access tokens, for a program that may do all that its person may


def asked(visit: Visit, scopes: Sequence[str]) -> list[str]:
    """Return the scopes, each once and sorted. Raises `AccountError` 422 for one that this site does not offer."""
    found = sorted(set(scopes))
    if len(found) > MAX_SCOPES:
        raise AccountError(SCOPES_MANY, "scopes", most=MAX_SCOPES)
    offered = visit.accounts.tokens.scopes
    for scope in found:
        if not is_permission(scope) or (offered and scope not in offered):
            raise AccountError(SCOPE_UNKNOWN, "scopes")
    return found


def narrowed(kept: Sequence[str], wanted: Sequence[str] | None) -> list[str]:
    """Return what is `wanted` of the scopes that are `kept`; None for all of them. Raises `AccountError` 400 for one beyond them."""
    if wanted is None:
        return list(kept)
    fit = set(wanted) <= set(kept) or (EVERYTHING in kept and len(wanted) <= MAX_SCOPES and all(map(is_permission, wanted)))
    if not fit:
        raise AccountError(SCOPE_WIDER, "scope")
    return sorted(set(wanted))


def proved(kept: Sequence[str]) -> frozenset[str] | None:
    """Return what stands in a proof: None for everything that the person may do."""
    return None if EVERYTHING in kept else frozenset(kept)
