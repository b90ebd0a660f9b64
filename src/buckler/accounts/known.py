"""Browsers that somebody has signed in with before: OWASP's "Slow Down Online Guessing Attacks with Device Cookies".

The cookie `__Host-device` has one entry for each account that signed in here, of the last five. An entry is a day, a random name of
its own, and a keyed proof of both for that one account; it holds no name and no address, so whoever reads it learns nothing. It lets
nobody in. All that it gives is a quota of attempts of its own: a copy of it shares that one quota, and an entry for another account, a
forged one, or one that was made by a secret that has left the rotation gives nothing.

Every success makes a new entry in place of the old one, by the newest secret. It has a name of its own on every day, which a copy does
not share, and keeps that one for the day: with every new name the quotas are whole again, and whoever has an account could sign in to it
until they are. Deliberately not one id for the whole browser: entries of several accounts would tell that they belong together.
"""

from __future__ import annotations

import base64
import re
import secrets
from hmac import compare_digest
from typing import TYPE_CHECKING, NamedTuple

from buckler.accounts.addresses import email_key
from buckler.core.folding import folded

if TYPE_CHECKING:
    from buckler.accounts.visit import Visit

COOKIE = "device"
MAX_ACCOUNTS = 5  # a family's computer; the cookie then has 219 bytes
_PURPOSE = "account.device"
_NAME_BYTES = 12
_PROOF_BYTES = 16
_DAY_S = 86_400
_ENTRY = "[0-9]{5}[A-Za-z0-9_-]{38}"
_VALUE = re.compile(rf"{_ENTRY}(?:\.{_ENTRY}){{0,{MAX_ACCOUNTS - 1}}}")


class _Entry(NamedTuple):
    day: str
    name: str
    proof: str


def account(identifier: str) -> str:
    """Return the one name under which attempts on an account are counted. By way of the key by which people are found: whatever text
    finds a person is counted as that person, also one that is padded (CVE-2026-47203)."""
    return folded(email_key(identifier))


def entry(visit: Visit, name: str) -> str:
    """Return the name of this browser's entry for the account `name`, or "" when it has none that is valid."""
    found = ""
    for item in _entries(visit):  # all of them, always
        if _is_of(visit, item, name):
            found = found or item.name
    return found


def remember(visit: Visit, identifier: str) -> None:
    """Make this browser known to the account: for somebody who has just signed in, or has shown that its mail arrives here."""
    name = account(identifier)
    day, there = f"{_today(visit):05d}", [(_is_of(visit, item, name), item) for item in _entries(visit)]
    others = [item for own, item in there if not own]
    todays = [item.name for own, item in there if own and item.day == day]
    made = _Entry(day, todays[0] if todays else secrets.token_urlsafe(_NAME_BYTES), "")
    made = made._replace(proof=_text(visit.site.keys.prove(_PURPOSE, _message(made, name))))
    days = visit.accounts.throttle.known_days
    visit.set_cookie(COOKIE, ".".join("".join(item) for item in [made, *others][:MAX_ACCOUNTS]), days * _DAY_S)


def _entries(visit: Visit) -> list[_Entry]:
    """Those that this site may have made and that have not expired; the browser's own keeping of time is not trusted."""
    value = visit.cookie(COOKIE)
    if not _VALUE.fullmatch(value):
        return []
    today, days = _today(visit), visit.accounts.throttle.known_days
    items = [_Entry(item[:5], item[5:21], item[21:]) for item in value.split(".")]
    return [item for item in items if 0 <= today - int(item.day) <= days]


def _is_of(visit: Visit, item: _Entry, name: str) -> bool:
    proofs = [_text(proof) for proof in visit.site.keys.proofs(_PURPOSE, _message(item, name))]
    return sum(compare_digest(item.proof, proof) for proof in proofs) > 0  # all of them, as `Keys.proves` does


def _message(item: _Entry, name: str) -> bytes:
    return f"{item.day}{item.name} {name}".encode("utf-8", "surrogatepass")


def _today(visit: Visit) -> int:
    return int(visit.site.clock.now() // _DAY_S)


def _text(proof: bytes) -> str:
    return base64.urlsafe_b64encode(proof[:_PROOF_BYTES]).rstrip(b"=").decode()
