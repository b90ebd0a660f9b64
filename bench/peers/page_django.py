"""Django by ASGI, with its standard middleware and `cache_page`, in memory."""

# mypy: disable-error-code="import-not-found"
# The peers live in an environment of their own, where mypy does not look.

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.asgi import get_asgi_application
from django.http import HttpResponse, JsonResponse
from django.urls import path
from django.views.decorators.cache import cache_page

from bench.peers import django_site, page
from bench.peers.common import tls_in_front

if TYPE_CHECKING:
    from django.http import HttpRequest


async def show(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(page.render())


async def calls(_request: HttpRequest) -> JsonResponse:
    return JsonResponse(page.made, safe=False)


django_site.configure(asynchronous=True)
django_site.urlpatterns[:] = [path("", cache_page(page.TTL_S)(show)), path(page.CALLS.removeprefix("/"), calls)]
app = tls_in_front(get_asgi_application())
