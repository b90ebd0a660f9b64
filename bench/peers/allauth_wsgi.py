"""Django + django-allauth by WSGI."""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

from django.core.wsgi import get_wsgi_application

from bench.peers import allauth_site
from bench.peers.common import tls_in_front_wsgi

allauth_site.configure(asynchronous=False)
app = tls_in_front_wsgi(get_wsgi_application())
