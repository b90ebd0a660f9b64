"""Pages from templates: what every page knows, and how a time is said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from buckler.frameworks.templates import Templates
from examples.conduit import fields, models
from examples.conduit.site.addresses import segment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from fastapi import Request, Response
    from jinja2 import Environment

    from examples.conduit.models import User
    from examples.conduit.site.statics import Statics

FOLDER = Path(__file__).parent.parent / "templates"
PER_PAGE = 10
_NEAR = 1  # pages shown on either side of the current one

# What inputs say to the browser; the schemas say it to everybody.
LIMITS = {
    "username": models.MAX_USERNAME,
    "url": models.MAX_URL,
    "title": models.MAX_TITLE,
    "description": models.MAX_DESCRIPTION,
    "body": fields.MAX_BODY,
    "bio": fields.MAX_BIO,
    "comment": fields.MAX_COMMENT,
}
_NAMES = {"tagList": "tags", "csrf_token": "form"}


@dataclass(frozen=True, slots=True)
class Pages:
    """`base`: the address of the list, without its page. `shown`: page numbers, None where some are left out."""

    base: str
    current: int
    count: int

    @classmethod
    def of(cls, base: str, current: int, total: int) -> Pages:
        """Return the pages of a list of `total` articles."""
        return cls(base, current, -(-total // PER_PAGE))

    @property
    def shown(self) -> Sequence[int | None]:
        """The first, the last, and those near the current one."""
        wanted = {1, self.count, *range(self.current - _NEAR, self.current + _NEAR + 1)}
        numbers = sorted(number for number in wanted if 1 <= number <= self.count)
        shown: list[int | None] = []
        for number in numbers:
            before = shown[-1] if shown else number - 1
            if before is not None and number - before == 2:
                shown.append(number - 1)  # a gap of one page is shown as that page
            elif before is not None and number - before > 2:
                shown.append(None)
            shown.append(number)
        return shown

    def href(self, number: int) -> str:
        """Return the address of a page."""
        return f"{self.base}{'&' if '?' in self.base else '?'}page={number}"


def problem_lines(errors: Mapping[str, Sequence[str]]) -> list[str]:
    """Return what is wrong, one sentence each."""
    return [f"{_NAMES.get(field, field)} {message}" for field, messages in errors.items() for message in messages]


def dress(environment: Environment, statics: Statics) -> None:
    """Give templates what all of them use: our own, and those of account pages, which stand in our frame."""
    environment.globals.update(asset=statics.url, limits=LIMITS)
    environment.filters.update(segment=segment, day=day, machine_time=machine_time, problem_lines=problem_lines)


class Renderer:
    """`app.state.renderer`."""

    def __init__(self, statics: Statics) -> None:
        self._templates = Templates(FOLDER)
        dress(self._templates.environment, statics)

    def page(self, request: Request, template: str, *, status: int = 200, viewer: User | None = None, **context: Any) -> Response:
        """Return a page."""
        common: dict[str, Any] = {"path": request.url.path, "viewer": viewer, "problems": None}
        return self._templates.page(request, template, status, **{**common, **context})


def renderer_of(request: Request) -> Renderer:
    """Return the renderer of the application that serves `request`."""
    renderer: Renderer = request.app.state.renderer
    return renderer


def day(time: datetime) -> str:
    """Return a date as people write it. By hand: `strftime` knows no day without a leading zero on every platform."""
    return f"{time:%B} {time.day}, {time.year}"


def machine_time(time: datetime) -> str:
    """Return a time as `<time datetime>` wants it."""
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")
