"""What FastAPI routes say about themselves: their session, their nonce, their limits, their exemptions, their importance."""

from buckler.frameworks.fastapi.cached import Kept, KeptDep, cached
from buckler.frameworks.fastapi.depends import SessionDep, SessionsDep, csrf_exempt, csrf_token, nonce, session, sessions
from buckler.frameworks.fastapi.limits import limited
from buckler.frameworks.fastapi.policy import policy
from buckler.protections.overload import sign_in, vital
from buckler.protections.sessions import Session

__all__ = [
    "Kept",
    "KeptDep",
    "Session",
    "SessionDep",
    "SessionsDep",
    "cached",
    "csrf_exempt",
    "csrf_token",
    "limited",
    "nonce",
    "policy",
    "session",
    "sessions",
    "sign_in",
    "vital",
]
