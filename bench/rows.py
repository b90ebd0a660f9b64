"""The rows of the server benchmark, in the order of the table, and what each must show before it is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import checks
from bench.peers.common import HOST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.checks import Check

SERVERS = ("uvicorn", "granian")
# What wrk sends. Few fields on purpose: each one more costs every row the same, and so makes all ratios look better than they are.
REQUEST = (("Host", HOST), ("User-Agent", "wrk"), ("Accept", "*/*"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """`app` is a module of `bench.peers`. `packages` are printed with their versions. `checks` must hold, and those that need a
    limit that is reached run on a second server of the same application. `status` is what wrk must hear.
    `takes_cookie`: the CSRF cookie that the application sets is sent back, as a returning visitor's browser does.
    `environment`: of a peer that cannot live beside the others. `threads`: of gunicorn, for WSGI."""

    key: str
    title: str
    app: str
    packages: Sequence[str] = ()
    checks: Sequence[Check] = ()
    limited: bool = False
    request: Sequence[tuple[str, str]] = REQUEST
    status: int = 200
    wsgi: bool = False
    takes_cookie: str = ""
    environment: str = ""
    threads: int = 1


_BUCKLER = (checks.sends_constant_headers, checks.refuses_cross_site, checks.refuses_other_host)
_GLUE = (
    checks.sends("strict-transport-security", "content-security-policy", "x-frame-options", "x-content-type-options"),
    checks.refuses_cross_site,
    checks.refuses_other_host,
    checks.keeps_a_session,
)
_GLUE_PACKAGES = ("fastapi", "starlette", "slowapi", "starlette-csrf", "secure", "itsdangerous")
_GUARD_PACKAGES = ("fastapi", "starlette", "fastapi-guard", "guard-core")
_HEADERS = checks.sends("strict-transport-security", "x-frame-options", "x-content-type-options")
_DJANGO = (_HEADERS, checks.refuses_cross_site, checks.refuses_other_host, checks.keeps_a_session)
_ELSEWHERE = (("Host", "evil.example"), *REQUEST[1:])

ROWS = (
    Row(key="bare", title="bare ASGI", app="bare", checks=(checks.unprotected,)),
    Row(
        key="limit",
        title="bare ASGI, same headers by hand (the limit)",
        app="limit",
        checks=(checks.sends_constant_headers, checks.unprotected),
    ),
    Row(key="bare_buckler", title="bare ASGI + Buckler", app="bare_buckler", packages=("buckler",), checks=_BUCKLER, limited=True),
    Row(key="starlette", title="Starlette", app="starlette_plain", packages=("starlette",), checks=(checks.unprotected,)),
    Row(key="fastapi", title="FastAPI", app="fastapi_plain", packages=("fastapi", "starlette"), checks=(checks.unprotected,)),
    Row(
        key="fastapi_buckler",
        title="FastAPI + Buckler",
        app="fastapi_buckler",
        packages=("buckler", "fastapi", "starlette"),
        checks=(*_BUCKLER, checks.keeps_a_session),
        limited=True,
    ),
    Row(
        key="fastapi_buckler_refused",
        title="FastAPI + Buckler, request refused (foreign host)",
        app="fastapi_buckler",
        packages=("buckler", "fastapi", "starlette"),
        request=_ELSEWHERE,
        status=421,
    ),
    Row(
        key="fastapi_glue",
        title="FastAPI + popular glue",
        app="fastapi_glue",
        packages=_GLUE_PACKAGES,
        checks=_GLUE,
        limited=True,
    ),
    Row(
        key="fastapi_glue_asgi",
        title="FastAPI + popular glue, slowapi's ASGI middleware",
        app="fastapi_glue_asgi",
        packages=_GLUE_PACKAGES,
        checks=_GLUE,
        limited=True,
    ),
    Row(
        key="fastapi_glue_returning",
        title="the same, visitor returns with its CSRF cookie",
        app="fastapi_glue_asgi",
        packages=_GLUE_PACKAGES,
        checks=_GLUE,
        takes_cookie="csrftoken",
    ),
    Row(
        key="fastapi_guard",
        title="FastAPI + fastapi-guard",
        app="fastapi_guard_peer",
        packages=_GUARD_PACKAGES,
        checks=(_HEADERS, checks.refuses_attack_patterns),
        limited=True,
    ),
    Row(
        key="fastapi_guard_no_detection",
        title="FastAPI + fastapi-guard, search for attack patterns off",
        app="fastapi_guard_no_detection",
        packages=_GUARD_PACKAGES,
        checks=(_HEADERS,),
        limited=True,
    ),
    Row(key="litestar", title="Litestar", app="litestar_plain", packages=("litestar",), checks=(checks.unprotected,)),
    Row(
        key="litestar_own",
        title="Litestar + its own CSRF, rate limit, hosts, sessions",
        app="litestar_own",
        packages=("litestar",),
        checks=(checks.refuses_cross_site, checks.refuses_other_host, checks.keeps_a_session),
        limited=True,
    ),
    Row(key="blacksheep", title="BlackSheep", app="blacksheep_plain", packages=("blacksheep",), checks=(checks.unprotected,)),
    Row(
        key="django_asgi",
        title="Django (ASGI), standard middleware",
        app="django_asgi",
        packages=("django",),
        checks=_DJANGO,
    ),
    Row(
        key="django_wsgi",
        title="Django (WSGI), standard middleware",
        app="django_wsgi",
        packages=("django",),
        wsgi=True,
        checks=_DJANGO,
    ),
)
BY_KEY = {row.key: row for row in ROWS}
