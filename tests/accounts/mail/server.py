"""Mail servers for tests: a real one, and some that behave badly. All on 127.0.0.1, on a free port, in the test's own loop."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.policy import SMTPUTF8
from typing import TYPE_CHECKING, Any

import trustme
from aiosmtpd import smtp as real

from tests.calm import hang_up

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from email.message import EmailMessage
    from pathlib import Path

HOST = "127.0.0.1"
USER, PASSWORD = "shop", "correct horse"


class Server:
    """What arrived. `answers`: what RCPT is answered, one a letter; then 250."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.messages: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.recipients: list[str] = []
        self.encrypted: list[bool] = []
        self.logins: list[Any] = []
        self.options: list[str] = []
        self.answers: list[str] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802  # aiosmtpd's name
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        self.raw.append(envelope.content)
        self.messages.append(message_from_bytes(envelope.content, policy=SMTPUTF8))
        self.recipients += envelope.rcpt_tos
        self.options += envelope.mail_options
        self.encrypted.append(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
        self.logins.append(session.auth_data)
        return "250 OK"


class Authority:
    """Certificates for 127.0.0.1. `file` is what a client has to believe."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.file = folder / "authority.pem"
        authority.cert_pem.write_to_path(self.file)
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(HOST).configure_cert(self.context)


def _allow(_server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any) -> real.AuthResult:
    good = isinstance(login, real.LoginPassword) and (login.login, login.password) == (USER.encode(), PASSWORD.encode())
    return real.AuthResult(success=good, auth_data=USER if good else None, handled=False)


@asynccontextmanager
async def mail_server(
    *, tls: ssl.SSLContext | None = None, implicit: bool = False, utf8: bool = False, login: bool = False
) -> AsyncIterator[Server]:
    """aiosmtpd. `tls` offers STARTTLS, and with `implicit` is TLS from the first byte; `login`: only for who logs in."""
    loop, lent = asyncio.get_running_loop(), Server()

    def protocol() -> real.SMTP:
        starttls = None if implicit else tls
        return real.SMTP(
            lent,
            hostname="mail.test",
            loop=loop,
            enable_SMTPUTF8=utf8,
            tls_context=starttls,
            authenticator=_allow,
            auth_required=login,
            auth_require_tls=starttls is not None,
        )

    listening = await loop.create_server(protocol, HOST, 0, ssl=tls if implicit else None)
    lent.port = listening.sockets[0].getsockname()[1]
    try:
        yield lent
    finally:
        await hang_up(listening)
        await asyncio.sleep(0)  # aiosmtpd's own tasks see the end of their connections


@asynccontextmanager
async def odd_server(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[int]:
    """A server that says what `talk` says, and whose connections end with the test. Yields its port."""
    talks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        talks.add(task) if task else None
        try:
            await talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(accept, HOST, 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        for task in talks:
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)
        await hang_up(listening)
