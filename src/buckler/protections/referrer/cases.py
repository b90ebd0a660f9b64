"""What `referrer` stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case

if TYPE_CHECKING:
    from buckler.core.case import Transcript


def told_to_others(transcript: Transcript) -> bool:
    """Without a policy a browser tells other sites at least the origin; these two tell them nothing (W3C Referrer Policy)."""
    return transcript[-1].header("referrer-policy").strip().lower() not in {"same-origin", "no-referrer"}


def own_form_has_origin(transcript: Transcript) -> bool:
    """A browser sends `Origin: null` with the page's own forms where the policy is `no-referrer` (Fetch)."""
    return transcript[-1].reached and transcript[-1].header("referrer-policy") != "no-referrer"


CASES = (
    Case(
        name="told_to_others",
        story="A visitor follows a link out of a private page, and the other site reads in its log where he came from.",
        turns=(Ask(),),
        succeeds=told_to_others,
        sources=("CWE-200",),
    ),
    Case(
        name="own_form",
        story="A form of the page's own is sent, and the site sees that it was its own.",
        turns=(Ask(),),
        honest=True,
        succeeds=own_form_has_origin,
    ),
    Case(name="page", story="An ordinary page.", turns=(Ask(),), honest=True),
)
