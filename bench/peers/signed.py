"""What the rows of signed-in visitors share: where Redis is, and who signs in."""

from __future__ import annotations

import os

REDIS = os.environ.get("BENCH_REDIS", "redis://127.0.0.1:6379")
PERSON, SIGN_IN = "mira", "/sign-in"
BODY = b'{"hello":"mira"}'
