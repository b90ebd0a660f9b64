"""Floor 2: the one pass. `plan` runs once at startup, `run` for every request."""

from buckler.guard.plan import off
from buckler.guard.run import Guard

__all__ = ["Guard", "off"]
