"""Adds accounts to an application: one call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.accounts.problems import AccountError
from buckler.errors import StoreError
from buckler.frameworks.fastapi.accounts import api
from buckler.frameworks.fastapi.accounts.answer import on_account_error, on_store_error
from buckler.frameworks.fastapi.accounts.depends import STATE
from buckler.frameworks.fastapi.accounts.pages import add_pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import FastAPI

    from buckler.accounts.accounts import Accounts


def add_accounts(app: FastAPI, accounts: Accounts, *, before_pages: Sequence[Any] = ()) -> None:
    """Serve the pages and the API of `accounts`, and answer `AccountError` everywhere in `app`. Call it once, before the guard is put
    around; close what it holds in the application's lifespan: `await accounts.close()`.

    `before_pages`: dependencies that run before every page, as one that puts on `request.state` what the application's own frame shows.
    For an application mounted inside, which has handlers of its own, call `join_accounts`.
    """
    join_accounts(app, accounts)
    add_pages(app, accounts, before_pages)
    app.include_router(api.router(), prefix=accounts.paths.api)


def join_accounts(app: FastAPI, accounts: Accounts) -> None:
    """Let the routes of `app` use `accounts`, whose pages another application serves."""
    setattr(app.state, STATE, accounts)
    app.add_exception_handler(AccountError, on_account_error)
    app.add_exception_handler(StoreError, on_store_error)
