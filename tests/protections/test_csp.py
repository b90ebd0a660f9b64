from __future__ import annotations

from typing import Any

import pytest

from buckler.errors import ConfigError
from buckler.protections.csp import CSP, Dresser
from buckler.protections.csp.sources import NONCE, NONE, SELF, STRICT_DYNAMIC
from buckler.testing import guarded, only, probe_app
from tests.asgi import Wire, scope_of

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
