"""How often. Site and API share every counter: who is slowed down at one door is slowed down at the other (CVE-2026-9798)."""

from __future__ import annotations

from typing import Any

from buckler.frameworks.fastapi import limited


def sign_in(field: str) -> Any:
    """Return the limit of sign-in, by client and by the e-mail address in `field`. NIST SP 800-63B-4, section 3.2.2, allows 100 failures in
    a row; these numbers let a forgetful person try and a guesser not."""
    return limited("10/minute", "60/hour", by=("client", "account"), account=field, name="sign_in")


SIGN_UP = limited("20/hour", name="sign_up")  # each costs a password hash, and tells whether a name is taken
ACCOUNT = limited("60/hour", name="account")  # may cost two
WRITE = limited("60/hour", name="write")
COMMENT = limited("30/minute", name="comment")
