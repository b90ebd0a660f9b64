"""What `framing` stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case

if TYPE_CHECKING:
    from buckler.core.case import Transcript


def framed_by_an_old_browser(transcript: Transcript) -> bool:
    """A browser that knows X-Frame-Options alone (RFC 7034) frames whatever does not forbid it."""
    return transcript[-1].header("x-frame-options").strip().upper() not in {"DENY", "SAMEORIGIN"}


def framed_by_itself(transcript: Transcript) -> bool:
    """The same browser shows the site in a frame of the site's own."""
    return transcript[-1].reached and transcript[-1].header("x-frame-options").strip().upper() in {"", "SAMEORIGIN"}


CASES = (
    Case(
        name="clickjacking_old_browser",
        story="An attacker's page lays this site invisibly over its own buttons, in a browser without Content-Security-Policy.",
        turns=(Ask(),),
        succeeds=framed_by_an_old_browser,
        sources=("CWE-1021",),
    ),
    Case(
        name="same_origin_still_forbids_others",
        story="A site that frames its own pages is framed by another one.",
        turns=(Ask(),),
        succeeds=framed_by_an_old_browser,
        options={"allow": "same-origin"},
    ),
    Case(
        name="own_frame",
        story="A site that frames its own pages, and says so.",
        turns=(Ask(),),
        honest=True,
        succeeds=framed_by_itself,
        options={"allow": "same-origin"},
    ),
    Case(name="page", story="An ordinary page.", turns=(Ask(),), honest=True),
)
