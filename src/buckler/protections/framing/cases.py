"""What `framing` stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case

if TYPE_CHECKING:
    from buckler.core.case import Transcript


def framed_by_an_old_browser(transcript: Transcript) -> bool:
    """A browser that knows X-Frame-Options alone (RFC 7034) frames whatever does not forbid it."""
    return transcript[-1].header("x-frame-options").strip().upper() not in {"DENY", "SAMEORIGIN"}


CASES = (
    Case(
        name="clickjacking_old_browser",
        story="An attacker's page lays this site invisibly over its own buttons, in a browser without Content-Security-Policy.",
        turns=(Ask(),),
        succeeds=framed_by_an_old_browser,
        sources=("CWE-1021",),
    ),
    Case(name="page", story="An ordinary page.", turns=(Ask(),), honest=True),
)
