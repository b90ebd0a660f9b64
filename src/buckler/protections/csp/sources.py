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

_ALONE = frozenset({"default_src", "form_action", "frame_ancestors", "base_uri"})  # nothing stands behind these when they are left out
_SCRIPTS = frozenset({"default_src", "script_src"})
_CODE = frozenset({"default_src", "script_src", "style_src"})  # only these know nonces and hashes
_STRICT = frozenset({"default_src", "script_src", "object_src", "base_uri"})  # whatever these allow can run
_UNSAFE = frozenset({"'unsafe-inline'", "'unsafe-eval'", "'unsafe-hashes'"})
_HASH = re.compile(r"'sha(?:256|384|512)-[A-Za-z0-9+/_-]+={0,2}'")
_SCHEME = re.compile(r"(?:https|data|blob|wss|mediastream|filesystem):")
_HOST = re.compile(
    r"(?:(?:(?:https|wss)://)?(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*|(?:http|ws)://(?:localhost|127\.0\.0\.1))"
    r"(?::(?:[0-9]{1,5}|\*))?(?:/[A-Za-z0-9._~!$&()*+=:@%/-]*)?"
)
_FIX = 'give SELF, NONE, NONCE, a hash, a scheme such as "https:", or a host such as https://cdn.example'


def need_sources(owner: object, name: str, sources: Sequence[str]) -> None:
    """Raise `ConfigError` unless every source is one that the directive `name` may name safely."""
    need_strings(owner, name, sources)
    option = f"{type(owner).__name__}.{name}"
    for source in sources:
        need(source not in _UNSAFE, option, source, "set one of the insecure_… options")
        broad = name in _STRICT and _SCHEME.fullmatch(source)
        need(not broad, option, source, "anybody's script could come that way: name the hosts, as in https://cdn.example")
        need(_is_known(name, source), option, source, _FIX)
    need(NONE not in sources or len(sources) == 1, option, list(sources), "NONE stands alone")
    need(sources or name not in _ALONE, option, list(sources), "no other directive stands behind this one: give NONE, SELF or hosts")


def is_hash(source: str) -> bool:
    """Whether the source names one script or style by its hash."""
    return source.startswith("'sha")


def _is_known(name: str, source: str) -> bool:
    if source.startswith("'") and source not in {SELF, NONE}:
        for_scripts = source in {STRICT_DYNAMIC, WASM_EVAL} and name in _SCRIPTS
        return for_scripts or (name in _CODE and (source in {NONCE, REPORT_SAMPLE} or _HASH.fullmatch(source) is not None))
    return source in {SELF, NONE} or bool(_SCHEME.fullmatch(source) or _HOST.fullmatch(source))
