"""docs/accounts/what-it-stops.md: every case about accounts, from the cases themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.accounts.cases import PARTS
from tools.docs.protections import passing, stopped
from tools.docs.text import DOCS, NOTE, joined

if TYPE_CHECKING:
    from pathlib import Path

PAGE = DOCS / "accounts" / "what-it-stops.md"
ABOUT = """Each row is a *case*: a short conversation that
[`tests/contract/test_account_cases.py`](../../tests/contract/test_account_cases.py) plays twice. Once on accounts as they are by default,
behind a guard as it is by default: no attack succeeds, and every honest person passes. And once on an
[application](../../tests/contract/careless_accounts.py) that makes each of these mistakes: every attack succeeds there, so that the case is
known to be able to fail. Guesses are played there against a [limit](../../tests/contract/careless_limits.py) that exists and has its hole.

A conversation is played in its order. That of many at once one wins, that an answer takes as long for somebody who does not exist, and what
needs a real authenticator or another provider is shown by tests of its own: see [past mistakes](../past-mistakes.md) and
[ASVS](../asvs.md). The protections around accounts have [cases of their own](../protections/README.md)."""


def pages() -> dict[Path, str]:
    """The one page."""
    parts = [NOTE, "# What accounts stop", ABOUT]
    for title, cases in PARTS.items():
        attacks = [case for case in cases if not case.honest]
        if attacks:
            parts += [f"## {title}", stopped(attacks)]
    parts += ["## Who passes", passing(case for cases in PARTS.values() for case in cases if case.honest)]
    return {PAGE: joined(*parts)}
