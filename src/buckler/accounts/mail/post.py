"""What carries a letter away: the contract of SMTP, of the folder for development, and of whatever an application writes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from buckler.errors import BackendError

if TYPE_CHECKING:
    from email.message import EmailMessage


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
