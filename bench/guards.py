"""Guards for measuring: everything on as by default, and a rate limit that no load reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.peers.common import HOST, LIMIT, SECRET
from buckler import Guard, off
from buckler.protections import DEFAULTS

if TYPE_CHECKING:
    from buckler.core.protection import Protection
    from buckler.guard.plan import Off

NAMES = tuple(kind.card.name for kind in DEFAULTS)
_BY_NAME = {kind.card.name: kind for kind in DEFAULTS}
_NOT_MEASURED = "it is measured without it"


def guarded(app: Any, *changes: Protection | Off, limit: int = LIMIT, **facts: Any) -> Guard:
    """Return a guard around `app` for the benchmark's host. A rate limit among `changes` stands; else one of `limit` a minute."""
    given = {_name(change) for change in changes}
    opened = [made(name, limit=limit) for name in ("ratelimit",) if name in _BY_NAME and name not in given]
    return Guard(app, *opened, *changes, **{"hosts": [HOST], "secrets": [SECRET], **facts})


def only(app: Any, *names: str, limit: int = LIMIT, **facts: Any) -> Guard:
    """Return a guard with nothing on but the protections of these names."""
    changes = [made(name, limit=limit) if name in names else without(name) for name in NAMES]
    return guarded(app, *changes, **facts)


def without(name: str) -> Off:
    return off(_BY_NAME[name], because=_NOT_MEASURED)


def made(name: str, *, limit: int = LIMIT) -> Protection:
    """Return the default protection of this name; the rate limit with `limit` calls a minute and client."""
    kind: Any = _BY_NAME[name]
    protection: Protection = kind(flood=f"{limit}/minute") if name == "ratelimit" else kind()
    return protection


def _name(change: Protection | Off) -> str:
    return change.card.name if hasattr(change, "card") else change.name
