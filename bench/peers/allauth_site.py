"""Django + django-allauth, with its own JSON API ("headless"), set up as the documentation of both shows it.

Argon2 with the parameters of all peers; sign-in by e-mail address, which must be confirmed; answers that do not tell who is registered,
which is allauth's default; its limits in Django's cache in memory; a mailer that does nothing, as those of all peers.
"""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import django
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.management import call_command
from django.http import JsonResponse
from django.urls import include, path

from bench.accounts import cast
from bench.peers.common import HOST, SECRET
from bench.peers.django_site import MIDDLEWARE, hello, hello_async

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

_LIMITS: Mapping[str, Any] = {
    "default": {},
    "off": False,
    "tries": {"login_failed": "10/m/ip,5/d/key"},  # its default but for the day: five failures lock an account for the whole run
}


class Argon2(Argon2PasswordHasher):
    time_cost, memory_cost, parallelism = cast.PASSES, cast.MEMORY_KIB, cast.LANES


def row(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"hello": get_user_model().objects.values_list("email", flat=True).first()})


async def row_async(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"hello": await get_user_model().objects.values_list("email", flat=True).afirst()})


urlpatterns: list[object] = []


_AUTH = "django.contrib.auth"
_APPS = (_AUTH, "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages")
_VALIDATORS = ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
_TEMPLATES = {
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
}
_ALLAUTH: Mapping[str, Any] = {
    "AUTHENTICATION_BACKENDS": [f"{_AUTH}.backends.ModelBackend", "allauth.account.auth_backends.AuthenticationBackend"],
    "ACCOUNT_LOGIN_METHODS": {"email"},
    "ACCOUNT_SIGNUP_FIELDS": ["email*", "password1*"],
    "ACCOUNT_EMAIL_VERIFICATION": "mandatory",
    "HEADLESS_ONLY": True,
    "HEADLESS_CLIENTS": ("app",),
    "HEADLESS_FRONTEND_URLS": {
        "account_confirm_email": f"https://{HOST}/verify/{{key}}",
        "account_reset_password": f"https://{HOST}/reset",
        "account_reset_password_from_key": f"https://{HOST}/reset/{{key}}",
        "account_signup": f"https://{HOST}/sign-up",
    },
}


def configure(*, asynchronous: bool) -> None:
    """Settings, routes, tables and people; call once, before an application is made."""
    wal = {"timeout": 20, "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"}
    settings.configure(
        SECRET_KEY=SECRET,
        ALLOWED_HOSTS=[HOST],
        ROOT_URLCONF=__name__,
        MIDDLEWARE=[*MIDDLEWARE, "allauth.account.middleware.AccountMiddleware"],
        INSTALLED_APPS=[*_APPS, "allauth", "allauth.account", "allauth.headless"],
        TEMPLATES=[_TEMPLATES],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(cast.database()), "OPTIONS": wal}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        AUTH_PASSWORD_VALIDATORS=[{"NAME": f"{_AUTH}.password_validation.{name}"} for name in _VALIDATORS],
        PASSWORD_HASHERS=[f"{__name__}.Argon2"],
        EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend",
        ACCOUNT_RATE_LIMITS=_LIMITS[cast.limits()],
        **_ALLAUTH,
        SECURE_SSL_REDIRECT=True,
        SECURE_HSTS_SECONDS=31_536_000,
        SESSION_COOKIE_SECURE=True,
        CSRF_COOKIE_SECURE=True,
        USE_TZ=True,
    )
    django.setup()
    urlpatterns[:] = [
        path("", hello_async if asynchronous else hello),
        path("row", row_async if asynchronous else row),
        path("_allauth/", include("allauth.headless.urls")),
    ]
    with ThreadPoolExecutor(1) as apart:  # uvicorn imports inside its event loop, where Django does not ask a database
        apart.submit(_seed).result()


def _seed() -> None:
    from allauth.account.models import EmailAddress  # noqa: PLC0415  # after django.setup
    from django.contrib.auth.hashers import make_password  # noqa: PLC0415  # as above
    from django.contrib.auth.models import User  # noqa: PLC0415  # as above

    call_command("migrate", verbosity=0)
    hashed, people = make_password(cast.PASSWORD), cast.seeded()
    User.objects.bulk_create(User(username=email, email=email, password=hashed, is_active=kind != "disabled") for kind, email in people)
    users = {user.email: user for user in User.objects.all()}
    EmailAddress.objects.bulk_create(
        EmailAddress(user=users[email], email=email, primary=True, verified=kind != "unverified") for kind, email in people
    )
