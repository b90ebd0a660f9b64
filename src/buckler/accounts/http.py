"""The one client by which Buckler asks other servers: providers of sign-in, lists of breached passwords. The door of httpx.

An answer from elsewhere is a stranger's input, and waiting for it holds up a visitor. So: https alone; one time limit for the whole
conversation, not for each of its packets; a bound on the bytes, held while they arrive; no compressed answers, since a kilobyte of
them may become a megabyte; no redirect followed, since it would lead past the rule about https; no cookies kept; nothing read from the
environment (`HTTPS_PROXY`, `SSL_CERT_FILE`, `.netrc`), where a variable of the machine would quietly move where secrets go to.

It does not stop an address inside the own network (CWE-918): every address comes from the configuration, or from a provider that the
configuration trusts.
"""

from __future__ import annotations

import asyncio
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

import httpx

from buckler.errors import RemoteError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

_CONNECTIONS = 16  # at once, of one client: a slow server holds no more of ours
_KEPT_CONNECTIONS = 4
_KEPT_S = 15.0
_CONNECT_S = 3.0
_HEADERS = {"accept-encoding": "identity", "user-agent": "buckler"}


class Answer(NamedTuple):
    """`kind` is the media type in lower case, without its parameters."""

    status: int
    kind: str
    body: bytes


class Http:
    """A client with its own connections. `tls`: other authorities than the usual ones. Close it at the end."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, insecure_http_on_loopback: bool = False) -> None:
        self._tls, self._loopback = tls, insecure_http_on_loopback
        self._client: httpx.AsyncClient | None = None

    async def get(self, url: str, *, timeout_s: float = 5.0, max_bytes: int = 65_536, headers: Mapping[str, str] | None = None) -> bytes:
        """Return the body of a 200. Raises `RemoteError` for every other status and for all that `ask` raises it for."""
        answer = await self.ask(url, timeout_s=timeout_s, max_bytes=max_bytes, headers=headers)
        if answer.status != httpx.codes.OK:
            raise RemoteError(f"{_place(url)} answered {answer.status}")
        return answer.body

    async def ask(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        timeout_s: float = 5.0,
        max_bytes: int = 65_536,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """GET, or POST where there is a `form`; return whatever status came. Raises `RemoteError`: no https, no answer in time, too much.

        The error names the server alone: an address or a body may carry a secret, and errors end up in logs.
        """
        place = self._judge(url)
        try:
            async with asyncio.timeout(timeout_s):
                return await self._ask(url, form, max_bytes, headers)
        except TimeoutError as error:  # httpx's own are of its own tree; this is the whole conversation's
            raise RemoteError(f"{place} took more than {timeout_s} s") from error
        except httpx.HTTPError as error:
            raise RemoteError(f"{place} did not answer: {type(error).__name__}") from error

    async def close(self) -> None:
        """Close every connection. The client opens new ones if it is asked again."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _ask(self, url: str, form: Mapping[str, str] | None, max_bytes: int, headers: Mapping[str, str] | None) -> Answer:
        method = "GET" if form is None else "POST"
        async with self._open().stream(method, url, data=form, headers=headers) as response:
            # A compressed answer to a request that asked for none is refused, not unpacked.
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise RemoteError(f"{_place(url)} answered compressed, and was asked not to")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > max_bytes:  # counted, since Content-Length may be absent or understate
                    raise RemoteError(f"{_place(url)} answered more than {max_bytes} bytes")
            kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
            return Answer(response.status_code, kind, bytes(body))

    def _open(self) -> httpx.AsyncClient:
        """Return the client; made at first use, because reading the list of authorities costs some 25 ms."""
        if self._client is None:
            self._client = httpx.AsyncClient(
                verify=self._tls or True,
                trust_env=False,
                follow_redirects=False,
                headers=_HEADERS,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                timeout=httpx.Timeout(None, connect=_CONNECT_S),  # the rest is bounded as a whole, in `ask`
                limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_KEPT_CONNECTIONS, keepalive_expiry=_KEPT_S),
            )
        return self._client

    def _judge(self, url: str) -> str:
        problem = wrong_with(url, insecure_http_on_loopback=self._loopback)
        if problem:
            raise RemoteError(f"{_place(url)}: {problem}")
        return _place(url)


def wrong_with(url: str, *, insecure_http_on_loopback: bool = False) -> str:
    """Return what is wrong with an address that is to be asked, or ""."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return "this is no address"
    if not parsed.host or parsed.userinfo or parsed.fragment:
        return "give an address with a host, and without a user, a password or a fragment"
    if parsed.scheme == "https" or (parsed.scheme == "http" and insecure_http_on_loopback and _is_loopback(parsed.host)):
        return ""
    return "give an address that begins with https://"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _place(url: str) -> str:
    """Return scheme and host of an address, all of it that may be said in an error."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return "an address that is none"
    return f"{parsed.scheme}://{parsed.host}"
