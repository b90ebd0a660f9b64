"""The peers, and how each of them is asked the same three things."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from bench.accounts import cast
from bench.peers.common import HOST
from bench.rows import Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Ask(NamedTuple):
    """One POST."""

    path: str
    kind: bytes
    body: bytes

    def head(self, *, keep: bool = True) -> bytes:
        """Return it as it stands on the wire, body included."""
        lines = [f"POST {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in FIELDS), f"content-type: {self.kind.decode()}"]
        lines += [f"content-length: {len(self.body)}", *([] if keep else ["connection: close"]), "", ""]
        return "\r\n".join(lines).encode() + self.body


# What a page's own script sends, in the order of no browser.
FIELDS = (
    ("host", HOST),
    ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("accept", "application/json"),
    ("origin", f"https://{HOST}"),
    ("sec-fetch-site", "same-origin"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Peer:
    """`app` answers by ASGI in the process. `paths`: of `sign_in`, `sign_up` and `reset`. `form`: it takes forms for signing in.
    `locks`: it limits attempts on an account. `servers`: how the flood runs it."""

    key: str
    title: str
    app: str
    paths: Mapping[str, str]
    packages: Sequence[str]
    form: bool = False
    locks: bool = True
    environment: str = ""

    def ask(self, what: str, email: str) -> Ask:
        """Return the request: `sign_in` with a wrong password, `sign_up`, or `reset`."""
        if what == "sign_in" and self.form:
            body = urlencode({"username": email, "password": cast.WRONG}).encode()
            return Ask(self.paths[what], b"application/x-www-form-urlencoded", body)
        fields = {"email": email}
        if what != "reset":
            fields["password"] = cast.NEW if what == "sign_up" else cast.WRONG
        return Ask(self.paths[what], b"application/json", json.dumps(fields).encode())


PEERS = (
    Peer(
        key="buckler",
        title="FastAPI + Buckler",
        app="accounts_buckler",
        paths={"sign_in": "/account/api/sign-in", "sign_up": "/account/api/sign-up", "reset": "/account/api/reset"},
        packages=("fastapi", "sqlalchemy", "argon2-cffi"),
    ),
    Peer(
        key="fastapi_users",
        title="FastAPI + fastapi-users",
        app="accounts_fastapi_users",
        paths={"sign_in": "/auth/jwt/login", "sign_up": "/auth/register", "reset": "/auth/forgot-password"},
        packages=("fastapi-users", "fastapi-users-db-sqlalchemy", "sqlalchemy", "pwdlib"),
        form=True,
        locks=False,
        environment="fastapi-users",
    ),
    Peer(
        key="allauth",
        title="Django + django-allauth",
        app="allauth_asgi",
        paths={
            "sign_in": "/_allauth/app/v1/auth/login",
            "sign_up": "/_allauth/app/v1/auth/signup",
            "reset": "/_allauth/app/v1/auth/password/request",
        },
        packages=("django", "django-allauth", "argon2-cffi"),
    ),
)
PEER = {peer.key: peer for peer in PEERS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Flood:
    """One row of the flood: a peer on a server, with its limits on (`default`) or off."""

    key: str
    title: str
    peer: Peer
    limits: str
    row: Row


def _flood(peer: str, limits: str, *, app: str = "", wsgi: bool = False) -> Flood:
    asked = PEER[peer]
    how = {"off": ", limits off", "default": ", limits as by default"}[limits] if asked.locks else ", which has no limits"
    on = ", gunicorn, 8 threads" if wsgi else ""
    key = f"{peer}{'_wsgi' if wsgi else ''}_{limits}"
    row = Row(key=key, title=key, app=app or asked.app, wsgi=wsgi, threads=8, environment=asked.environment)
    return Flood(key=key, title=f"{asked.title}{on}{how}", peer=asked, limits=limits, row=row)


FLOODS = (
    _flood("buckler", "off"),
    _flood("buckler", "default"),
    _flood("fastapi_users", "off"),
    _flood("allauth", "off"),
    _flood("allauth", "off", app="allauth_wsgi", wsgi=True),
    _flood("allauth", "default", app="allauth_wsgi", wsgi=True),
)
