"""The site of the tests in process, behind a real guard, with a clock that is moved by hand and letters that are kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pyotp import TOTP

from buckler import CSP
from buckler.core.clock import HandClock
from buckler.frameworks.fastapi.accounts import VisitDep  # noqa: TC001  # FastAPI reads annotations at run time
from buckler.testing import guarded
from tests.account_site import make_site
from tests.accounts.stage import EMAIL, PASSWORD, Postbox
from tests.calm import calm
from tests.frameworks.accounts.window import HOST, Window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from email.message import EmailMessage
    from pathlib import Path

    from buckler.accounts.visit import Visit
    from tests.accounts.authenticator import Authenticator


_LINK = re.compile(r"https?://\S+token=\S+")


def link_in(letter: EmailMessage) -> str:
    """The link with a token in a letter."""
    text = letter.get_body(("plain",))
    assert text is not None
    found = _LINK.search(text.get_content())
    assert found is not None, text.get_content()
    return found[0]


async def _nothing(visit: Visit) -> None: ...


class Shop:
    def __init__(
        self, folder: Path, *, development: bool = False, post: Any = None, clock: HandClock | None = None, **options: Any
    ) -> None:
        self.clock, self.postbox = clock or HandClock(), Postbox()
        self.app, self.accounts = make_site(folder, post=post or self.postbox, **options)
        self.guard = calm(guarded(self.app, CSP(trusted_types=True), clock=self.clock, development=development))
        self._windows: list[Window] = []
        self._act: Callable[[Visit], Awaitable[None]] = _nothing

        @self.app.post("/act")
        async def act(visit: VisitDep) -> None:
            await self._act(visit)

    def window(self, address: str = "203.0.113.7", language: str = "en") -> Window:
        self._windows.append(Window(self, address, language))
        return self._windows[-1]

    async def act(self, act: Callable[[Visit], Awaitable[None]], window: Window | None = None) -> None:
        """Run `act` in a request of `window`."""
        self._act = act
        await (window or self.window()).client.post("/act")

    async def letters(self) -> list[EmailMessage]:
        await self.accounts.outbox.drain(60)
        return self.postbox.sent

    async def link(self) -> str:
        """The path that the newest letter leads to."""
        return link_in((await self.letters())[-1]).removeprefix(HOST)

    async def signed_up(self, window: Window, email: str = EMAIL, password: str = PASSWORD) -> Window:
        """Sign up as a person does."""
        await window.open("/account/sign-up")
        await window.press("Create account", email=email, nickname="Mira", password=password)
        await window.open(await self.link())
        return await window.press("Yes, create my account")

    async def sign_in(self, window: Window, email: str = EMAIL, password: str = PASSWORD, to: str = "") -> Window:
        await window.open(f"/account/sign-in{to and '?next=' + to}")
        return await window.press("Sign in", email=email, password=password)

    async def with_totp(self, window: Window) -> tuple[TOTP, list[str]]:
        """Add an authenticator app to the account that is signed in; return it and recovery codes."""
        made = await window.ask("/totp")
        self.clock.move(1)  # what is let in later is not what the new factor ends
        return TOTP(made["secret"]), made["codes"]

    async def with_key(self, window: Window, key: Authenticator) -> None:
        """Add a security key to the account that is signed in."""
        await window.ask("/key/answer", **key.create(await window.ask("/key")))
        self.clock.move(1)

    def code(self, app: TOTP) -> str:
        """A code that was not used yet."""
        self.clock.move(30)
        return app.at(int(self.clock.now()))

    async def close(self) -> None:
        for window in self._windows:
            await window.client.aclose()
