"""Django as `startproject` makes it, with the deployment checklist followed: its standard middleware, HTTPS settings, no debug.

Two departures: sessions in signed cookies, because there is no database here, and no templates. It has no rate limit of its own.
"""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.http import JsonResponse
from django.urls import path

from bench.peers.common import HOST, SECRET

if TYPE_CHECKING:
    from django.http import HttpRequest

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
_COMPACT = {"separators": (",", ":")}  # the same bytes as every other row


def answer() -> JsonResponse:
    return JsonResponse({"hello": "world"}, json_dumps_params=_COMPACT)


def hello(_request: HttpRequest) -> JsonResponse:
    return answer()


async def hello_async(_request: HttpRequest) -> JsonResponse:
    return answer()


def visit(request: HttpRequest) -> JsonResponse:
    request.session["visits"] = request.session.get("visits", 0) + 1
    return JsonResponse({"visits": request.session["visits"]})


urlpatterns: list[object] = []


def configure(*, asynchronous: bool) -> None:
    """Settings and routes; call once, before an application is made."""
    settings.configure(
        SECRET_KEY=SECRET,
        ALLOWED_HOSTS=[HOST],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=MIDDLEWARE,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages"],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        SECURE_SSL_REDIRECT=True,
        SECURE_HSTS_SECONDS=31_536_000,
        SECURE_HSTS_INCLUDE_SUBDOMAINS=True,
        SESSION_COOKIE_SECURE=True,
        CSRF_COOKIE_SECURE=True,
        USE_TZ=True,
    )
    urlpatterns[:] = [path("", hello_async if asynchronous else hello), path("session", visit)]
