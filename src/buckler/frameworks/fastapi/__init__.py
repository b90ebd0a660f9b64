"""What FastAPI routes say about themselves: their session, their nonce, their limits, their exemptions."""

from buckler.frameworks.fastapi.depends import Session, SessionDep, csrf_exempt, csrf_token, nonce, session, sessions
from buckler.frameworks.fastapi.limits import limited

__all__ = ["Session", "SessionDep", "csrf_exempt", "csrf_token", "limited", "nonce", "session", "sessions"]
