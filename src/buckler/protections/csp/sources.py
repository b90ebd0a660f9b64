"""The words of a policy, and what may stand in one (CSP Level 3, section 2.3.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from buckler.core.options import need, need_strings

if TYPE_CHECKING:
    from collections.abc import Sequence

SELF, NONE = "'self'", "'none'"
NONCE = "'nonce'"  # stands for this response's own nonce; left out where the page did not ask for it
STRICT_DYNAMIC = "'strict-dynamic'"
REPORT_SAMPLE = "'report-sample'"
WASM_EVAL = "'wasm-unsafe-eval'"

_KEYWORDS = frozenset({SELF, NONE, NONCE, STRICT_DYNAMIC, REPORT_SAMPLE, WASM_EVAL})
_HASH = re.compile(r"'sha(?:256|384|512)-[A-Za-z0-9+/_-]+={0,2}'")
_SCHEME = re.compile(r"(?:https|data|blob|wss|mediastream|filesystem):")
_HOST = re.compile(r"(?:(?:https|wss)://)?(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::(?:[0-9]{1,5}|\*))?(?:/[A-Za-z0-9._~!$&()*+=:@%/-]*)?")
_FIX = 'give SELF, NONE, NONCE, a hash, a scheme such as "https:", or a host such as https://cdn.example'


def need_sources(owner: object, name: str, sources: Sequence[str]) -> None:
    """Raise `ConfigError` unless every source is one that a policy may name safely."""
    need_strings(owner, name, sources)
    option = f"{type(owner).__name__}.{name}"
    for source in sources:
        need(source not in {"'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'"}, option, source, "set one of the insecure_… options")
        known = source in _KEYWORDS or _HASH.fullmatch(source) or _SCHEME.fullmatch(source) or _HOST.fullmatch(source)
        need(known, option, source, _FIX)
    need(NONE not in sources or len(sources) == 1, option, list(sources), "NONE stands alone")
