"""XFetch: each reader may refresh a little before the time is over, the likelier the nearer it is and the longer making takes.

So a busy key never runs out for everybody at once, and nobody has to wait: no lock, no timer, no message. From "Optimal Probabilistic
Cache Stampede Prevention" (Vattani, Chierichetti, Lowenstein; VLDB 2015), where `beta` = 1 is shown to be the best for most.
"""

from __future__ import annotations

import math
import random

_FURTHEST = 36.8  # -ln of the smallest number over zero that `random` makes, 2^-53: earlier than that is never


def is_due(left_s: float, made_in_s: float, beta: float) -> bool:
    """Whether to refresh now what is fresh for `left_s` more seconds and took `made_in_s` to make. Costs 0.1 µs long before its end."""
    reach_s = made_in_s * beta
    if left_s >= reach_s * _FURTHEST:
        return False
    return -math.log(1.0 - random.random()) * reach_s >= left_s  # noqa: S311  # a spread, no secret; 1 - x is never zero
