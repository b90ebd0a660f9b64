"""Forged access tokens: made out of a true one by what an attacker can do without a key. Signed texts by RFC 7515."""

from __future__ import annotations

import base64
import hmac
import json
from typing import TYPE_CHECKING, Any

from buckler.accounts.cases.asks import THIEF, TOKENS, bearer, enters, signs_in, taken
from buckler.core.case import Case

if TYPE_CHECKING:
    from collections.abc import Callable

_GUESSED = b"secret"  # the key of many an example
_BROUGHT = b"a key that came with the token"


def _written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _read(part: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _forged(text: str, key: bytes = b"", digest: str = "sha256", **header: Any) -> str:
    """Return the token under another header, signed with `key`; with an empty signature where there is none."""
    first, _, rest = text.partition(".")
    said = f"{_written(json.dumps(_read(first) | header).encode())}.{rest.partition('.')[0]}"
    return f"{said}.{_written(hmac.digest(key, said.encode(), digest)) if key else ''}"


def _without_end(text: str) -> str:
    first, _, rest = text.partition(".")
    claims = {name: value for name, value in _read(rest.partition(".")[0]).items() if name != "exp"}
    return _forged(f"{first}.{_written(json.dumps(claims).encode())}.", alg="none")


def _by_public_key(text: str) -> str:
    token, _, key = text.partition(" ")
    return _forged(token, key.encode(), alg="HS256")


def _case(name: str, story: str, forge: Callable[[str], str], *sources: str, of: str = "{access}", after_s: float = 0.0) -> Case:
    return Case(
        name=f"forged_{name}",
        story=f"An access token is shown {story}.",
        turns=(signs_in(), TOKENS, enters(bearer("forged"), jar=THIEF, makes=(("forged", of, forge),), after_s=after_s)),
        refused="account.token_invalid",
        succeeds=taken,
        sources=sources,
    )


CASES = (
    _case("alg_none", "with `alg: none` and without a signature", lambda text: _forged(text, alg="none"), "RFC 8725, section 2.1"),
    _case("alg_none_in_capitals", "with `alg: NONE`", lambda text: _forged(text, alg="NONE"), "RFC 8725, section 2.1"),
    _case("without_end", "without `exp`, so that it is never over", _without_end, "RFC 8725, section 3.10", after_s=3600),
    _case("guessed_key", "signed with a key that stands in many examples", lambda text: _forged(text, _GUESSED), "CWE-798"),
    _case(
        "other_algorithm",
        "signed with another algorithm than the site's",
        lambda text: _forged(text, _GUESSED, "sha512", alg="HS512"),
        "CVE-2024-33663",
    ),
    _case(
        "public_key_as_secret",
        "signed with the site's public key, as if that were a shared secret",
        _by_public_key,
        "CVE-2024-33663",
        of="{access} {public_key}",
    ),
    _case(
        "key_in_the_header",
        "signed with a key that it brings along",
        lambda text: _forged(text, _BROUGHT, jwk={"kty": "oct", "k": _written(_BROUGHT)}),
        "CVE-2018-0114",
    ),
    _case(
        "unknown_crit",
        "with a critical header that nobody here knows",
        lambda text: _forged(text, _GUESSED, crit=["exp2"], exp2=1),
        "CVE-2026-32597",
        "GHSA-75c5-xw7c-p5pm",
    ),
    _case(
        "packed",
        "that says that it is packed",
        lambda text: _forged(text, _GUESSED, zip="DEF"),
        "CVE-2024-33664",
    ),
)
