"""Django by WSGI, with a synchronous view."""

from __future__ import annotations

from django.core.wsgi import get_wsgi_application

from bench.peers import django_site
from bench.peers.common import tls_in_front_wsgi

django_site.configure(asynchronous=False)
app = tls_in_front_wsgi(get_wsgi_application())
