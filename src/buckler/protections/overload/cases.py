"""What `overload` stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case, Place

if TYPE_CHECKING:
    from buckler.core.case import Transcript


def taken(transcript: Transcript) -> bool:
    """The application worked on the last one too."""
    return transcript[-1].reached and transcript[-1].status < 400  # where HTTP's refusals begin


_FEW = {"least": 2, "start": 2, "most": 2, "anonymous_share": 0.0}

CASES = (
    Case(
        name="pile_up",
        story="More visitors at once than can be served in time, each from another address: all would wait for each other.",
        turns=(Ask(at=Place.SLOW, together=6, clients=6),),
        succeeds=taken,
        refused="overload.full",
        options=_FEW,
        sources=("CWE-400", "CWE-410"),
    ),
    Case(
        name="one_takes_all",
        story="One client opens more and more requests, and keeps them, so that there is no place for others.",
        turns=(Ask(at=Place.SLOW, together=6),),
        succeeds=taken,
        refused="overload.client",
        options={"per_client": 4},
        sources=("CWE-770", "OWASP API4:2023"),
    ),
    Case(
        name="claimed_session",
        story="Visitors of a crowd claim to be signed in, to get the places that are kept for those who are.",
        turns=(Ask(at=Place.SLOW, together=6, clients=6, headers=(("cookie", "__Host-session=" + "A" * 65),)),),
        succeeds=taken,
        refused="overload.full",
        options=_FEW,
        sources=("CWE-290",),
    ),
    Case(name="page", story="An ordinary page.", turns=(Ask(),), honest=True),
    Case(
        name="browser",
        story="A browser that asks for a page with all that belongs to it at once.",
        turns=(Ask(), Ask(together=30)),
        honest=True,
    ),
    Case(
        name="after_the_crowd",
        story="Somebody who comes when a crowd has been served.",
        turns=(Ask(at=Place.SLOW, together=2, clients=2), Ask(at=Place.SLOW)),
        succeeds=taken,
        honest=True,
        options=_FEW,
    ),
    Case(
        name="slow_uploads",
        story="Slow lines keep no places from others.",
        turns=(Ask(at=Place.UPLOAD, method="POST", chunks=(b"a",) * 4, pause_s=0.05, together=6, clients=6),),
        succeeds=taken,
        honest=True,
        options=_FEW,
    ),
)
