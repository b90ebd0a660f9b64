"""Codes by mail: eight digits, to be typed in, for those who have nothing better to prove themselves with.

A code is short enough to be guessed, so it lives ten minutes, works once, is bound to the session and the purpose that it was sent
for, and every try is counted by `throttle` before it is looked at: at 5 tries the chance is 1 in 20 million.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from buckler.core.store import Drop, Get, Put, key

if TYPE_CHECKING:
    from buckler.accounts.tables import Person
    from buckler.accounts.visit import Visit

_DIGITS = 8
_LIVES_S = 600.0  # ASVS 5.0 V6.6.2: at most ten minutes
_PURPOSE = "account.code"


async def send(visit: Visit, person: Person, purpose: str) -> None:
    """Send a new code, which takes the place of an earlier one. The caller commits."""
    code = f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}d}"
    proof = visit.site.keys.prove(_PURPOSE, _message(person, purpose, code))
    await visit.site.store.batch([Put(_key(visit, person, purpose), proof, _LIVES_S)])
    visit.post("code", person, code=f"{code[:4]} {code[4:]}")
    visit.record("code_sent", person)


async def spend(visit: Visit, person: Person, purpose: str, code: str) -> bool:
    """Whether this is the code; it then works no more. Count the attempt before."""
    name = _key(visit, person, purpose)
    (kept,) = await visit.site.store.batch([Get(name)])
    message = _message(person, purpose, "".join(code.split())[: _DIGITS + 1])
    if not isinstance(kept, bytes) or not visit.site.keys.proves(_PURPOSE, message, kept):
        return False
    (was_there,) = await visit.site.store.batch([Drop(name)])  # of two at once, one wins
    return bool(was_there)


def _key(visit: Visit, person: Person, purpose: str) -> str:
    return key("account.code", purpose, str(person.id), visit.session.handle)


def _message(person: Person, purpose: str, code: str) -> bytes:
    return f"{purpose} {person.id} {code}".encode("utf-8", "surrogatepass")
