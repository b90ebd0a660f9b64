"""A visitor who goes to the provider of the tests and comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from buckler.accounts import providers

if TYPE_CHECKING:
    from buckler.accounts.providers import Claimed, Provider
    from tests.accounts.providers.evil import Evil
    from tests.accounts.stage import Browser, Stage


class Scene:
    def __init__(self, stage: Stage, evil: Evil, browser: Browser) -> None:
        self.stage, self.evil, self.browser = stage, evil, browser
        self._made: list[Provider] = []

    def provider(self, **options: Any) -> Provider:
        """The provider, as an application configures it; nothing is known of its server yet."""
        self._made.append(self.evil.provider(**options))
        return self._made[-1]

    async def begun(
        self, provider: Provider, why: Any = "sign_in", back: str = "/settings", browser: Browser | None = None
    ) -> dict[str, str]:
        """Go to the provider; return what it sends back to the site."""
        return self.evil.visited(await (browser or self.browser).call(providers.begin, provider, why, back))

    async def finished(self, provider: Provider, query: dict[str, str], browser: Browser | None = None) -> Claimed:
        """Come back with it."""
        return await (browser or self.browser).call(providers.finish, provider, query)

    async def tried(self, provider: Provider | None = None, **options: Any) -> Claimed:
        """Go there and back, to a provider that nothing is known of yet unless it is given."""
        made = provider or self.provider(**options)
        return await self.finished(made, await self.begun(made))

    def reasons(self) -> str:
        """What the operator reads of all that failed since the last call."""
        events = self.stage.guard.plan.site.events.drain()
        return "\n".join(item.detail for item in events if item.kind == "account.provider_failed")

    async def close(self) -> None:
        for provider in self._made:
            await provider.close()
