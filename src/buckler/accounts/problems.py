"""What can be wrong with what a person, or a program, presents. One code for page, API, event and documentation."""

from __future__ import annotations

from typing import NamedTuple

from buckler.errors import VerificationError


class Problem(NamedTuple):
    """`code` is stable and names the translation; `title` says what is wrong, `fix` what to do, both in plain English.

    A module keeps its problems as constants beside the code that finds them: TOO_SHORT = Problem("account.password_short", 422, …).
    `{names}` in the texts are filled from the error's values.
    """

    code: str
    status: int
    title: str
    fix: str


class AccountError(VerificationError):
    """What was presented is not valid. `field` is the form field it is about; `retry_s` says when to try again; `values` fill the texts.

    It carries nothing that tells one account from another.
    """

    code = "verification.account"

    def __init__(self, problem: Problem, field: str = "", *, retry_s: float = 0.0, **values: str | int) -> None:
        self.problem, self.field, self.retry_s, self.values = problem, field, retry_s, values
        super().__init__(problem.code)

    @property
    def title(self) -> str:
        """What is wrong, in English."""
        return self.problem.title.format(**self.values)

    @property
    def fix(self) -> str:
        """What to do, in English."""
        return self.problem.fix.format(**self.values)
