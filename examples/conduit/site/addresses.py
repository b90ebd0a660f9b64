"""Addresses that visitors hand in: where to go after signing in or acting."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

MAX_CHARS = 2_000
_NOT_AFTER = frozenset({"/login", "/register", "/logout"})  # nobody wants to come back to these


def same_site(address: str, otherwise: str = "/") -> str:
    r"""Return `address` when it is a path of this site, else `otherwise`.

    Browsers and servers read addresses by different rules (`/\evil`, `/\t/evil`, `//evil`, `@evil`: CVE-2021-32618, CVE-2023-49438),
    so this does not ask where an address leads, but accepts only those that can be read in one way: printable ASCII, a single
    slash first, no backslash, no empty segment.
    """
    if not address.startswith("/") or len(address) > MAX_CHARS or not address.isascii() or not address.isprintable():
        return otherwise
    path = address.partition("#")[0].partition("?")[0]
    if set(' \\"<>^`{|}') & set(address) or "//" in path or "%2f" in path.lower() or "%5c" in path.lower():
        return otherwise
    try:
        parts = urlsplit(address)
    except ValueError:
        return otherwise
    return otherwise if parts.scheme or parts.netloc or parts.path in _NOT_AFTER else address


def segment(text: str) -> str:
    """Return `text` as one segment of a path."""
    return quote(text, safe="")


def sign_in_address(back: str) -> str:
    """Return the address of the sign-in page that leads back to `back`."""
    return "/login" if back == "/" else f"/login?next={quote(back, safe='')}"
