"""What an application says of its tokens."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING

from buckler.accounts.roles import is_permission
from buckler.accounts.tokens.jwt import own_key
from buckler.core.options import need, need_one_of, need_positive, need_strings, options

if TYPE_CHECKING:
    from collections.abc import Sequence

_PREFIX = re.compile(r"[a-z][a-z0-9]{1,7}")


@options
class Tokens:
    """`prefix`: what this site's tokens begin with, so that a leaked one is known wherever it lies; two to eight small letters or digits.

    Personal tokens:

    - `scopes`: those that a token may be made for. (): any permission.
    - `days`: how long a token lives when nothing is said; `max_days`: at most, and then none lives for ever. None: no such limit.
    - `max_personal`: tokens of one person. `per_minute`: requests a token may make, unless it was made for fewer; None: no such limit.

    Programs that sign in:

    - `access_s`: how long an access token lives; `refresh_days`: how long a sign-in lives, in use or not; `idle_days`: without use.
    - `max_families`: sign-ins of one person at once; the one that was used longest ago makes room.
    - `issuer`, `audience`: what access tokens say and must say. "": the site's origin, for both.
    - `signing_keys`: own private keys in PEM, the newest first, when other services verify access tokens (see `public_keys`). (): keys
      derived from the site's secrets.

    `on_store_failure`: "refuse" answers 503 while the store cannot say whether a token was ended; "allow" takes it for alive.
    """

    prefix: str = "bk"
    scopes: Sequence[str] = ()
    days: int = 90  # what a token costs when it is forgotten grows with its life: GitHub offers 7, 30, 60 and 90
    max_days: int | None = None
    max_personal: int = 50  # GitHub's own cap for tokens with fine-grained rights
    per_minute: int | None = 600  # as much as one client may ask of the guard
    access_s: int = 300  # what a stolen one is good for, and how long an end must be remembered
    refresh_days: int = 30  # NIST SP 800-63B-4, section 2.1.3: 30 days at AAL1
    idle_days: int = 7
    max_families: int = 20
    issuer: str = ""
    audience: str = ""
    signing_keys: Sequence[str] = field(default=(), repr=False)
    on_store_failure: str = "refuse"  # an ended sign-in must not be taken for one that goes on

    def __post_init__(self) -> None:
        fix = "give two to eight small letters or digits, a letter first"
        need(isinstance(self.prefix, str) and _PREFIX.fullmatch(self.prefix), "Tokens.prefix", self.prefix, fix)
        need_strings(self, "scopes", self.scopes)
        for scope in self.scopes:
            need(is_permission(scope), "Tokens.scopes", scope, "write scopes as in articles:delete; a scope has no *")
        self._need_numbers()
        texts = isinstance(self.signing_keys, (list, tuple)) and all(isinstance(pem, str) for pem in self.signing_keys)
        need(texts, "Tokens.signing_keys", "…", 'give a list of keys in PEM, as in ["-----BEGIN PRIVATE KEY-----…"]')
        for pem in self.signing_keys:
            own_key(pem)
        need_one_of(self, "on_store_failure", self.on_store_failure, ("refuse", "allow"))

    def _need_numbers(self) -> None:
        names: tuple[str, ...] = ("days", "max_personal", "access_s", "refresh_days", "idle_days", "max_families")
        names += tuple(name for name in ("max_days", "per_minute") if getattr(self, name) is not None)
        need_positive(self, **{name: getattr(self, name) for name in names})
        for name in names:
            need(isinstance(getattr(self, name), int), f"Tokens.{name}", getattr(self, name), "give a whole number")
        most = self.max_days
        need(most is None or self.days <= most, "Tokens.days", self.days, f"give at most max_days, which is {most}")
        need(self.idle_days <= self.refresh_days, "Tokens.idle_days", self.idle_days, f"give at most refresh_days: {self.refresh_days}")
        need(self.access_s <= 3600, "Tokens.access_s", self.access_s, "give at most 3600: what lives longer is what refresh tokens are for")
