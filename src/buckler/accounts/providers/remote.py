"""What is known of a provider's server: its addresses and its keys, asked for when they are first needed, and again after an hour.

The document is believed only where it says the very issuer that was configured (RFC 8414, section 3.3; mix-up, RFC 9700, section 4.4),
and only addresses with https. A key that is not known is looked for once more, at most once a minute: a token that names keys at random
must not make this server flood that one.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from buckler.accounts.http import Answer, Http, wrong_with
from buckler.errors import RemoteError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from buckler.core.clock import Clock

T = TypeVar("T")
WELL_KNOWN = "/.well-known/openid-configuration"  # OpenID Connect Discovery 1.0, section 4
# What an ID token may be signed with, of what the provider announces. Deliberately no HS256: a secret that both sides have proves little,
# and where a public key is taken for one, everybody has it.
ALGORITHMS = ("ES256", "EdDSA", "Ed25519", "PS256", "RS256")
FRESH_S = 3_600.0
PAUSE_S = 60.0  # between two looks for an unknown key
FAILED_S = 10.0  # after a failure, during which nobody else waits for the same
MAX_BYTES = 65_536
MAX_KEYS = 100
JSON = ("application/json",)
_JWKS = (*JSON, "application/jwk-set+json")


class Metadata(NamedTuple):
    """Of the discovery document: addresses (`userinfo` may be ""), algorithms that both sides know, whether answers carry `iss`."""

    authorization: str
    token: str
    jwks: str
    userinfo: str
    algorithms: tuple[str, ...]
    sends_iss: bool


class _Kept(Generic[T]):
    """One answer, asked for by one visitor at a time; the others wait for the same, and fail at once when it has just failed."""

    def __init__(self, ask: Callable[[], Awaitable[T]]) -> None:
        self._ask, self._lock = ask, asyncio.Lock()
        self._value: T | None = None
        self._at_s = self._failed_s = float("-inf")
        self._failure = ""

    async def get(self, clock: Clock, *, within_s: float = FRESH_S) -> T:
        async with self._lock:
            now_s = clock.monotonic()
            if self._value is not None and now_s - self._at_s < within_s:
                return self._value
            if now_s - self._failed_s < FAILED_S:
                raise RemoteError(self._failure)
            try:
                self._value = value = await self._ask()
            except RemoteError as error:
                self._failed_s, self._failure = now_s, str(error)
                raise
            self._at_s = now_s
            return value


class Remote:
    """The server of the provider with this `issuer`. Every method raises `RemoteError`."""

    def __init__(self, issuer: str, *, timeout_s: float, tls: ssl.SSLContext | None, insecure_http_on_loopback: bool) -> None:
        # Connections of its own, so that a slow provider holds up nobody who comes from another one.
        self._http = Http(tls=tls, insecure_http_on_loopback=insecure_http_on_loopback)
        self._timeout_s = timeout_s
        self._issuer, self._loopback = issuer, insecure_http_on_loopback
        self._metadata = _Kept(self._ask_metadata)
        self._keys = _Kept(self._ask_keys)
        self._jwks = ""

    async def metadata(self, clock: Clock) -> Metadata:
        """Return what the provider says of itself."""
        return await self._metadata.get(clock)

    async def keys(self, clock: Clock, *, anew: bool = False) -> Sequence[dict[str, Any]]:
        """Return its keys as they came; with `anew`, such as are at most a minute old."""
        self._jwks = (await self.metadata(clock)).jwks
        return await self._keys.get(clock, within_s=PAUSE_S if anew else FRESH_S)

    async def ask(self, url: str, *, form: Mapping[str, str] | None = None, **headers: str) -> Answer:
        """Ask one of its addresses; whatever status came is an answer."""
        named = {"accept": "application/json", **headers}
        return await self._http.ask(url, form=form, timeout_s=self._timeout_s, max_bytes=MAX_BYTES, headers=named)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _ask_metadata(self) -> Metadata:
        answer = await self.ask(self._issuer.rstrip("/") + WELL_KNOWN)
        said = document(answer, "the discovery document")
        if said.get("issuer") != self._issuer:
            raise RemoteError("the discovery document names another issuer than Provider.issuer")
        algorithms = tuple(name for name in ALGORITHMS if name in _texts(said, "id_token_signing_alg_values_supported"))
        if not algorithms:
            raise RemoteError(f"the provider signs with none of {', '.join(ALGORITHMS)}")
        if "code" not in _texts(said, "response_types_supported"):
            raise RemoteError("the provider does not know the authorization code flow")
        return Metadata(
            self._address(said, "authorization_endpoint"),
            self._address(said, "token_endpoint"),
            self._address(said, "jwks_uri"),
            self._address(said, "userinfo_endpoint") if "userinfo_endpoint" in said else "",
            algorithms,
            said.get("authorization_response_iss_parameter_supported") is True,
        )

    def _address(self, said: dict[str, Any], name: str) -> str:
        url = said.get(name)
        if not isinstance(url, str) or wrong_with(url, insecure_http_on_loopback=self._loopback):
            raise RemoteError(f"the discovery document has no good {name}")
        return url

    async def _ask_keys(self) -> Sequence[dict[str, Any]]:
        answer = await self.ask(self._jwks)
        keys = document(answer, "the set of keys", _JWKS).get("keys")
        if not isinstance(keys, list) or len(keys) > MAX_KEYS:
            raise RemoteError(f"the set of keys is no list of at most {MAX_KEYS}")
        return [key for key in keys if isinstance(key, dict)]


def document(answer: Answer, what: str, kinds: Sequence[str] = JSON) -> dict[str, Any]:
    """Return the JSON object of a 200. Raises `RemoteError`, which names it as `what`."""
    if answer.status != 200:
        raise RemoteError(f"{what} came with status {answer.status}")
    if answer.kind not in kinds:
        raise RemoteError(f"{what} is not {kinds[0]}")
    found = parsed(answer.body)
    if found is None:
        raise RemoteError(f"{what} is no JSON object")
    return found


def parsed(raw: bytes) -> dict[str, Any] | None:
    """Return the JSON object, or None for anything else."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):  # fifty thousand open brackets are the latter
        return None
    return found if isinstance(found, dict) else None


def _texts(said: dict[str, Any], name: str) -> list[str]:
    listed = said.get(name)
    return [item for item in listed if isinstance(item, str)] if isinstance(listed, list) else []
