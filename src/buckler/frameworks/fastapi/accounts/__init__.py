"""Accounts for FastAPI: `add_accounts(app, accounts)`, and what a route says of who may call it."""

from buckler.frameworks.fastapi.accounts.add import add_accounts, join_accounts
from buckler.frameworks.fastapi.accounts.depends import (
    OwnerDep,
    PersonDep,
    SignedInDep,
    VisitDep,
    accepts,
    fresh,
    maybe_signed_in,
    public,
    requires,
    signed_in,
)
from buckler.frameworks.fastapi.accounts.walk import routes_without_rule

__all__ = [
    "OwnerDep",
    "PersonDep",
    "SignedInDep",
    "VisitDep",
    "accepts",
    "add_accounts",
    "fresh",
    "join_accounts",
    "maybe_signed_in",
    "public",
    "requires",
    "routes_without_rule",
    "signed_in",
]
