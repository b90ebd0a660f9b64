"""From options to the text of a policy: once at startup, with a gap for the nonce."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.protections.csp.sources import NONCE, NONE, STRICT_DYNAMIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_GAP = b"\0"  # stands for the nonce; no source may contain it


def compiled(directives: Mapping[str, Sequence[str]], flags: Sequence[str]) -> tuple[bytes, bytes]:
    """Return the policy of a page without a nonce, and that of a page with one, whose gaps `filled` fills."""
    plain = [f"{name} {' '.join(_without_nonce(sources))}" for name, sources in directives.items() if sources]
    gapped = [f"{name} {' '.join(_with_gap(sources))}" for name, sources in directives.items() if sources]
    return "; ".join([*plain, *flags]).encode(), "; ".join([*gapped, *flags]).encode()


def filled(gapped: bytes, nonce: str) -> bytes:
    """Return the policy for one response."""
    return gapped.replace(_GAP, nonce.encode())


def _without_nonce(sources: Sequence[str]) -> Sequence[str]:
    """`strict-dynamic` hands on the trust of a nonce or a hash: where there is neither, it would only switch the list off."""
    kept = [source for source in sources if source != NONCE]
    if STRICT_DYNAMIC in kept and not any(source.startswith("'sha") for source in kept):
        kept.remove(STRICT_DYNAMIC)
    return kept or [NONE]


def _with_gap(sources: Sequence[str]) -> list[str]:
    return [f"'nonce-{_GAP.decode()}'" if source == NONCE else source for source in sources]
