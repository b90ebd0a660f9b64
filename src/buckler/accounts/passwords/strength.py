"""How hard a password is to guess: the door to zxcvbn, which knows words, names, dates, keyboards and repetitions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from zxcvbn_rs_py import zxcvbn

if TYPE_CHECKING:
    from collections.abc import Iterable

# zxcvbn's work grows with the square of the length, and with the product of all readings of digits and signs that stand for letters:
# 32 characters of its own substitutes take 70 ms, 100 take 800 ms, and the event loop waits for them. So it sees the first 40, and no
# more than 6 kinds of substitute: 2 ms at the most. What it does not see could only make the password stronger.
_READS_CHARS = 40
_SUBSTITUTES = frozenset("4@8({[<369&#!1/|0$5+7%2")
_MAX_SUBSTITUTES = 6
_NEUTRAL = "~"
_WORD = re.compile(r"(?<!^)(?=[A-Z])")


class Strength(NamedTuple):
    """`score`: 0 to 4, as zxcvbn's (under 10³, 10⁶, 10⁸, 10¹⁰ guesses, and more).

    `warning` and `suggestions` are its advice as codes for the texts of a language, as in `add_another_word_or_two`; "" and () where
    it has none.
    """

    score: int
    warning: str
    suggestions: tuple[str, ...]


def strength(password: str, own: Iterable[str] = ()) -> Strength:
    """Return how strong `password` is for somebody of whom everybody knows the words `own`."""
    try:
        found = zxcvbn(_readable(password), [word[:_READS_CHARS] for word in own])
    except UnicodeEncodeError:  # half a character: nothing that could be kept
        return Strength(0, "", ())
    warning = _code(found.feedback.warning) if found.feedback and found.feedback.warning else ""
    return Strength(int(found.score), warning, tuple(map(_code, found.feedback.suggestions)) if found.feedback else ())


def _readable(password: str) -> str:
    """Return as much of the password as can be judged in the time."""
    kept: set[str] = set()
    made = []
    for char in password[:_READS_CHARS]:
        if char in _SUBSTITUTES and char not in kept:
            if len(kept) == _MAX_SUBSTITUTES:
                made.append(_NEUTRAL)
                continue
            kept.add(char)
        made.append(char)
    return "".join(made)


def _code(advice: object) -> str:
    """`Warning.ThisIsACommonPassword` → `this_is_a_common_password`."""
    return _WORD.sub("_", repr(advice).partition(".")[2]).lower()
