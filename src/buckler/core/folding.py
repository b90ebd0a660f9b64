"""The one spelling of a name, for counting and comparing."""

from __future__ import annotations

import unicodedata


def folded(text: str) -> str:
    """Return the one spelling of an account's name: `john`, `John`, the same in full-width letters or with an invisible character in it
    are one (CVE-2026-47203). NFKC, case folding and the removal of format characters, as Unicode's NFKC_Casefold. Bound the length before:
    one character can become eighteen."""
    visible = "".join(char for char in unicodedata.normalize("NFKC", text).casefold() if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFKC", visible).strip()
