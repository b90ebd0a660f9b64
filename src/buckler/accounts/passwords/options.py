"""What an application may choose about passwords, and why each default is what it is."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from buckler.accounts.passwords import large
from buckler.accounts.passwords.profiles import CHEAPEST_FOR_TESTS, RFC9106_LOW_MEMORY, Profile
from buckler.core.options import need, need_positive, options

if TYPE_CHECKING:
    from buckler.accounts.passwords.breached import PwnedRange

_MAX_WORKERS = 64
_LEAST_MIN_CHARS = 8  # ASVS 5.0 V6.2.1; NIST SP 800-63B-4 section 3.1.1.2 for passwords beside a second factor
_LEAST_MAX_CHARS = 64  # ASVS 5.0 V6.2.9, NIST as above
_MOST_MAX_CHARS = 4096
_SCORES = (0, 1, 2, 3, 4)


@options
class Passwords:
    """How passwords are hashed, and which ones are taken.

    - `profile`: the work of one hash; `buckler calibrate` finds one for a machine.
    - `workers`: how many processes hash at once; together they need as many times the profile's memory. `wait_s`: how long a request waits
      for one of them before it is told to come again (503).
    - `min_chars`, `max_chars`: counted in code points. NIST asks for `min_chars=15` where the password is the only factor.
    - `min_strength`: the least score of the meter, 0 to 4; 0 takes every score.
    - `large_list`: refuse the 4.2 million known passwords of the extra `accounts-lists` as well, which have 10 characters and more.
    - `breached`: `PwnedRange()` asks a server that knows breached passwords, without telling it the password.
    - `flask_security_salt`: the SECURITY_PASSWORD_SALT of Flask-Security, for hashes kept as `flask-security$` + its hash.
    - `insecure_allow_common`: take passwords that every guesser tries first.
    """

    profile: Profile = RFC9106_LOW_MEMORY  # what RFC 9106 recommends where a hash cannot have 2 GiB to itself
    workers: int = 2  # 128 MiB at most with this profile; more than there are cores only makes each of them slower
    wait_s: float = 3.0  # a person still waits; a flood holds no connection longer than this
    min_chars: int = _LEAST_MIN_CHARS
    max_chars: int = 1024  # no passphrase of a person is longer, and the work of reading it stays under that of the hash
    min_strength: int = 2  # under 10⁶ guesses (score 0 and 1) a password falls to a patient guesser who respects every limit
    large_list: bool = False  # 52 MB on the disk
    breached: PwnedRange | None = None  # asks somebody else's server, so it is for the application to decide
    flask_security_salt: str = field(default="", repr=False)
    insecure_allow_common: bool = False

    def __post_init__(self) -> None:
        """Raise `ConfigError` for what cannot work or would not be safe."""
        good = isinstance(self.profile, Profile) and (self.profile.is_enough or self.profile == CHEAPEST_FOR_TESTS)
        need(good, "Passwords.profile", self.profile, "is under OWASP's minimum; take OWASP_2025 or what `buckler calibrate` says")
        need_positive(self, wait_s=self.wait_s, workers=self.workers)
        good = isinstance(self.workers, int) and self.workers <= _MAX_WORKERS
        need(good, "Passwords.workers", self.workers, f"give a whole number up to {_MAX_WORKERS}; each is a process that computes")
        good = self.min_chars >= _LEAST_MIN_CHARS
        need(good, "Passwords.min_chars", self.min_chars, f"give at least {_LEAST_MIN_CHARS} (ASVS 5.0 V6.2.1)")
        good = max(self.min_chars, _LEAST_MAX_CHARS) <= self.max_chars <= _MOST_MAX_CHARS
        need(good, "Passwords.max_chars", self.max_chars, f"give {_LEAST_MAX_CHARS} to {_MOST_MAX_CHARS} (ASVS 5.0 V6.2.9)")
        need(self.min_strength in _SCORES, "Passwords.min_strength", self.min_strength, "give a score from 0 to 4")
        if self.large_list:
            large.opened()
