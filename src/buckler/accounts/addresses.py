"""E-mail addresses: one way to write each down, judged after it has been normalised and never before (GHSA-7rqj-j65f-68wh).

The library email-validator was chosen because it follows RFC 5321, 5322 and 6531 and knows the special domains; it is asked no question
of the network. The key, by which an address is found, folds case and width in both halves: two accounts that differ only so would be
one person, or one attacker.
"""

from __future__ import annotations

import re
import unicodedata

from email_validator import EmailNotValidError, validate_email

from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.tables import MAX_EMAIL

INVALID = Problem("account.email_invalid", 422, "This is no e-mail address.", "Write it as in name@example.org.")
_UNKEPT = re.compile("[\0\ud800-\udfff]")  # PostgreSQL refuses a query with NUL in it, and there is no UTF-8 of half a character


def address(text: str, field: str = "email") -> str:
    """Return the address as it is to be kept. Raises `AccountError` for what is none, with `field`."""
    plain = unicodedata.normalize("NFKC", text).strip() if len(text) <= MAX_EMAIL else ""
    try:
        found = validate_email(plain, check_deliverability=False, test_environment=True)
    except (EmailNotValidError, ValueError):
        raise AccountError(INVALID, field) from None
    return found.normalized


def on_the_wire(email: str) -> str:
    """Return a kept address as mail servers read it: its domain in ASCII (IDNA 2008). A local part beyond ASCII stays, and needs SMTPUTF8.

    Raises `AccountError`.
    """
    if email.isascii():
        return email
    try:
        found = validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise AccountError(INVALID) from None
    return f"{found.local_part}@{found.ascii_domain}"


def email_key(email: str) -> str:
    """Return the one spelling by which an address is found. Any text has one, also with characters that no database keeps, so that looking
    up nonsense finds nobody and says nothing."""
    kept = _UNKEPT.sub("\ufffd", email[:MAX_EMAIL])
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", kept).casefold()).strip()
