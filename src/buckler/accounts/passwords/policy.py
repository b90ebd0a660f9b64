"""Which passwords are taken (NIST SP 800-63B-4 section 3.1.1.2; ASVS 5.0 V6.2): long enough, not known, not one's own name.

No rule says what a password is made of, none expires, and spaces, emoji and every script are welcome.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING
from unicodedata import normalize

from buckler.accounts.passwords import large
from buckler.accounts.passwords.common import is_common
from buckler.accounts.passwords.hasher import spelled
from buckler.accounts.passwords.strength import strength
from buckler.accounts.problems import AccountError, Problem
from buckler.core.event import Event
from buckler.errors import RemoteError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from buckler.accounts.passwords.options import Passwords
    from buckler.core.site import Site

TOO_SHORT = Problem("account.password_short", 422, "The password is too short.", "Use at least {min_chars} characters.")
COMMON = Problem("account.password_common", 422, "Many people use this password.", "Choose one that nobody else has.")
BREACHED = Problem("account.password_breached", 422, "This password was stolen from another site.", "Choose one that you use here alone.")
OWN = Problem("account.password_own", 422, "The password is little more than a name or an address.", "Choose one without it.")
WEAK = Problem("account.password_weak", 422, "The password is easy to guess.", "Use a longer one, as of several words.")

_MIN_OWN_CHARS = 3  # a shorter name is part of too many honest passwords
_MIN_PIECE_CHARS = 4
_MAX_OWN_CHARS, _MAX_OWN = 254, 24
_MIN_REST_CHARS = 5  # what must be left of a password without one's own words: a year is not enough
_FILLING = re.compile(r"[\s._+'@-]+")


async def judge(options: Passwords, password: str, *, own: Sequence[str], site: Site) -> None:
    """Return nothing for a password that may be kept. `own`: what everybody knows: the person's name and address, the site's name.

    Raises `AccountError` with the field `password`. Cheapest questions first; the server that knows breaches is asked last, and
    when it fails, that is an event and no refusal.
    """
    text = spelled(password, options.max_chars).decode()
    if len(text) < options.min_chars:
        raise AccountError(TOO_SHORT, "password", min_chars=options.min_chars)
    words = own_words(own)
    if is_own(text, words):
        raise AccountError(OWN, "password")
    if not options.insecure_allow_common and is_common(text):
        raise AccountError(COMMON, "password")
    if options.min_strength and strength(text, words).score < options.min_strength:
        raise AccountError(WEAK, "password")
    if options.large_list and await asyncio.to_thread(large.has, text):
        raise AccountError(COMMON, "password")
    if await _is_breached(options, text, site):
        raise AccountError(BREACHED, "password")


def own_words(own: Iterable[str]) -> list[str]:
    """Return what nobody should use of `own`, folded, longest first: each value whole, what stands before its `@`, and its words."""
    found = set()
    for value in own:
        cut = value[:_MAX_OWN_CHARS]
        wholes = {_folded(cut), _folded(cut.partition("@")[0])}
        pieces = {_folded(piece) for piece in re.split(r"[\W_]+", cut)}
        found |= {word for word in wholes if len(word) >= _MIN_OWN_CHARS} | {word for word in pieces if len(word) >= _MIN_PIECE_CHARS}
    return sorted(found, key=lambda word: (-len(word), word))[:_MAX_OWN]


def is_own(password: str, words: Iterable[str]) -> bool:
    """Whether next to nothing is left of `password` without `words`, which are as `own_words` returns them."""
    rest = folded = _folded(password)
    for word in words:
        rest = rest.replace(word, "")
    return rest != folded and len(rest) < _MIN_REST_CHARS


def _folded(text: str) -> str:
    """One spelling for all that look alike to somebody who guesses: width, case and what stands between words do not count."""
    return _FILLING.sub("", normalize("NFKC", text).casefold())


async def _is_breached(options: Passwords, password: str, site: Site) -> bool:
    if options.breached is None:
        return False
    try:
        return await options.breached.has(password)
    except RemoteError as failure:
        site.events.append(Event("account.breached_unknown", site.clock.now(), "note", detail=str(failure)))
        return False
