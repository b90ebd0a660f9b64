"""Keys that are added as a person adds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.accounts import passkeys
from tests.accounts import owner
from tests.accounts.authenticator import Authenticator
from tests.accounts.owner import MIRA

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit
    from tests.accounts.stage import Browser


async def with_key(browser: Browser, device: Authenticator | None = None, *, passkey: bool = True, name: str = "") -> Authenticator:
    """Add a key of `device` to the account that `browser` is signed in to, freshly."""
    device = device or Authenticator()
    options = await browser.own(passkeys.options_to_add, passkey=passkey)
    await browser.own(passkeys.add, device.create(options), name)
    return device


async def proved(browser: Browser, device: Authenticator, purpose: str = "second", email: str = MIRA, **more: Any) -> Any:
    """Ask for a key of `email` in this browser, and show it."""
    options = await owner.of(browser, passkeys.options_to_check, email, purpose)
    return await owner.of(browser, passkeys.check, email, purpose, device.get(options, **more))


async def signed_in(browser: Browser, device: Authenticator, **more: Any) -> Any:
    """Show a passkey where nobody is known yet; the person and the key."""
    options = await browser.call(passkeys.options_to_sign_in)
    response = device.get(options, **more)

    async def act(visit: Visit) -> Any:
        found = await passkeys.check_sign_in(visit, response)
        await visit.commit()
        return found

    return await browser.do(act)
