"""How often. What guards passwords and codes is Buckler's `Throttle`, on every door alike."""

from __future__ import annotations

from buckler.frameworks.fastapi import limited

SIGN_UP = limited("20/hour", name="sign_up")  # each costs a password hash, and tells whether an address is taken
ACCOUNT = limited("60/hour", name="account")
WRITE = limited("60/hour", name="write")
COMMENT = limited("30/minute", name="comment")
