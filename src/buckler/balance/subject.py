"""What is weighed: an application's guard, and where the cases are played on it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from buckler.core.case import Place, Target
from buckler.errors import ConfigError
from buckler.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from buckler.serve.load import Loaded

GENERIC = Target(paths={Place.PAGE: "/"})


class Subject(NamedTuple):
    """`remarks` are sentences for the sheet: what could not be known about the application."""

    name: str
    guard: Guard
    target: Target
    remarks: tuple[str, ...] = ()


@contextmanager
def subject_of(loaded: Loaded, name: str) -> Iterator[Subject]:
    """Yield the subject, from what the module offers beside the application.

    - `target`, a `Target`: which of its paths plays which role. Without it only a page at `/` is known.
    - `rehearsal()`, a context manager that yields the guarded application on state that is thrown away. Without it the cases are
      played on the application as it is configured, and what they write stays written.

    Raises `ConfigError` when the application is not behind a guard.
    """
    remarks: list[str] = []
    target = loaded.offer("target")
    if not isinstance(target, Target):
        target = GENERIC
        remarks.append("The module names no `target`: cases that need more than a page at / were not played.")
    rehearsal = loaded.offer("rehearsal")
    with ExitStack() as stack:
        app = loaded.app
        if rehearsal is not None:
            app = stack.enter_context(rehearsal())
        else:
            remarks.append("The module offers no `rehearsal()`: what the cases wrote, they wrote into the application's own state.")
        if not isinstance(app, Guard):
            raise ConfigError("APP", name, "is not behind a guard; wrap it, as in app = Guard(app, hosts=[…], secrets=[…])")
        yield Subject(name, app, target, tuple(remarks))
