"""What `deadline` stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case, Place

if TYPE_CHECKING:
    from buckler.core.case import Transcript


def taken(transcript: Transcript) -> bool:
    """The application worked for as long as it took."""
    return transcript[-1].reached and transcript[-1].status < 400  # where HTTP's refusals begin


CASES = (
    Case(
        name="hanging_handler",
        story="A handler that waits for something that does not answer, while its visitors pile up.",
        turns=(Ask(at=Place.SLOW),),
        succeeds=taken,
        refused="deadline.handler",
        options={"handler_s": 0.05},
        sources=("CWE-400",),
    ),
    Case(
        name="trickle",
        story="A body that comes byte by byte, to hold a connection and a handler.",
        turns=(Ask(at=Place.UPLOAD, method="POST", chunks=(b"a",) * 30, pause_s=0.02),),
        succeeds=taken,
        refused="deadline.body",
        options={"body_s": 0.1},
        sources=("CWE-400",),
    ),
    Case(name="page", story="An ordinary page.", turns=(Ask(),), honest=True),
    Case(
        name="slow_line",
        story="A large upload on a slow line, which takes longer than a small one may.",
        turns=(Ask(at=Place.UPLOAD, method="POST", chunks=(b"a" * 4096,) * 30, pause_s=0.02),),
        succeeds=taken,
        options={"body_s": 0.2},
        honest=True,
    ),
    Case(name="slow_handler", story="A handler that takes half a second.", turns=(Ask(at=Place.SLOW),), succeeds=taken, honest=True),
)
