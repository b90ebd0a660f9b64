"""Conduit, the RealWorld application, on Buckler: a JSON API and a server-rendered site for people who write and read articles.

    uvicorn examples.conduit:app

`app` is made when it is first asked for, not on import: a migration, a test or a script that needs one module of this package
builds no application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from examples.conduit.target import target

if TYPE_CHECKING:
    from buckler import Guard

    app: Guard

__all__ = ["app", "target"]


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from examples.conduit.app import make_app  # noqa: PLC0415  # see above
    from examples.conduit.settings import Settings  # noqa: PLC0415

    globals()["app"] = make_app(Settings.from_environment())
    return globals()["app"]
