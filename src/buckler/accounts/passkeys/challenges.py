"""The challenge of a ceremony: 256 random bits that come back signed.

It is worth something once, for five minutes, for the purpose it was made for, for the person, and in the browser that asked for it. So
an answer that was given to prove oneself anew cannot sign anybody in, nor be given twice (GHSA-f66q-9rf6-8795), and nobody can be signed
in, in their own browser, by a response that somebody else has prepared. Kept in the site's store: what the store has lost is refused.
"""

from __future__ import annotations

import json
import re
import secrets
from hmac import compare_digest
from typing import TYPE_CHECKING

from buckler.accounts.problems import AccountError, Problem
from buckler.core.sign import fingerprint
from buckler.core.store import Add, Drop, Get, key

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit

EXPIRED = Problem("account.passkey_expired", 410, "That took too long.", "Try again, and confirm on your device within five minutes.")
LIVES_S = 300.0  # WebAuthn Level 3, section 15.1: 300 to 600 seconds, so that people who need longer have it
COOKIE = "ceremony"
_BYTES = 32  # WebAuthn Level 3, section 13.4.3: at least 16
_BROWSER = re.compile(r"[A-Za-z0-9_-]{43}")


async def make(visit: Visit, purpose: str, owner: str, about: str = "") -> bytes:
    """Return a new challenge. `owner`: whose it is, "" for nobody yet. `about`: what `redeem` is to be told. Raises `StoreError`."""
    challenge = secrets.token_bytes(_BYTES)
    browser = visit.cookie(COOKIE)
    if not _BROWSER.fullmatch(browser):
        browser = secrets.token_urlsafe(32)
    visit.set_cookie(COOKIE, browser, int(LIVES_S))  # the same one in every tab, or the one opened last would end the others
    kept = json.dumps([owner, fingerprint(browser.encode()), about]).encode()
    await visit.site.store.batch([Add(_key(purpose, challenge), kept, LIVES_S)])
    return challenge


async def redeem(visit: Visit, purpose: str, owner: str, challenge: bytes) -> str:
    """Use a challenge up, and return what it was about. Of many at once one wins. Raises `AccountError` 410, whatever is wrong."""
    name = _key(purpose, challenge)
    kept, was_there = await visit.site.store.batch([Get(name), Drop(name)])
    if not was_there or not isinstance(kept, bytes):
        raise AccountError(EXPIRED)
    whose, browser, about = json.loads(kept)
    same_browser = compare_digest(browser, fingerprint(visit.cookie(COOKIE).encode()))
    if whose != owner or not same_browser:
        raise AccountError(EXPIRED)
    return str(about)


def _key(purpose: str, challenge: bytes) -> str:
    return key("account.challenge", purpose, fingerprint(challenge))
