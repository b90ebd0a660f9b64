"""From options to the text of a policy: once at startup, with a gap for the nonce."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from buckler.protections.csp.sources import NONCE, NONE, STRICT_DYNAMIC, is_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_GAP = b"\0"  # stands for the nonce; no source may contain it


class Written(NamedTuple):
    """One header: its `name`, its value for a response without a nonce (`plain`), and for one with a nonce, which goes into the gaps."""

    name: bytes
    plain: bytes
    gapped: bytes

    def value(self, nonce: str) -> bytes:
        """Return the value for one response; "" is a response that did not ask for its nonce."""
        return self.gapped.replace(_GAP, nonce.encode()) if nonce else self.plain


def written(name: bytes, directives: Mapping[str, Sequence[str]], flags: Sequence[str]) -> Written:
    """Return a policy as the header `name`."""
    plain = [f"{key} {' '.join(_without_nonce(sources))}" for key, sources in directives.items() if sources]
    gapped = [f"{key} {' '.join(_with_gap(sources))}" for key, sources in directives.items() if sources]
    return Written(name, "; ".join([*plain, *flags]).encode(), "; ".join([*gapped, *flags]).encode())


def _without_nonce(sources: Sequence[str]) -> Sequence[str]:
    """`strict-dynamic` hands on the trust of a nonce or a hash: where there is neither, it would only switch the list off."""
    kept = [source for source in sources if source != NONCE]
    if STRICT_DYNAMIC in kept and not any(map(is_hash, kept)):
        kept.remove(STRICT_DYNAMIC)
    return kept or [NONE]


def _with_gap(sources: Sequence[str]) -> list[str]:
    return [f"'nonce-{_GAP.decode()}'" if source == NONCE else source for source in sources]
