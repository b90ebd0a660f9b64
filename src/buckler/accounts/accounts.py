"""What an application says of its accounts, once, and what lives as long as it does."""

from __future__ import annotations

import re
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING

from buckler.accounts.addresses import address
from buckler.accounts.mail import Outbox, Post
from buckler.accounts.passwords import Hasher, Passwords
from buckler.accounts.paths import Paths
from buckler.accounts.problems import AccountError
from buckler.accounts.profile import NoProfile, Profile
from buckler.accounts.render import Renderer
from buckler.accounts.roles import Roles
from buckler.accounts.texts import Texts
from buckler.accounts.throttle import Throttle
from buckler.accounts.tokens import Tokens
from buckler.core.options import need, options
from buckler.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

    from buckler.accounts.providers import Provider


_ORIGIN = re.compile(r"https://[^/?#\s]+|http://(localhost|127\.0\.0\.1)(:\d+)?")


@options
class Accounts:
    """Accounts of one site. `database` makes sessions on the database with the tables of `buckler.accounts.tables`.

    - `name`: what people call the site; it stands in mails and in authenticator apps.
    - `sender`: the address that mails come from; `post`: how they leave.
    - `origin`: what links in mails begin with, as in https://shop.example. "": the origin that the visitor used, which is safe as long
      as every one of the guard's `hosts` is yours.
    - `profile`: what the application keeps of a person besides. `roles`: role → permissions.
    - `require_second_factor`: who has none is led to the settings until they have one (see `docs/accounts`).
    - `max_sessions`: how many devices may be signed in at once; the oldest makes room. None: any number.
    - `folders`: of the application's own templates and texts, which are looked for before Buckler's.
    """

    database: async_sessionmaker[AsyncSession]
    name: str
    sender: str
    post: Post
    origin: str = ""
    passwords: Passwords = Passwords()
    throttle: Throttle = Throttle()
    tokens: Tokens = Tokens()
    paths: Paths = Paths()
    profile: Profile = NoProfile()
    providers: Sequence[Provider] = ()
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    require_second_factor: bool = False
    max_sessions: int | None = None
    folders: Sequence[Path] = ()

    def __post_init__(self) -> None:
        need(isinstance(self.name, str) and self.name.strip(), "Accounts.name", self.name, "give the name that people know the site by")
        unfit = "give it expire_on_commit=False: what a person's row says is read after the commit"
        need(self.database.kw.get("expire_on_commit") is False, "Accounts.database", "async_sessionmaker", unfit)
        need(self.origin == "" or _ORIGIN.fullmatch(self.origin), "Accounts.origin", self.origin, "give it as in https://shop.example")
        need(
            self.max_sessions is None or self.max_sessions > 0,
            "Accounts.max_sessions",
            self.max_sessions,
            "give a number over zero, or None",
        )
        names = [provider.name for provider in self.providers]
        need(len(set(names)) == len(names), "Accounts.providers", ", ".join(names), "give every provider a name of its own")
        try:
            address(self.sender)
        except AccountError:
            raise ConfigError("Accounts.sender", self.sender, "give an e-mail address, as in accounts@shop.example") from None
        self.permissions.of(())  # judged at startup

    @cached_property
    def hasher(self) -> Hasher:
        """Hashes passwords, a bounded number at once."""
        return Hasher(self.passwords)

    @cached_property
    def outbox(self) -> Outbox:
        """Sends letters, in the background."""
        return Outbox(self)

    @cached_property
    def texts(self) -> Texts:
        """Every sentence, in every language."""
        return Texts(self.folders)

    @cached_property
    def renderer(self) -> Renderer:
        """The templates."""
        return Renderer(self.folders, self.texts)

    @cached_property
    def permissions(self) -> Roles:
        """What each role allows."""
        return Roles(self.roles)

    def provider(self, name: str) -> Provider | None:
        """Return the provider of this name, or None."""
        return next((provider for provider in self.providers if provider.name == name), None)

    async def close(self) -> None:
        """Send what waits, end threads and connections."""
        if "outbox" in self.__dict__:
            await self.outbox.close()
        if "hasher" in self.__dict__:
            self.hasher.close()
        for provider in self.providers:
            await provider.close()
        await self.post.close()
