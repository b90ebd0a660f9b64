"""What is kept in one word, said in the visitor's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from buckler.frameworks.fastapi.accounts.pages.page import Page

_BY_WAY = frozenset({"signed_in", "confirmed"})  # their detail names ways, as in "password+totp"
_BY_PROVIDER = frozenset({"link_added", "link_removed"})


def how(page: Page, ways: Iterable[str]) -> str:
    """Return what was shown at a sign-in, as a list in words. A way that has none stands as it is."""
    return ", ".join(_said(page, f"pages.security_how.{way}", way) for way in ways)


def provider(page: Page, name: str) -> str:
    """Return what people call a provider; its name, where it is no longer offered."""
    found = page.accounts.provider(name)
    return found.label if found is not None else name


def happened(page: Page, kind: str, detail: str) -> str:
    """Return a line of the security log in words; the kind itself, where it has none."""
    if kind in _BY_WAY:
        detail = how(page, detail.split("+"))
    elif kind in _BY_PROVIDER:
        detail = provider(page, detail)
    return _said(page, f"pages.security_activity.kinds.{kind}", kind, detail=detail)


def _said(page: Page, key: str, otherwise: str, **values: str) -> str:
    return page.say(key, **values) if key in page.accounts.texts else otherwise
