"""What `isolation` stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case

if TYPE_CHECKING:
    from buckler.core.case import Transcript


_OPENED_ALONE = {"same-origin", "same-origin-allow-popups", "noopener-allow-popups"}


def window_shared(transcript: Transcript) -> bool:
    """A page without this header stays in the window group of whoever opened it (WHATWG HTML)."""
    return transcript[-1].header("cross-origin-opener-policy") not in _OPENED_ALONE


def embeds_with_cookies(transcript: Transcript) -> bool:
    """A page without this header loads other sites' resources with cookies, into its own process."""
    return transcript[-1].header("cross-origin-embedder-policy") not in {"credentialless", "require-corp"}


def embeddable(transcript: Transcript) -> bool:
    """A response without this header is loaded into any page that asks for it as an image or a script (Fetch)."""
    return transcript[-1].header("cross-origin-resource-policy") not in {"same-origin", "same-site"}


def shows_foreign_image(transcript: Transcript) -> bool:
    """An image of another site that sends no header of this kind is shown; only `require-corp` blocks it."""
    return transcript[-1].reached and transcript[-1].header("cross-origin-embedder-policy") != "require-corp"


def popup_answers(transcript: Transcript) -> bool:
    """A pop-up that this page opens, and that sends no such header, keeps its way back to the page (WHATWG HTML)."""
    return transcript[-1].reached and transcript[-1].header("cross-origin-opener-policy") in {"", "unsafe-none", "same-origin-allow-popups"}


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
    Case(
        name="foreign_image",
        story="A page shows a picture of another site, which never heard of these headers.",
        turns=(Ask(),),
        honest=True,
        succeeds=shows_foreign_image,
    ),
    Case(
        name="popup_sign_in",
        story="A visitor signs in through another site's pop-up, which hands the result back.",
        turns=(Ask(),),
        honest=True,
        succeeds=popup_answers,
        options={"opener": "same-origin-allow-popups"},
    ),
    Case(
        name="opened_window_with_popups",
        story="The same site, which allows pop-ups of its own, is opened by another one.",
        turns=(Ask(),),
        succeeds=window_shared,
        options={"opener": "same-origin-allow-popups"},
    ),
    Case(name="page", story="An ordinary page.", turns=(Ask(),), honest=True),
)
