"""Buckler: a Python web application that is fast and secure, and both proved with numbers."""

from buckler.guard import Guard, off
from buckler.guard.data import Data
from buckler.protections import (
    CORS,
    CSP,
    CSRF,
    HSTS,
    HTTPS,
    Bans,
    BodyLimit,
    Cache,
    Cookies,
    Deadline,
    Fingerprint,
    Forwarded,
    Framing,
    Hosts,
    Isolation,
    NoSniff,
    Overload,
    PathGuard,
    Permissions,
    RateLimit,
    Referrer,
    Sessions,
    Smuggling,
)
from buckler.protections.csp.sources import NONCE, NONE, SELF, STRICT_DYNAMIC
from buckler.stores.memory import Memory
from buckler.stores.sqlite import SQLite

__all__ = [
    "CORS",
    "CSP",
    "CSRF",
    "HSTS",
    "HTTPS",
    "NONCE",
    "NONE",
    "SELF",
    "STRICT_DYNAMIC",
    "Bans",
    "BodyLimit",
    "Cache",
    "Cookies",
    "Data",
    "Deadline",
    "Fingerprint",
    "Forwarded",
    "Framing",
    "Guard",
    "Hosts",
    "Isolation",
    "Memory",
    "NoSniff",
    "Overload",
    "PathGuard",
    "Permissions",
    "RateLimit",
    "Referrer",
    "SQLite",
    "Sessions",
    "Smuggling",
    "off",
]
__version__ = "0.1.0"
