"""Conduit, the RealWorld application, on Buckler: a JSON API and a server-rendered site for people who write and read articles.

    buckler run examples.conduit:app

Besides `app`, the module offers what the command line asks for: `prepare` (tables and first content), `demo` (the account to look
around with), `target` (where cases are played), `rehearsal` (on state that is thrown away). `app` is made when it is first asked
for, not on import: a migration or a test that needs one module of this package builds no application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from examples.conduit.rehearsal import rehearsal
from examples.conduit.start import demo, prepare
from examples.conduit.target import target

if TYPE_CHECKING:
    from buckler import Guard

    app: Guard

__all__ = ["app", "demo", "prepare", "rehearsal", "target"]


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from examples.conduit.app import make_app  # noqa: PLC0415  # see above
    from examples.conduit.settings import from_environment  # noqa: PLC0415  # see above

    globals()["app"] = make_app(from_environment())
    return globals()["app"]
