"""Passkeys and security keys (WebAuthn Level 3).

A *passkey* is kept on its device with the name of its owner and verifies who holds it: it signs in on its own. A *security key* proves
only that it is there: it follows a password. Both are asked in *ceremonies*: options go to the browser with a challenge, and its
response comes back. Only ES256, EdDSA and RS256; no attestation, which would tell the site what make a person's key is and nothing that
matters here.
"""

from buckler.accounts.passkeys.adding import (
    NewPasskey,
    add,
    check_sign_up,
    keep,
    options_to_add,
    options_to_sign_up,
)
from buckler.accounts.passkeys.owned import Shown, listed, remove, rename
from buckler.accounts.passkeys.using import check, check_sign_in, options_to_check, options_to_sign_in

__all__ = [
    "NewPasskey",
    "Shown",
    "add",
    "check",
    "check_sign_in",
    "check_sign_up",
    "keep",
    "listed",
    "options_to_add",
    "options_to_check",
    "options_to_sign_in",
    "options_to_sign_up",
    "remove",
    "rename",
]
