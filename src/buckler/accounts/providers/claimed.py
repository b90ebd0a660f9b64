"""What another provider says of a visitor."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Why: TypeAlias = Literal["sign_in", "link"]


class Claimed(NamedTuple):
    """`provider` and `subject` together name one account there, for ever; an e-mail address does not.

    `email` is "" where the provider told none, or none that can be one; `email_verified` is True only when the provider said exactly
    that. `name` is what the person is called there, "" when it does not say. `why` and `back` are what `begin` was told.
    """

    provider: str
    subject: str
    email: str
    email_verified: bool
    why: Why
    back: str
    name: str = ""
