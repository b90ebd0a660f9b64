"""What `nosniff` stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case

if TYPE_CHECKING:
    from buckler.core.case import Transcript


def sniffed(transcript: Transcript) -> bool:
    """A browser guesses the type unless it is told, in just this word, not to (WHATWG Fetch)."""
    return transcript[-1].header("x-content-type-options").strip().lower() != "nosniff"


CASES = (
    Case(
        name="guessed_type",
        story="A browser looks into a file to guess its type, and runs what an attacker uploaded.",
        turns=(Ask(),),
        succeeds=sniffed,
        sources=("CWE-430",),
    ),
    Case(name="page", story="A page with the right type.", turns=(Ask(),), honest=True),
)
