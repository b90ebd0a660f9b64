"""What `sessions` stops."""
from __future__ import annotations

from buckler.core.case import Case

CASES: tuple[Case, ...] = ()
