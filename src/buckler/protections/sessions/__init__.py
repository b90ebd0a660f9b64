"""`sessions`: who is signed in is known to the server alone.

Stops:
    Session fixation, guessing and forging of sessions, sessions that live for ever, sessions that outlive their sign-out, a
    stolen cookie after everything was revoked, private pages from a shared cache.

How:
    The cookie `__Host-session` carries 256 random bits and nothing else; the store keeps only their SHA-256, beside JSON values.
    An id that the store does not know is never adopted, and sign-in, sign-out and every change of privilege make a new one. A
    signed-in visitor's cookie begins with a selector, a keyed proof of the person, so that one round trip asks both "is it
    alive?" and "was everything of this person revoked?". Idle and absolute timeouts are kept by the server. A response that may
    depend on the session carries `Vary: Cookie` and `Cache-Control: no-store`.

Does not stop:
    A stolen cookie before it is revoked, and scripts that run on this site's own origin: they act with the session, though they
    cannot read it. The clocks of several machines must agree to within the time in which a revocation must work.

Turn off when:
    Nobody signs in here, or another component holds the sessions.

Sources:
    ASVS 5.0 V7.2.1-V7.2.4, V7.3.1, V7.3.2, V7.4.1-V7.4.5, V3.3.1-V3.3.4; OWASP Session Management Cheat Sheet; NIST SP 800-63B-4
    section 5.2; CWE-384, CWE-613, CWE-614, CWE-524; CVE-2023-30861, CVE-2026-27205, CVE-2026-35192, CVE-2026-25748,
    CVE-2023-23934.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from buckler.core.answer import refusal
from buckler.core.cookies import SESSION, cookie
from buckler.core.headers import add_vary, first
from buckler.core.options import need, need_one_of, need_positive, options
from buckler.core.protection import Card, Steps, Wait
from buckler.protections.sessions.cases import CASES
from buckler.protections.sessions.record import MAX_VALUES_BYTES
from buckler.protections.sessions.registry import Registry
from buckler.protections.sessions.session import Session

if TYPE_CHECKING:
    from buckler.core.protection import Head
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.core.store import Op, Reply

__all__ = ["COOKIE", "Session", "Sessions"]

COOKIE = SESSION
NOT_SAVED = refusal(500, "sessions.not_saved", "The application could not answer.", "Try again later; the error has been recorded.")

_NAME = COOKIE.encode()
_ATTRIBUTES = "; Path=/; Secure; HttpOnly; SameSite=Lax"
_IDLE_S = 30 * 60.0  # the upper end of OWASP's 15-30 minutes for ordinary applications; NIST SP 800-63B-4 AAL2: 1 hour at most
_ABSOLUTE_S = 8 * 3600.0  # the upper end of OWASP's 4-8 hours; NIST SP 800-63B-4 AAL2: 24 hours at most


@options
class Sessions:
    """`idle_s`: seconds without a request after which a session ends. `absolute_s`: seconds after which it ends in any case.

    `max_bytes`: of the values of one session, as JSON. `on_store_failure`: "refuse" answers 503 to a visitor with a session cookie
    when the store is down; "allow" serves them as somebody anonymous. In report-only mode it is "allow"; nothing else is refused.
    """

    card: ClassVar[Card] = Card("sessions", (NOT_SAVED,))
    cases: ClassVar = CASES
    idle_s: float = _IDLE_S
    absolute_s: float = _ABSOLUTE_S
    max_bytes: int = MAX_VALUES_BYTES
    on_store_failure: str = "refuse"  # who cannot be looked up must not be guessed
    report_only: bool = False

    def __post_init__(self) -> None:
        need_positive(self, idle_s=self.idle_s, absolute_s=self.absolute_s, max_bytes=self.max_bytes)
        need(self.idle_s <= self.absolute_s, "Sessions.idle_s", self.idle_s, f"give at most absolute_s, which is {self.absolute_s:g}")
        need_one_of(self, "on_store_failure", self.on_store_failure, ("refuse", "allow"))

    def steps(self, site: Site) -> Steps:
        """Return the look-up of presented sessions, and the saving of changed ones. Offers a `Registry` to framework adapters."""
        registry = Registry(site, idle_s=self.idle_s, absolute_s=self.absolute_s, max_bytes=self.max_bytes)
        site.offers["sessions"] = registry
        failure = "allow" if self.report_only else self.on_store_failure
        return Steps(check=_check, wait=_wait(registry, failure), dress=_dress, settle=_settle)


def _check(request: Request) -> None:
    header = request.headers.get(b"cookie")
    if header is not None and _NAME in header:
        request.waits = True


def _wait(registry: Registry, on_failure: str) -> Wait:
    def presented(request: Request) -> bytes:
        return cookie(request.headers.get(b"cookie", b""), _NAME) or b""

    def ask(request: Request) -> list[Op] | None:
        return registry.ask(presented(request))  # a malformed cookie is an anonymous visitor (CVE-2026-25748)

    def judge(request: Request, replies: list[Reply]) -> None:
        session = request.session = registry.find(presented(request), replies)
        if session is not None and session.is_due and request.kind == "http":
            session.used = request.touched = True

    return Wait(ask, judge, on_failure)


def _dress(request: Request, head: Head) -> None:
    session = request.session
    if not isinstance(session, Session) or not session.used:
        return
    add_vary(head.headers, b"cookie")
    try:
        value = session.close()
    except (TypeError, ValueError):  # too large, or a list in it has got a value that JSON cannot say
        request.refusal = NOT_SAVED
        return
    if value is not None:
        head.headers[:] = [item for item in head.headers if item[0] != b"cache-control"]  # a response with a session is nobody else's
        text = f"{COOKIE}={value}{_ATTRIBUTES}" + ("" if value else "; Max-Age=0")
        head.headers.append((b"set-cookie", text.encode()))
    if first(head.headers, b"cache-control") is None:
        head.headers.append((b"cache-control", b"no-store"))


def _settle(request: Request) -> list[Op] | None:
    session = request.session
    return session.ops() if isinstance(session, Session) else None
