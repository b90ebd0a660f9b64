"""Letters by SMTP (RFC 5321), and never in clear unless that was asked for by a name that says so.

aiosmtplib was chosen because it is kept, typed, has no dependency, throws away what a man in the middle may have said before TLS began
(RFC 3207, section 4.2), and lets no line break into a command. Every letter has a connection of its own: nothing is kept that could
be stale, tied to a loop, or half-way through somebody else's letter; `docs/why/mail.md` has what that costs.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from dataclasses import field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Literal

import aiosmtplib

from buckler.accounts.mail.post import MailError, recipient
from buckler.core.options import need, need_one_of, need_positive, options
from buckler.errors import ConfigError

if TYPE_CHECKING:
    from email.message import EmailMessage

_PORTS = {"starttls": 587, "tls": 465, "insecure_none": 25}
_QUIT_S = 2.0
# The first that fits; a kind stands before those that it is a kind of.
_REASONS: tuple[tuple[type[Exception], str, bool], ...] = (
    (aiosmtplib.SMTPNotSupported, "no smtputf8", True),
    (TimeoutError, "timeout", False),
    (aiosmtplib.SMTPConnectError, "unreachable", False),
    (OSError, "disconnected", False),
    (aiosmtplib.SMTPException, "no starttls, or no way to log in", True),
)


@options
class SMTP:
    """A mail server that takes our letters.

    `security`: `starttls` begins in clear, turns to TLS and sends nothing to a server that does not; `tls` is TLS from the first byte;
    `insecure_none` is for a relay on this machine. `port` 0: the usual one. `timeout_s` holds for one letter, all in all. `ca_file`: whom
    to believe instead of the system's authorities. `hello_name`: what this machine calls itself; "": its own name.
    """

    host: str
    port: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    security: Literal["starttls", "tls", "insecure_none"] = "starttls"
    timeout_s: float = 20.0
    ca_file: str | None = None
    hello_name: str = ""

    def __post_init__(self) -> None:
        need(self.host and self.host.isprintable() and " " not in self.host, "SMTP.host", self.host, "give the name of the mail server")
        need(0 <= self.port < 65536, "SMTP.port", self.port, "give a port, or 0 for the usual one")
        hello = self.hello_name
        need(hello.isascii() and hello.isprintable() and " " not in hello, "SMTP.hello_name", hello, "give this machine's name")
        need_one_of(self, "security", self.security, _PORTS)
        need_positive(self, timeout_s=self.timeout_s)
        need(bool(self.username) == bool(self.password), "SMTP.username", self.username, "give user name and password, or neither")
        clear = self.security == "insecure_none" and bool(self.password)
        need(not clear, "SMTP.security", self.security, 'a password is never sent in clear: choose "starttls" or "tls"')
        try:
            _ = self._tls  # now, and not with the first letter
        except OSError as error:
            raise ConfigError("SMTP.ca_file", self.ca_file, f"give a file of certificates: {error}") from None

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)

    async def send(self, message: EmailMessage) -> None:
        """Hand `message` over. Raises `MailError`."""
        to = recipient(message)
        client = aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port or _PORTS[self.security],
            username=self.username or None,
            password=self.password or None,
            local_hostname=self.hello_name or await asyncio.to_thread(_own_name),
            timeout=self.timeout_s,
            use_tls=self.security == "tls",
            start_tls=self.security == "starttls",
            tls_context=self._tls,
        )
        try:
            async with asyncio.timeout(self.timeout_s):  # of the whole: a server may not drip
                await client.connect()
                await client.send_message(message, recipients=[to])
            with suppress(aiosmtplib.SMTPException, OSError):  # it has the letter: sent again, it would arrive twice
                await client.quit(timeout=_QUIT_S)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise _sorted(error) from None
        finally:
            client.close()

    async def close(self) -> None:
        """Nothing is open."""


@cache
def _own_name() -> str:
    """Asks the resolver, which may take seconds: to be called in a thread."""
    return socket.getfqdn()


def _sorted(error: Exception) -> MailError:
    """Return why a letter did not go, in a word and without what the server said: it may have repeated the address."""
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    if isinstance(error, aiosmtplib.SMTPResponseException):
        what = "login refused" if isinstance(error, aiosmtplib.SMTPAuthenticationError) else "refused"
        return MailError(f"{what} {error.code}", lasting=error.code >= 500)  # RFC 5321, section 4.2.1: 5 is for good, 4 for now
    for cause in (error, error.__cause__):
        if isinstance(cause, ssl.SSLError):
            return MailError("certificate" if isinstance(cause, ssl.SSLCertVerificationError) else "tls", lasting=False)
    for kind, reason, lasting in _REASONS:
        if isinstance(error, kind):
            return MailError(reason, lasting=lasting)
    return MailError("address", lasting=True)  # ValueError: it would have broken out of its command
