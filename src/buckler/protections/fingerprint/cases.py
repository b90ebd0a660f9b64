"""What `fingerprint` stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case, Place

if TYPE_CHECKING:
    from buckler.core.case import Transcript

# Fields whose only content is the name or version of software (OWASP Secure Headers Project, "headers to remove").
TELLING = (
    "server", "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-generator", "x-runtime", "x-version", "x-backend-server",
)  # fmt: skip


def told(transcript: Transcript) -> bool:
    """The response names its software."""
    return any(transcript[-1].header(name) for name in TELLING)


def kept(transcript: Transcript) -> bool:
    """The response says what it is, and was taken."""
    return transcript[-1].reached and bool(transcript[-1].header("content-type"))


CASES = (
    Case(
        name="version_scan",
        story="A scanner collects every server that answers with a version known to be weak.",
        turns=(Ask(at=Place.TELLING),),
        succeeds=told,
        sources=("CWE-497",),
    ),
    Case(name="other_fields", story="The fields that a page needs stay.", turns=(Ask(),), honest=True, succeeds=kept),
)
