"""A request as the careless application reads it: by one spelling for its route, and by another for its limits."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote


@dataclass
class Asked:
    """One request. `given`: what was sent, as JSON, whatever its type says, or as a form."""

    method: str
    path: str
    route: str
    client: str
    headers: dict[str, str]
    query: dict[str, str]
    given: dict[str, Any]
    session: str
    sets: list[tuple[bytes, bytes]] = field(default_factory=list)


@dataclass
class Led:
    to: str


class WrongError(Exception):
    def __init__(self, status: int, told: str = "") -> None:
        super().__init__(told)
        self.status, self.told = status, told


def read(scope: Any, body: bytes) -> Asked:
    headers = {name.decode(): value.decode("latin-1") for name, value in scope["headers"]}
    raw, query = scope["raw_path"].decode(), scope["query_string"].decode()
    route = re.sub("/+", "/", unquote(raw)).lower()
    cookies = dict(part.strip().partition("=")[::2] for part in headers.get("cookie", "").split(";"))
    given = json.loads(body) if body.startswith(b"{") else dict(parse_qsl(body.decode(), keep_blank_values=True))
    return Asked(
        method=scope["method"],
        path=f"{raw}?{query}",
        route=route.rstrip("/") or "/",
        client=scope["client"][0],
        headers=headers,
        query=dict(parse_qsl(query)),
        given=given,
        session=cookies.get("__Host-session", ""),
    )
