"""To the provider and back: the authorization code flow with PKCE (RFC 6749, RFC 7636, RFC 9700; OpenID Connect Core 1.0, section 3.1).

What belongs to one attempt is kept in the visitor's session, under a random `state`: the attempt of one browser cannot be ended in
another (login CSRF). Five may run at once, in five tabs; each ends once, after ten minutes by itself. The address to come back to is made
of the site's own origin and the provider's name, so that an answer of one provider cannot be handed in as another's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import quote_plus, urlencode

from buckler.accounts.addresses import address
from buckler.accounts.problems import AccountError, Problem
from buckler.accounts.providers import id_token
from buckler.accounts.providers.claimed import Claimed, Why
from buckler.accounts.providers.provider import BASIC, POST
from buckler.accounts.providers.remote import FAILED_S, document, parsed
from buckler.accounts.tables import MAX_NAME
from buckler.core.event import printable
from buckler.core.own_path import own_path
from buckler.core.sign import fingerprint
from buckler.core.store import Add, key
from buckler.errors import RemoteError, VerificationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from buckler.accounts.providers.provider import Provider
    from buckler.accounts.providers.remote import Metadata
    from buckler.accounts.visit import Visit

UNKNOWN = Problem("account.provider_unknown", 404, "There is no such provider.", "Choose one of those on the page to sign in.")
UNREACHABLE = Problem(
    "account.provider_unreachable", 503, "Signing in with {provider} does not work now.", "Try again later, or sign in another way."
)
REFUSED = Problem("account.provider_refused", 400, "Signing in with {provider} failed.", "Try again, or sign in another way.")
DECLINED = Problem("account.provider_declined", 403, "Signing in with {provider} was cancelled.", "Try again, or sign in another way.")
GONE = Problem("account.provider_gone", 400, "This attempt to sign in is over, or began in another browser.", "Start again.")
SIGNED_OUT = Problem("account.provider_signed_out", 401, "You are signed out.", "Sign in, then connect the account again.")

FLOWS = "account.flows"
MAX_FLOWS = 5
LIVES_S = 600.0
_RANDOM_BYTES = 32
_MAX_CHARS = 4_096
_MAX_BACK = 500  # five of them must leave room in the session
_STATE_SPACE = "provider_state"
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, section 2.1


def named(visit: Visit, name: str) -> Provider:
    """Return the provider of this name. Raises `AccountError` 404."""
    provider = visit.accounts.provider(name)
    if provider is None:
        raise AccountError(UNKNOWN)
    return provider


async def begin(visit: Visit, provider: Provider, why: Why, back: str = "") -> str:
    """Return the address at the provider to which the visitor is to be sent. `back`: a path of this site; anything else is forgotten.

    Raises `AccountError`: 503 when the provider cannot be asked, 401 for `link` when nobody is signed in.
    """
    if why not in get_args(Why):
        raise ValueError(f"a visitor goes to a provider to {' or '.join(get_args(Why))}; never to be fresh")
    person = visit.session.person if why == "link" else None
    if why == "link" and person is None:
        raise AccountError(SIGNED_OUT)
    metadata = await _metadata(visit, provider)
    state, nonce, verifier = (secrets.token_urlsafe(_RANDOM_BYTES) for _ in range(3))
    flow = {
        "provider": provider.name,
        "state": state,
        "nonce": nonce,
        "verifier": verifier,
        "why": why,
        "back": own_path(back if len(back) <= _MAX_BACK else ""),
        "person": person,
        "until": visit.site.clock.now() + LIVES_S,
    }
    visit.session[FLOWS] = [*_running(visit), flow][-MAX_FLOWS:]
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri(visit, provider),
        "scope": " ".join(provider.scopes),
        "state": state,
        "nonce": nonce,
        "code_challenge": _unpadded(hashlib.sha256(verifier.encode()).digest()),
        "code_challenge_method": "S256",
    }
    if provider.max_age_s is not None:
        asked["max_age"] = str(provider.max_age_s)
    if provider.prompt:
        asked["prompt"] = provider.prompt
    joint = "&" if "?" in metadata.authorization else "?"
    return metadata.authorization + joint + urlencode(asked)


async def finish(visit: Visit, provider: Provider, query: Mapping[str, str]) -> Claimed:
    """Return what the provider says of the visitor, from the query with which it sent them back. Each attempt ends here, well or not.

    Raises `AccountError`: 400, 401, 403, 503. Why it failed is an event, `account.provider_failed`, and not the visitor's business.
    """
    flow = await _ended(visit, provider, query.get("state", ""))
    if flow["person"] is not None and flow["person"] != visit.session.person:
        raise AccountError(SIGNED_OUT)
    metadata = await _metadata(visit, provider)
    try:
        claims = await _claims(visit, provider, metadata, flow, _code(provider, metadata, query))
    except AccountError:
        raise
    except RemoteError as error:
        raise _failed(visit, provider, UNREACHABLE, error) from error
    except VerificationError as error:
        raise _failed(visit, provider, REFUSED, error) from None
    email = _email(claims)
    verified = email != "" and claims.get("email_verified") is True  # the text "true" is not True (GHSA-g38m-r43w-p2q7)
    return Claimed(provider.name, claims["sub"], email, verified, flow["why"], flow["back"], _name(claims))


def redirect_uri(visit: Visit, provider: Provider) -> str:
    """Return the address to come back to: the one that is registered at the provider."""
    return visit.link(f"{visit.accounts.paths.provider}/{provider.name}/back")


def _running(visit: Visit) -> list[dict[str, Any]]:
    now_s = visit.site.clock.now()
    return [flow for flow in visit.session.get(FLOWS, []) if flow["until"] > now_s]


async def _ended(visit: Visit, provider: Provider, state: str) -> dict[str, Any]:
    """Return the attempt with this state, and end it. Raises `AccountError` 400.

    The session forgets it; but two answers at once would each see it still, so the store decides which of them is the first.
    """
    running, presented = _running(visit), state.encode("utf-8", "surrogatepass")
    found = None
    for flow in running:  # all of them, always
        if hmac.compare_digest(flow["state"].encode(), presented) and flow["provider"] == provider.name:
            found = flow
    if found is None:
        raise AccountError(GONE)
    visit.session[FLOWS] = [flow for flow in running if flow is not found]
    first = await visit.site.store.batch([Add(key(_STATE_SPACE, fingerprint(presented)), b"", LIVES_S)])
    if first != [True]:
        raise AccountError(GONE)
    return found


def _code(provider: Provider, metadata: Metadata, query: Mapping[str, str]) -> str:
    """Return the code of an answer that came from this provider. Raises `AccountError`, VerificationError."""
    issuer = query.get("iss")
    if issuer != provider.issuer and (issuer is not None or metadata.sends_iss):
        raise VerificationError("the answer came from another issuer")  # RFC 9207, section 2.4
    if "error" in query:  # what it says is the provider's text, or anybody's: it is not shown
        if query["error"] == "access_denied":
            raise AccountError(DECLINED, provider=provider.label)
        raise VerificationError(f"the provider answered {query['error'][:_MAX_CHARS]!r}")
    code = query.get("code", "")
    if not 0 < len(code) <= _MAX_CHARS:
        raise VerificationError("the answer has no code")
    return code


async def _claims(visit: Visit, provider: Provider, metadata: Metadata, flow: dict[str, Any], code: str) -> dict[str, Any]:
    """Redeem the code; return the ID token's claims, with what the provider tells only when it is asked for it."""
    access, token = await _redeem(visit, provider, metadata, code, flow["verifier"])
    expected = id_token.Expected(metadata.algorithms, flow["nonce"], access)
    claims = await id_token.read(token, provider, expected, visit.site.clock)
    if "email" not in provider.scopes or "email" in claims or not metadata.userinfo:
        return claims
    answer = await provider.remote.ask(metadata.userinfo, authorization=f"Bearer {access}")
    told = document(answer, "what the provider tells of the person")
    if told.get("sub") != claims["sub"]:  # section 5.3.2: it could be of somebody else
        raise VerificationError("the provider told of another person")
    return told


async def _redeem(visit: Visit, provider: Provider, metadata: Metadata, code: str, verifier: str) -> tuple[str, str]:
    """Return access token and ID token for a code (RFC 6749, section 4.1.3)."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri(visit, provider),
        "code_verifier": verifier,
    }
    headers = {}
    if provider.token_auth == BASIC:
        pair = f"{quote_plus(provider.client_id)}:{quote_plus(provider.client_secret)}"  # RFC 6749, section 2.3.1
        headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        form["client_id"] = provider.client_id
    if provider.token_auth == POST:
        form["client_secret"] = provider.client_secret
    answer = await provider.remote.ask(metadata.token, form=form, **headers)
    if 400 <= answer.status < 500:
        said = parsed(answer.body) or {}
        raise VerificationError(f"the code was refused: {said.get('error')!r}")
    found = document(answer, "the answer with the tokens")
    kind, access, token = (found.get(name) for name in ("token_type", "access_token", "id_token"))
    if not isinstance(kind, str) or kind.lower() != "bearer" or not isinstance(token, str):
        raise VerificationError("the answer with the tokens lacks one")
    if not isinstance(access, str) or not _TOKEN.fullmatch(access):
        raise VerificationError("the access token could not be written into a header")
    return access, token


def _email(claims: dict[str, Any]) -> str:
    """Return the address as it is written here, or "": judged after normalising, and not before (GHSA-7rqj-j65f-68wh)."""
    try:
        return address(claims["email"]) if isinstance(claims.get("email"), str) else ""
    except AccountError:
        return ""


def _name(claims: dict[str, Any]) -> str:
    name = claims.get("name")
    return " ".join(name[:MAX_NAME].split()) if isinstance(name, str) and name.isprintable() else ""


async def _metadata(visit: Visit, provider: Provider) -> Metadata:
    try:
        return await provider.remote.metadata(visit.site.clock)
    except RemoteError as error:
        raise _failed(visit, provider, UNREACHABLE, error) from error


def _failed(visit: Visit, provider: Provider, problem: Problem, reason: Exception) -> AccountError:
    visit.record("provider_failed", detail=f"{provider.name}: {printable(str(reason))}")
    visit.tell()
    return AccountError(problem, retry_s=FAILED_S if problem is UNREACHABLE else 0.0, provider=provider.label)


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
