"""Django + django-allauth by ASGI."""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

from django.core.asgi import get_asgi_application

from bench.peers import allauth_site
from bench.peers.common import tls_in_front

allauth_site.configure(asynchronous=True)
app = tls_in_front(get_asgi_application())
