"""What a route says about its own answers: for how long they may be kept, for whom, and under which tags."""

from __future__ import annotations

from dataclasses import dataclass

PUBLIC, PERSON = "public", "person"


@dataclass(frozen=True, slots=True)
class Keep:
    """`scope`: whether one answer is for everybody or for one person. `client_ttl_s`: what browsers and caches in front are told.
    `vary`: headers that the route asks for by name."""

    ttl_s: float
    tags: tuple[str, ...] = ()
    scope: str = PUBLIC
    stale_while_revalidate_s: float = 0.0
    stale_if_error_s: float = 0.0
    negative_ttl_s: float = 0.0
    client_ttl_s: float = 0.0
    vary: tuple[bytes, ...] = ()
