"""A folder in place of a mail server, for development: every letter is a file that any mail program opens, and a page can list them.

The folder is its owner's alone, since what lies in it lets people in. Several workers may write to it at once: a file appears whole,
under a name that no other has, and what another worker has removed meanwhile is not missed.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import time
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTPUTF8
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from buckler.accounts.mail.post import MailError
from buckler.core.options import need, need_positive
from buckler.errors import ConfigError

if TYPE_CHECKING:
    from email.message import EmailMessage

_LINK = re.compile(r"https?://[^\s<>\"]+")


class Received(NamedTuple):
    """A letter of the folder. `name` is its file's; `at` is when it was written; `links` are those of its text, in order, each once."""

    name: str
    subject: str
    to: str
    at: datetime
    text: str
    html: str
    links: tuple[str, ...]


class MailFolder:
    """`path` is made when it is missing, for its owner alone; the newest `kept` letters stay. Raises `ConfigError` where that fails."""

    def __init__(self, path: str | Path, *, kept: int = 200) -> None:
        need_positive(self, kept=kept)
        self.path, self._kept = Path(path), kept
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            strange = [item.name for item in self.path.iterdir() if not item.name.endswith(".eml")]
            need(not strange, "MailFolder.path", str(path), f"give a folder for letters alone; this one has {', '.join(strange[:3])}")
            self.path.chmod(0o700)  # it may have been there before, open to all
        except OSError as error:
            raise ConfigError("MailFolder.path", str(path), f"give a folder of your own: {error.strerror}") from None

    async def send(self, message: EmailMessage) -> None:
        """Write one file and remove what is too old. Raises `MailError`."""
        try:
            await asyncio.to_thread(self._write, message)
        except OSError as error:
            raise MailError(f"folder {error.strerror}", lasting=False) from None

    async def close(self) -> None:
        """Nothing is open."""

    async def read(self, limit: int = 50) -> list[Received]:
        """Return the newest letters, the newest first."""
        return await asyncio.to_thread(self._read, limit)

    def _write(self, message: EmailMessage) -> None:
        name = f"{time.time_ns():020}-{secrets.token_hex(4)}"  # names sort by time
        unfinished = self.path / f".{name}.eml"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(message.as_bytes(policy=SMTPUTF8))
        unfinished.rename(self.path / f"{name}.eml")
        for old in self._newest_first()[self._kept :]:
            old.unlink(missing_ok=True)

    def _newest_first(self) -> list[Path]:
        return sorted(self.path.glob("[0-9]*.eml"), reverse=True)

    def _read(self, limit: int) -> list[Received]:
        found = []
        for file in self._newest_first()[:limit]:
            try:
                raw = file.read_bytes()
            except FileNotFoundError:  # another worker made room meanwhile
                continue
            found.append(_parsed(file, raw))
        return found


def _parsed(file: Path, raw: bytes) -> Received:
    message = message_from_bytes(raw, policy=SMTPUTF8)
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    text = plain.get_content().replace("\r\n", "\n") if plain else ""
    at = datetime.fromtimestamp(int(file.name.partition("-")[0]) / 1e9, UTC)
    links = tuple(dict.fromkeys(_LINK.findall(text)))
    return Received(file.name, str(message["Subject"] or ""), str(message["To"] or ""), at, text, html.get_content() if html else "", links)
