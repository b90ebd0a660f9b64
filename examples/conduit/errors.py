"""What can be wrong with a request, in Conduit's own words. API and site say it each in their way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_NAME = 60  # of a field that a caller made up and that the answer repeats

_WORDS = {
    "missing": "can't be blank",
    "blank": "can't be blank",
    "extra_forbidden": "is not a known field",
    "string_type": "must be text",
    "string_unicode": "must be valid Unicode",
    "list_type": "must be a list",
    "too_long": "has too many entries",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "is too large",
    "json_invalid": "must be valid JSON",
    "model_attributes_type": "must be an object",
    "model_type": "must be an object",
    "dict_type": "must be an object",
}


class ConduitError(Exception):
    """`status` as HTTP knows it, `field` is what is wrong, `message` what is wrong with it."""

    def __init__(self, status: int, field: str, message: str) -> None:
        self.status, self.field, self.message = status, field, message
        super().__init__(f"{field} {message}")

    @property
    def errors(self) -> dict[str, list[str]]:
        """As the API's answers and the site's lists carry it."""
        return {self.field: [self.message]}


def not_found(what: str) -> ConduitError:
    """Return the error for an article, comment or profile that does not exist."""
    return ConduitError(404, what, "not found")


def forbidden(what: str) -> ConduitError:
    """Return the error for what belongs to somebody else."""
    return ConduitError(403, what, "forbidden")


def taken(field: str) -> ConduitError:
    """Return the error for a username or e-mail address that somebody has."""
    return ConduitError(409, field, "has already been taken")


MET = (409, "request", "met another one; look again and repeat it")
TOO_BUSY = (503, "service", "is busy; try again in a few seconds")


def errors_of(problems: Sequence[Any]) -> dict[str, list[str]]:
    """Return pydantic's errors as {field: [what is wrong with it]}."""
    found: dict[str, list[str]] = {}
    for problem in problems:
        words = _words(problem)
        messages = found.setdefault(_field(problem["loc"]), [])
        if words not in messages:
            messages.append(words)
    return found


def _field(location: Sequence[object]) -> str:
    """The last name on the way to the value. A caller chose it when the field is unknown, so it is cut and made printable."""
    names = [part for part in location if isinstance(part, str)]
    name = names[-1] if names else "body"
    return name[:MAX_NAME].encode("utf-8", "replace").decode()


def _words(problem: Any) -> str:
    kind, context = problem["type"], problem.get("ctx") or {}
    if kind == "string_too_long":
        return f"is too long (maximum is {context['max_length']} characters)"
    if kind == "string_too_short":
        return f"is too short (minimum is {context['min_length']} characters)"
    if kind == "greater_than_equal":
        return f"must be at least {context['ge']}"
    if kind == "less_than_equal":
        return f"must be at most {context['le']}"
    if kind == "conduit":
        return str(problem["msg"])
    return _WORDS.get(kind, "is invalid")
