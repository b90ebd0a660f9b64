"""The server-rendered site around the API."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI

    from examples.conduit.parts import Parts


def add_site(app: FastAPI, parts: Parts) -> None:
    """Add pages, forms, static files and the pages for errors to `app`."""
