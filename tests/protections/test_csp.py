from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from buckler.errors import ConfigError
from buckler.protections.csp import CSP, Dresser
from buckler.protections.csp.sources import NONCE, NONE, SELF, STRICT_DYNAMIC
from buckler.testing import guarded, only, probe_app
from tests.asgi import Wire, scope_of

if TYPE_CHECKING:
    from buckler.core.event import Event

ENFORCED, TRIAL = b"content-security-policy", b"content-security-policy-report-only"
REPORTS = "/.well-known/csp-reports"
HASH = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"


async def _page(app: Any, *changes: Any, **site: Any) -> dict[bytes, bytes]:
    wire = Wire()
    await guarded(app, *changes, **site)(scope_of(), wire.receive, wire.send)
    return wire.headers


def _app(use: Any) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        use(scope["buckler"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    return app


def _directives(value: bytes) -> dict[str, str]:
    return {part.split()[0]: " ".join(part.split()[1:]) for part in value.decode().split("; ")}


async def test_a_page_without_a_nonce_runs_no_script_and_its_header_is_constant() -> None:
    guard = guarded(probe_app, *only(CSP()))
    policy = _directives((await _page(probe_app))[ENFORCED])
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'none'"
    assert policy["style-src"] == "'self'"
    assert policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert "upgrade-insecure-requests" in policy
    assert policy["report-uri"] == REPORTS
    assert dict(guard.plan.constant)[b"reporting-endpoints"] == b'csp="/.well-known/csp-reports"'


async def test_a_page_with_a_nonce_runs_that_script_alone() -> None:
    seen: list[str] = []
    app = _app(lambda request: seen.append(request.nonce))
    for _ in range(2):
        policy = _directives((await _page(app))[ENFORCED])
        assert policy["script-src"] == f"'nonce-{seen[-1]}' 'strict-dynamic'"
        assert policy["style-src"] == f"'self' 'nonce-{seen[-1]}'"
    assert seen[0] != seen[1]


async def test_a_hash_keeps_strict_dynamic_without_a_nonce() -> None:
    assert (
        _directives((await _page(probe_app, CSP(script_src=[HASH, STRICT_DYNAMIC])))[ENFORCED])["script-src"] == f"{HASH} {STRICT_DYNAMIC}"
    )


OWN = CSP(img_src=[SELF, "data:"], script_src=[NONCE], reports="/never-asked")


async def test_a_page_may_bring_a_policy_of_its_own() -> None:
    """It reports where the site takes reports, and allows a script only when the page asked for its nonce, as everywhere."""
    guard = guarded(_app(lambda request: request.note("csp", OWN)))
    for _ in range(2):  # the second time from what is kept
        wire = Wire()
        await guard(scope_of(), wire.receive, wire.send)
        policy = _directives(wire.headers[ENFORCED])
        assert policy["img-src"] == "'self' data:"
        assert policy["script-src"] == "'none'"
        assert policy["report-uri"] == REPORTS
    scripted = _app(lambda request: (request.note("csp", OWN), request.nonce))
    assert _directives((await _page(scripted))[ENFORCED])["script-src"].startswith("'nonce-")


async def test_policies_made_anew_for_each_request_fill_no_memory() -> None:
    guard = guarded(_app(lambda request: request.note("csp", CSP(font_src=[NONE]))))
    for _ in range(300):
        wire = Wire()
        await guard(scope_of(), wire.receive, wire.send)
        assert _directives(wire.headers[ENFORCED])["font-src"] == "'none'"
    owners = [getattr(dress, "__self__", None) for dress in guard.plan.dressers]
    assert [len(owner.pages) for owner in owners if isinstance(owner, Dresser)] == [256]


async def test_a_pages_policy_that_only_reports_goes_beside_the_sites() -> None:
    app = _app(lambda request: (request.note("csp", CSP(img_src=[NONE], report_only=True)), request.nonce))
    headers = await _page(app)
    assert _directives(headers[ENFORCED])["img-src"] == "'self'"
    assert _directives(headers[TRIAL])["img-src"] == "'none'"
    assert "upgrade-insecure-requests" not in _directives(headers[TRIAL]), "browsers warn of it there"
    nonces = {_directives(headers[name])["script-src"].split()[0] for name in (ENFORCED, TRIAL)}
    assert len(nonces) == 1


async def test_a_page_keeps_the_sites_trial_unless_it_has_its_own() -> None:
    site = CSP(trial=CSP(font_src=[NONE]))
    headers = await _page(_app(lambda request: request.note("csp", OWN)), site)
    assert _directives(headers[TRIAL])["font-src"] == "'none'"
    headers = await _page(_app(lambda request: request.note("csp", CSP(trial=CSP(img_src=[NONE])))), site)
    assert _directives(headers[TRIAL])["font-src"] == "'self'"


async def test_a_site_that_only_reports_enforces_no_pages_policy() -> None:
    headers = await _page(_app(lambda request: request.note("csp", OWN)), CSP(report_only=True))
    assert ENFORCED not in headers
    assert _directives(headers[TRIAL])["img-src"] == "'self' data:"


async def test_a_policy_set_by_the_application_stands() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["buckler"].nonce
        await send({"type": "http.response.start", "status": 200, "headers": [(ENFORCED, b"sandbox")]})
        await send({"type": "http.response.body"})

    assert (await _page(app))[ENFORCED] == b"sandbox"


async def test_touched_for_another_reason_the_policy_is_the_constant_one() -> None:
    app = _app(lambda request: request.note("other", 1))
    assert _directives((await _page(app))[ENFORCED])["script-src"] == "'none'"


async def test_report_only_and_trial() -> None:
    headers = await _page(probe_app, CSP(report_only=True))
    assert (ENFORCED in headers, TRIAL in headers) == (False, True)
    headers = await _page(probe_app, CSP(trial=CSP(img_src=[NONE], trusted_types=True)))
    assert _directives(headers[ENFORCED])["img-src"] == "'self'"
    assert _directives(headers[TRIAL])["img-src"] == "'none'"
    assert _directives(headers[TRIAL])["require-trusted-types-for"] == "'script'"


async def test_a_trial_reports_where_the_site_takes_reports() -> None:
    headers = await _page(probe_app, CSP(trial=CSP(), reports="/told"))
    assert _directives(headers[TRIAL])["report-uri"] == "/told"
    assert headers[b"reporting-endpoints"] == b'csp="/told"'
    headers = await _page(probe_app, CSP(trial=CSP(), reports=None))
    assert b"report-" not in headers[TRIAL]


async def test_in_development_nothing_is_upgraded_and_reports_go_by_the_old_way() -> None:
    """Over plain HTTP a browser knows no reporting endpoints, and where `report-to` is given Chromium then reports nothing at all."""
    headers = await _page(probe_app, development=True)
    assert b"upgrade" not in headers[ENFORCED]
    assert headers[ENFORCED].endswith(b"report-uri /.well-known/csp-reports")
    assert b"reporting-endpoints" not in headers


async def test_plugins_stay_forbidden_where_everything_else_is_widened() -> None:
    policy = _directives((await _page(probe_app, CSP(default_src=[SELF], media_src=[], script_src=[])))[ENFORCED])
    assert (policy["default-src"], policy["object-src"]) == ("'self'", "'none'")
    assert "script-src" not in policy


async def test_what_is_given_up_is_given_up_by_name() -> None:
    given = CSP(
        insecure_eval=True,
        insecure_inline_scripts=True,
        insecure_inline_styles=True,
        reports=None,
        media_src=[SELF],
        script_src=[NONCE, HASH],
    )
    headers = await _page(probe_app, given)
    policy = _directives(headers[ENFORCED])
    assert policy["script-src"] == "'unsafe-eval' 'unsafe-inline'"
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert policy["media-src"] == "'self'"
    assert b"reporting-endpoints" not in headers
    assert _directives((await _page(probe_app, CSP(script_src=[NONE], insecure_eval=True)))[ENFORCED])["script-src"] == "'unsafe-eval'"
    assert _directives((await _page(probe_app, CSP(script_src=[NONE])))[ENFORCED])["script-src"] == "'none'"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"script_src": ["'unsafe-inline'"]}, "insecure_"),
        ({"script_src": ["'unsafe-eval'"]}, "insecure_"),
        ({"img_src": ["https://x.example; script-src *"]}, "give SELF"),
        ({"img_src": ["a\nb"]}, "give SELF"),
        ({"img_src": ["*"]}, "give SELF"),
        ({"img_src": "'self'"}, "list of strings"),
        ({"img_src": [NONCE]}, "give SELF"),
        ({"img_src": [HASH]}, "give SELF"),
        ({"style_src": [STRICT_DYNAMIC]}, "give SELF"),
        ({"script_src": ["'unsafe-hashes'"]}, "insecure_"),
        ({"script_src": ["data:"]}, "name the hosts"),
        ({"script_src": ["https:"]}, "name the hosts"),
        ({"object_src": ["blob:"]}, "name the hosts"),
        ({"connect_src": ["http://cdn.example"]}, "give SELF"),
        ({"connect_src": ["http://localhost.evil.example"]}, "give SELF"),
        ({"default_src": []}, "no other directive"),
        ({"form_action": []}, "no other directive"),
        ({"frame_ancestors": []}, "no other directive"),
        ({"base_uri": []}, "no other directive"),
        ({"img_src": [NONE, SELF]}, "NONE stands alone"),
        ({"reports": "https://x.example"}, "give a path"),
        ({"reports": "/a b"}, "give a path"),
        ({"reports": "/a;b"}, "give a path"),
        ({"reports": "/a\\"}, "give a path"),
        ({"reports": 5}, "give a path"),
        ({"reports_per_minute": 0}, "number over zero"),
        ({"trial": "default-src"}, "give a second policy"),
        ({"trial": CSP(trial=CSP())}, "no trial of its own"),
        ({"scriptsrc": []}, "did you mean `script_src`"),
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        CSP(**given)


@pytest.mark.parametrize(
    "source", ["https:", "data:", "https://*.cdn.example:8443/lib/", "cdn.example", "wss://x.example", "http://localhost:5173"]
)
def test_sources_that_may_be_named(source: str) -> None:
    assert CSP(img_src=[source]).img_src == [source]


@pytest.mark.parametrize("source", [HASH, "'report-sample'", "'wasm-unsafe-eval'", "https://cdn.example/lib.js"])
def test_sources_that_may_be_named_for_scripts(source: str) -> None:
    assert CSP(script_src=[NONCE, source]).script_src == [NONCE, source]


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
