"""The API as an application of its own, mounted under /api: its errors are JSON, whatever the site around it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from buckler.frameworks.fastapi.accounts import join_accounts, public
from buckler.frameworks.fastapi.docs import add_docs
from examples.conduit.api import articles, comments, profiles, tags, users
from examples.conduit.api.failures import on_failure, says

if TYPE_CHECKING:
    from starlette.datastructures import State


def make_api(state: State) -> FastAPI:
    """Return the API. It shares the `state` of the application around it, whose handlers may meet its requests too."""
    api = FastAPI(title="Conduit", version="1.0.0", docs_url=None, redoc_url=None, responses=says(401, 422))
    api.state = state
    join_accounts(api, state.parts.accounts)
    add_docs(api, dependencies=[public(because="the contract is public, and so is this description of it")])
    for resource in (users, profiles, articles, comments, tags):
        api.include_router(resource.router)
    on_failure(api)
    return api
