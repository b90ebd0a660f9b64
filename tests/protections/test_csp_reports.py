"""The report endpoint: what browsers send becomes Events, bounded in size and number."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from buckler.protections.csp import CSP
from buckler.testing import guarded, only, probe_app
from tests.asgi import Wire, scope_of

if TYPE_CHECKING:
    from buckler.core.event import Event

REPORTS = "/.well-known/csp-reports"


async def _report(body: bytes, kind: bytes = b"application/csp-report", method: str = "POST") -> tuple[int, list[Event]]:
    guard, wire = guarded(probe_app), Wire()
    wire.incoming = [{"type": "http.request", "body": body, "more_body": False}]
    headers = ((b"content-type", kind), (b"content-length", b"%d" % len(body)))
    await guard(scope_of(REPORTS, method, *headers), wire.receive, wire.send)
    return wire.status, guard.plan.events.drain()


async def test_both_forms_of_reports_become_events_without_queries() -> None:
    old = {
        "csp-report": {
            "document-uri": "https://shop.example/p?token=1",
            "violated-directive": "img-src",
            "blocked-uri": "https://x.example/a?b#c",
        }
    }
    status, events = await _report(json.dumps(old).encode())
    assert (status, events[0].kind, events[0].path) == (204, "csp.violation", "https://shop.example/p")
    assert events[0].detail == "img-src blocked https://x.example/a"
    body = {"documentURL": "https://shop.example/", "effectiveDirective": "script-src-elem", "blockedURL": "inline"}
    new = [{"type": "csp-violation", "body": body}, {"type": "deprecation", "body": {}}, 5]
    status, events = await _report(json.dumps(new).encode(), b"application/reports+json; charset=utf-8")
    assert (status, [event.detail for event in events]) == (204, ["script-src-elem blocked inline"])


@pytest.mark.parametrize(
    "body", [b"", b"{", b"5", b"{}", b'{"csp-report":5}', b'[{"type":"csp-violation","body":5}]', b"[" * 9_000, b'"' + b"x" * 20_000 + b'"']
)
async def test_what_is_no_report_is_refused(body: bytes) -> None:
    status, events = await _report(body)
    assert status in {400, 413}
    assert "csp.violation" not in [event.kind for event in events]


async def test_what_a_report_says_is_cut_and_printable_and_a_trial_is_told_as_such() -> None:
    body = {
        "document-uri": "https://shop.example/\x1b[31m",
        "effective-directive": "x" * 9_000,
        "blocked-uri": {"not": "a text"},
        "disposition": "report",
    }
    status, events = await _report(json.dumps({"csp-report": body}).encode())
    assert status == 204
    assert (events[0].path, "\x1b" in events[0].line()) == ("https://shop.example/\\x1b[31m", False)
    assert len(events[0].detail) < 700
    assert "… would have blocked {" in events[0].detail


async def test_what_is_declared_too_long_is_not_read() -> None:
    guard = guarded(probe_app, *only(CSP()))
    for length in (b"16385", b"1" * 5000, b"-1", b""):
        wire = Wire()
        wire.incoming = []  # reading would fail
        headers = ((b"content-type", b"application/csp-report"), (b"content-length", length))
        await guard(scope_of(REPORTS, "POST", *headers), wire.receive, wire.send)
        assert wire.status == 400


async def test_a_batch_counts_as_many_as_it_tells() -> None:
    """A batch is one request but many lines in a log; the first is always told, since its request was let in."""
    guard = guarded(probe_app, *only(CSP(reports_per_minute=3)))
    item = {"type": "csp-violation", "body": {"effectiveDirective": "img-src", "blockedURL": "inline"}}
    body = json.dumps([item] * 9).encode()
    headers = ((b"content-type", b"application/reports+json"), (b"content-length", b"%d" % len(body)))
    statuses = []
    for _ in range(2):
        wire = Wire()
        wire.incoming = [{"type": "http.request", "body": body, "more_body": False}]
        await guard(scope_of(REPORTS, "POST", *headers), wire.receive, wire.send)
        statuses.append(wire.status)
    assert statuses == [204, 429]
    assert [event.kind for event in guard.plan.events.drain()] == ["csp.violation"] * 3 + ["csp.too_many_reports"]


async def test_in_report_only_mode_reports_are_read_as_ever() -> None:
    """What is no report then only leaves an Event, and goes to the application."""
    guard, answers = guarded(probe_app, *only(CSP(report_only=True))), []
    for body in (b'{"csp-report":{"blocked-uri":"inline"}}', b"{"):
        wire = Wire()
        wire.incoming = [{"type": "http.request", "body": body, "more_body": False}]
        headers = ((b"content-type", b"application/csp-report"), (b"content-length", b"%d" % len(body)))
        await guard(scope_of(REPORTS, "POST", *headers), wire.receive, wire.send)
        answers.append((wire.status, [(event.kind, event.mode) for event in guard.plan.events.drain()]))
    assert answers == [(204, [("csp.violation", "report")]), (200, [("csp.malformed_report", "report")])]


async def test_what_comes_longer_than_any_report_is_no_report() -> None:
    guard, wire = guarded(probe_app, *only(CSP())), Wire()
    wire.incoming = [{"type": "http.request", "body": b"[" + b" " * 9_000, "more_body": True} for _ in range(3)]
    headers = ((b"content-type", b"application/csp-report"), (b"transfer-encoding", b"chunked"))
    await guard(scope_of(REPORTS, "POST", *headers), wire.receive, wire.send)
    assert (wire.status, len(wire.incoming)) == (400, 1)


async def test_only_reports_are_taken_there() -> None:
    assert (await _report(b"{}", b"text/plain"))[0] == 400
    assert (await _report(b"", method="PUT"))[0] == 200


async def test_a_report_does_not_disturb_other_waits() -> None:
    """A request with an old browser's form waits too, and is not taken for a report."""
    wire = Wire()
    await guarded(probe_app)(scope_of("/write", "POST", (b"cookie", b"a=b")), wire.receive, wire.send)
    assert wire.status == 200
