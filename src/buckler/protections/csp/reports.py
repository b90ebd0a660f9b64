"""Where browsers report what a policy blocked: answered by the guard itself, bounded in size and number, one Event each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from buckler.core.answer import Answer, Refusal, refusal
from buckler.core.event import Event
from buckler.core.protection import Wait
from buckler.core.store import Take, gcra

if TYPE_CHECKING:
    from buckler.core.request import Request
    from buckler.core.site import Site
    from buckler.core.store import Reply

MAX_REPORT_BYTES = 16_384
_MAX_REPORTS = 20  # in one body of the Reporting API; browsers send them in batches
_KINDS = (b"application/csp-report", b"application/reports+json")
_TAKEN = Answer(204)

MALFORMED = refusal(400, "csp.malformed_report", "This is not a report.", "Send what browsers send: application/reports+json.")
TOO_MANY = refusal(429, "csp.too_many_reports", "Too many reports came in.", "Wait a minute.").with_headers((b"retry-after", b"60"))


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
        if not request.headers.get(b"content-type", b"").lower().startswith(_KINDS):
            return MALFORMED
        self._due_s, taken = gcra(self._due_s, self._site.clock.monotonic(), self._quota)
        if not taken.allowed:
            return TOO_MANY
        request.waits, request.want_body_bytes = True, MAX_REPORT_BYTES
        return None

    def _is_report(self, request: Request) -> bool:
        return request.path == self._path and request.method == "POST"

    def _judge(self, request: Request, replies: list[Reply]) -> Answer:  # noqa: ARG002  # asks the store nothing
        found = _read(request.body or b"")
        for violation in found or ():
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
    """The three facts that help, without queries and fragments: they may carry what must not be logged."""
    page = str(report.get("documentURL") or report.get("document-uri") or "")
    blocked = str(report.get("blockedURL") or report.get("blocked-uri") or "")
    directive = str(report.get("effectiveDirective") or report.get("effective-directive") or report.get("violated-directive") or "")
    return {"path": _bare(page), "detail": f"{directive} blocked {_bare(blocked)}"}


def _bare(address: str) -> str:
    return address.partition("?")[0].partition("#")[0]
