"""The JSON API of accounts, for single-page and mobile clients: what the pages do, with the same limits and the same codes.

A client signs in with a session cookie, as a page does. One that wants tokens (a mobile app, a program) exchanges the session for them
once it is signed in, second factor included: `POST /programs`.
"""

from fastapi import APIRouter

from buckler.frameworks.fastapi.accounts.api import confirming, factors, leaving, places, signing_in, signing_up, tokens

PARTS = (signing_in, signing_up, confirming, factors, places, tokens, leaving)


def router() -> APIRouter:
    """Return the whole API. Its paths have no prefix yet."""
    whole = APIRouter()
    for part in PARTS:
        whole.include_router(part.router)
    return whole
