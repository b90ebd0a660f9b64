"""People, and how they prove who they are: passwords, passkeys, one-time codes, sessions, tokens. Floor 1.

`Accounts` says how; `buckler.frameworks.fastapi.accounts.add_accounts` serves its pages and its API. An application with an interface of
its own calls the acts: modules of this package such as `signin`, `signup`, `tokens`, whose functions take a `Visit`.
"""

import buckler.accounts.needs  # noqa: F401  # before everything else: what is not installed is said in one line
from buckler.accounts.accounts import Accounts
from buckler.accounts.mail import SMTP, MailFolder, Post
from buckler.accounts.passwords import (
    CHEAPEST_FOR_TESTS,
    OWASP_2025,
    RFC9106_HIGH_MEMORY,
    RFC9106_LOW_MEMORY,
    Passwords,
    PwnedRange,
)
from buckler.accounts.paths import Paths
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.profile import Field, NoProfile, Profile
from buckler.accounts.proof import SignedIn
from buckler.accounts.providers import Provider
from buckler.accounts.tables import METADATA, Person
from buckler.accounts.throttle import Throttle
from buckler.accounts.tokens import Tokens
from buckler.accounts.visit import Visit

__all__ = [
    "CHEAPEST_FOR_TESTS",
    "METADATA",
    "OWASP_2025",
    "RFC9106_HIGH_MEMORY",
    "RFC9106_LOW_MEMORY",
    "SMTP",
    "AccountError",
    "Accounts",
    "Field",
    "MailFolder",
    "NoProfile",
    "Passwords",
    "Paths",
    "Person",
    "Post",
    "Problem",
    "Profile",
    "Provider",
    "PwnedRange",
    "SignedIn",
    "Throttle",
    "Tokens",
    "Visit",
]
