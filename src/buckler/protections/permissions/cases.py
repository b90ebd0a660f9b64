"""What `permissions` stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case
from buckler.protections.permissions.features import POWERFUL

if TYPE_CHECKING:
    from buckler.core.case import Transcript


def may_ask(transcript: Transcript) -> bool:
    """A script may ask for every powerful feature that the policy does not name (W3C Permissions Policy)."""
    policy = transcript[-1].header("permissions-policy")
    return any(f"{feature}=()" not in policy for feature in POWERFUL)


CASES = (
    Case(
        name="script_asks",
        story="A script that got into a page asks for the camera in the site's name, and the visitor trusts the site.",
        turns=(Ask(),),
        succeeds=may_ask,
        sources=("CWE-272",),
    ),
    Case(name="page", story="An ordinary page.", turns=(Ask(),), honest=True),
)
