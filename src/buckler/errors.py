"""The whole exception tree, sorted by who must act.

`ConfigError` is for the developer and is raised at startup only. `VerificationError` is for the caller: what was presented is not
valid. `BackendError` is for the operator: a store or another backend failed. A refused request is never an exception: it is a
`Refusal`, a value.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class BucklerError(Exception):
    """Everything that Buckler raises on purpose. `code` is stable and is the anchor of its documentation."""

    code: ClassVar[str] = "error"


class ConfigError(BucklerError):
    """An option that cannot work. Raised at startup; the message names the option, the value and the fix."""

    code = "config"

    def __init__(self, option: str, value: object, fix: str) -> None:
        self.option, self.value, self.fix = option, value, fix
        super().__init__(f"{option} = {value!r}: {fix}")


class UnknownOptionError(ConfigError):
    """An option that does not exist; the fix names the nearest one that does."""

    code = "config.unknown_option"

    def __init__(self, owner: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        close = get_close_matches(name, names, n=1)
        hint = f"did you mean `{close[0]}`?" if close else f"the options are {', '.join(names) or 'none'}"
        super().__init__(f"{owner}.{name}", "…", f"there is no such option; {hint}")


class MissingExtraError(ConfigError):
    """A feature whose libraries are not installed; the fix is the command that installs them."""

    code = "config.missing_extra"

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(feature, "not installed", f'run `pip install "buckler[{extra}]"`')


class VerificationError(BucklerError):
    """What a caller presented is not valid. Says no more, so that it tells an attacker nothing."""

    code = "verification"


class BackendError(BucklerError):
    """A backend of the application failed: the operator must act."""

    code = "backend"


class StoreError(BackendError):
    """A store did not answer, or answered what it must not."""

    code = "backend.store"


class BusyError(BackendError):
    """More wait for the same piece of work than may, or it has not ended in the time that they can wait."""

    code = "backend.busy"


class RemoteError(BackendError):
    """Another server that Buckler asked did not answer, or answered what it must not."""

    code = "backend.remote"
