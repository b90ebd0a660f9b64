"""What carries a letter away: the contract of SMTP, of the folder for development, and of whatever an application writes itself."""

from __future__ import annotations

import re
from email.headerregistry import AddressHeader
from typing import TYPE_CHECKING, Protocol

from buckler.errors import BackendError

if TYPE_CHECKING:
    from email.message import EmailMessage

# What ends no header and no command of SMTP. Narrower than RFC 5321: a quoted local part, which nobody has, is none.
ADDRESS = re.compile(r"[^\s<>@\"(),:;\\\x00-\x1f\x7f]{1,64}@[^\s<>@\"(),:;\\\x00-\x1f\x7f]{1,255}")


class MailError(BackendError):
    """A letter could not be handed over. `reason` is a word for the operator, without an address; `lasting`: trying again is useless."""

    code = "backend.mail"

    def __init__(self, reason: str, *, lasting: bool) -> None:
        self.reason, self.lasting = reason, lasting
        super().__init__(reason)


class Post(Protocol):
    """Hands letters over, one at a time or several at once."""

    async def send(self, message: EmailMessage) -> None:
        """Hand `message` to its one recipient, in `To`. Raises `MailError`."""
        ...

    async def close(self) -> None:
        """Let go of what is open; a later `send` may open it again."""
        ...


def recipient(message: EmailMessage) -> str:
    """Return the one address in `To`. Raises `MailError` for none, for several, and for one that would end a command."""
    header = message["To"]
    found = [item.addr_spec for item in header.addresses] if isinstance(header, AddressHeader) else []
    if len(found) != 1 or not ADDRESS.fullmatch(found[0]):
        raise MailError("address", lasting=True)
    return found[0]
