"""What `isolation` stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case

if TYPE_CHECKING:
    from buckler.core.case import Transcript


def window_shared(transcript: Transcript) -> bool:
    """A page without this header stays in the window group of whoever opened it (WHATWG HTML)."""
    return transcript[-1].header("cross-origin-opener-policy") not in {"same-origin", "noopener-allow-popups"}


def embeds_with_cookies(transcript: Transcript) -> bool:
    """A page without this header loads other sites' resources with cookies, into its own process."""
    return transcript[-1].header("cross-origin-embedder-policy") not in {"credentialless", "require-corp"}


def embeddable(transcript: Transcript) -> bool:
    """A response without this header is loaded into any page that asks for it as an image or a script (Fetch)."""
    return transcript[-1].header("cross-origin-resource-policy") not in {"same-origin", "same-site"}


CASES = (
    Case(
        name="opened_window",
        story="Another site opens this one in a window, counts its frames and replaces it with a copy that asks for the password.",
        turns=(Ask(),),
        succeeds=window_shared,
        sources=("CWE-1021",),
    ),
    Case(
        name="shared_process",
        story="A resource of another site comes into this page's process with the visitor's cookies, to be read by speculation.",
        turns=(Ask(),),
        succeeds=embeds_with_cookies,
    ),
    Case(
        name="embedded_response",
        story="Another site loads a private response as an image or a script, and reads it by speculation.",
        turns=(Ask(),),
        succeeds=embeddable,
        sources=("CWE-346",),
    ),
    Case(name="page", story="An ordinary page.", turns=(Ask(),), honest=True),
)
