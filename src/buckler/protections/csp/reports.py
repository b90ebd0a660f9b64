"""Where browsers report what a policy blocked: answered by the guard itself, bounded in size and number, one Event each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from buckler.core.answer import Answer, Refusal, refusal
from buckler.core.event import Event, printable
from buckler.core.protection import Wait
from buckler.core.store import Take, gcra

if TYPE_CHECKING:
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.core.store import Reply

MAX_REPORT_BYTES = 16_384
_MAX_DIGITS = len(str(MAX_REPORT_BYTES))
_MAX_REPORTS = 20  # in one body of the Reporting API; browsers send them in batches
_KINDS = (b"application/csp-report", b"application/reports+json")
_TAKEN = Answer(204)

MALFORMED = refusal(400, "csp.malformed_report", "This is not a report.", "Send what browsers send: application/reports+json.")
TOO_MANY = refusal(429, "csp.too_many_reports", "Too many reports came in.", "Wait a minute.").with_headers((b"retry-after", b"60"))


def is_path(path: object) -> bool:
    """Whether reports can be taken at `path`: it stands in a policy and in a quoted string, and has no query."""
    return isinstance(path, str) and path.startswith("/") and path.isascii() and path.isprintable() and not set(path) & set(' ;,"?#\\')


class Collector:
    """Recognises reports that are posted to `path`, counts them, and reads them. Not shared between processes: the limit is a worker's."""

    def __init__(self, site: Site, path: str, per_minute: int) -> None:
        self._site, self._path = site, path
        self._quota, self._due_s = Take("csp", per_minute, 60.0), 0.0
        self.wait = Wait(lambda request: [] if self._is_report(request) else None, self._judge)

    def check_unsafe(self, request: Request) -> Refusal | None:
        """Refuse what is no report, or one too many; else have its body read."""
        if not self._is_report(request):
            return None
        headers = request.headers
        if not headers.get(b"content-type", b"").lower().startswith(_KINDS) or _is_over(headers.get(b"content-length", b"0")):
            return MALFORMED
        if not self._counts():
            return TOO_MANY
        request.waits, request.want_body_bytes = True, MAX_REPORT_BYTES
        return None

    def _counts(self) -> bool:
        """Whether one more violation may be told; it then counts."""
        self._due_s, taken = gcra(self._due_s, self._site.clock.monotonic(), self._quota)
        return taken.allowed

    def _is_report(self, request: Request) -> bool:
        return request.path == self._path and request.method == "POST"

    def _judge(self, request: Request, replies: list[Reply]) -> Answer:  # noqa: ARG002  # asks the store nothing
        found = _read(request.body or b"")
        for position, violation in enumerate(found or ()):
            if position and not self._counts():
                break  # the rest of a batch is lost: a few of many like it tell what is wrong
            self._site.events.append(Event("csp.violation", self._site.clock.now(), "report", client=request.client, **violation))
        return MALFORMED if found is None else _TAKEN


def _read(body: bytes) -> list[dict[str, str]] | None:
    """Return path and detail of each violation, from either form; None where it is neither."""
    if len(body) > MAX_REPORT_BYTES:
        return None
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        return None
    bodies = _bodies(sent)
    return None if bodies is None else [_told(item) for item in bodies]


def _bodies(sent: object) -> list[dict[str, Any]] | None:
    """One report is an object with `csp-report`; the Reporting API sends a list, with reports of other types in it."""
    if isinstance(sent, dict):
        found = [sent.get("csp-report")]
    elif isinstance(sent, list):
        found = [item.get("body") for item in sent[:_MAX_REPORTS] if isinstance(item, dict) and item.get("type") == "csp-violation"]
    else:
        return None
    whole = [item for item in found if isinstance(item, dict)]
    return whole if len(whole) == len(found) else None


def _told(report: dict[str, Any]) -> dict[str, str]:
    """The facts that help, each in at most 200 printable characters; without queries and fragments, which may carry what must not be
    logged. A violation of a policy that is only tried is told as such: nothing was blocked."""
    page = str(report.get("documentURL") or report.get("document-uri") or "")
    blocked = str(report.get("blockedURL") or report.get("blocked-uri") or "")
    directive = str(report.get("effectiveDirective") or report.get("effective-directive") or report.get("violated-directive") or "")
    verb = "would have blocked" if report.get("disposition") == "report" else "blocked"
    return {"path": _bare(page), "detail": f"{printable(directive)} {verb} {_bare(blocked)}"}


def _bare(address: str) -> str:
    return printable(address.partition("?")[0].partition("#")[0])


def _is_over(declared: bytes) -> bool:
    """Whether the body is declared to be longer than any report, or its length is no number. No more digits are read than can count."""
    return not declared.isdigit() or len(declared) > _MAX_DIGITS or int(declared) > MAX_REPORT_BYTES
