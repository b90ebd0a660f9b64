"""Floor 1: one folder a protection: options and steps in `__init__.py`, the attacks it stops in `cases.py`.

To add one: its folder, one line in `DEFAULTS` with the reason for its place, its test. Everything else follows.
"""

from __future__ import annotations

from buckler.protections.bans import Bans
from buckler.protections.bodylimit import BodyLimit
from buckler.protections.cache import Cache
from buckler.protections.cookies import Cookies
from buckler.protections.cors import CORS
from buckler.protections.csp import CSP
from buckler.protections.csrf import CSRF
from buckler.protections.deadline import Deadline
from buckler.protections.fingerprint import Fingerprint
from buckler.protections.forwarded import Forwarded
from buckler.protections.framing import Framing
from buckler.protections.hosts import Hosts
from buckler.protections.hsts import HSTS
from buckler.protections.https import HTTPS
from buckler.protections.isolation import Isolation
from buckler.protections.nosniff import NoSniff
from buckler.protections.overload import Overload
from buckler.protections.pathguard import PathGuard
from buckler.protections.permissions import Permissions
from buckler.protections.ratelimit import RateLimit
from buckler.protections.referrer import Referrer
from buckler.protections.sessions import Sessions
from buckler.protections.smuggling import Smuggling

__all__ = [
    "CORS",
    "CSP",
    "CSRF",
    "DEFAULTS",
    "HSTS",
    "HTTPS",
    "Bans",
    "BodyLimit",
    "Cache",
    "Cookies",
    "Deadline",
    "Fingerprint",
    "Forwarded",
    "Framing",
    "Hosts",
    "Isolation",
    "NoSniff",
    "Overload",
    "PathGuard",
    "Permissions",
    "RateLimit",
    "Referrer",
    "Sessions",
    "Smuggling",
]

# In the order in which checks run: cheapest and most decisive first.
DEFAULTS = (
    Hosts,  # first: without a believable host no later answer (redirect, origin, cookie) can be right
    Forwarded,  # then who asks, and how: every limit and log line depends on it
    HTTPS,  # one comparison; needs the host that was asked for, and the scheme that a trusted proxy told
    PathGuard,  # one look into a dictionary; nobody behind it has to think about strange paths
    RateLimit,  # as soon as it is known who asks; before everything that costs more
    Overload,  # when a single client's flood has been turned away; before anything that costs more, and before the store
    Smuggling,  # before anybody trusts a length
    CORS,  # answers preflights, so that they cost nothing more
    BodyLimit,  # before anything that could read a body
    Deadline,  # numbers for the guard; no check of its own
    Cookies,  # dresses what the application set, before `sessions` adds a cookie that needs no dressing
    Sessions,  # finds who is signed in; before everything that asks that
    Bans,  # one look-up; after `sessions`, because whoever is signed in and did nothing passes while their network is banned
    Cache,  # makes private what the application has made for one person, when `sessions` has said whose it is
    CSRF,  # after the request is known to be well-formed
    CSP,  # takes browsers' reports, once they are known to be harmless; and dresses pages that asked for a nonce
    Fingerprint,  # dresses only heads that tell too much
    HSTS,  # from here on constant headers only, in the order in which a reader of the response looks for them
    NoSniff,  # a constant header
    Framing,  # a constant header
    Referrer,  # a constant header
    Isolation,  # three constant headers
    Permissions,  # the longest constant header
)
