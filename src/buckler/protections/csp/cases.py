"""What `csp` stops: each attack asks a small model of a browser whether the page's policy lets it happen (CSP Level 3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from buckler.core.case import Transcript

_REPORT = b'{"csp-report":{"document-uri":"https://shop.example/","effective-directive":"script-src","blocked-uri":"inline"}}'
_BATCH = b'[{"type":"csp-violation","body":{"documentURL":"https://shop.example/","effectiveDirective":"img-src","blockedURL":"inline"}}]'
_NONCE = re.compile(rb'nonce="([^"]*)"')
_REPORT_PATH = "/.well-known/csp-reports"


def _policy(transcript: Transcript) -> dict[str, list[str]]:
    parts = [part.split() for part in transcript[-1].header("content-security-policy").split(";")]
    return {part[0]: part[1:] for part in parts if part}


def _allowed(transcript: Transcript, directive: str) -> list[str] | None:
    """The sources for `directive`; None where nothing limits it. Fetch directives fall back to `default-src`, others do not."""
    policy = _policy(transcript)
    return policy.get(directive, policy.get("default-src") if directive.endswith("-src") else None)


def runs_inline(transcript: Transcript) -> bool:
    """An inline script runs unless a policy limits scripts; 'unsafe-inline' counts only without nonce, hash or strict-dynamic."""
    sources = _allowed(transcript, "script-src")
    if sources is None:
        return True
    overruled = any(source.startswith(("'nonce-", "'sha", "'strict-dynamic")) for source in sources)
    return "'unsafe-inline'" in sources and not overruled


def reaches(directive: str) -> Callable[[Transcript], bool]:
    """Return the question whether `directive` lets the page reach `https://evil.example`."""

    def reached(transcript: Transcript) -> bool:
        sources = _allowed(transcript, directive)
        return sources is None or not {"*", "https:", "evil.example", "https://evil.example"}.isdisjoint(sources)

    return reached


def evaluates(transcript: Transcript) -> bool:
    """A text becomes code (`eval`) unless a policy limits scripts; then only by 'unsafe-eval'."""
    sources = _allowed(transcript, "script-src")
    return sources is None or "'unsafe-eval'" in sources


def styled_inline(transcript: Transcript) -> bool:
    """A style element or attribute holds unless a policy limits styles; 'unsafe-inline' counts only without nonce or hash."""
    sources = _allowed(transcript, "style-src")
    return sources is None or ("'unsafe-inline'" in sources and not any(source.startswith(("'nonce-", "'sha")) for source in sources))


def loads_in_plain(transcript: Transcript) -> bool:
    """An image's `http://` address is asked in plain unless the policy has it upgraded (Upgrade Insecure Requests, W3C)."""
    return "upgrade-insecure-requests" not in _policy(transcript)


def accepts_nonce_of_first(transcript: Transcript) -> bool:
    """A script runs that carries the nonce which the first page showed."""
    found = _NONCE.search(transcript[0].body)
    sources = _allowed(transcript, "script-src")
    return found is not None and (sources is None or f"'nonce-{found[1].decode()}'" in sources)


def own_script_runs(transcript: Transcript) -> bool:
    """The page's own script carries the nonce that this very response's policy names."""
    return transcript[-1].reached and accepts_nonce_of_first(transcript[-1:])


def own_files_load(transcript: Transcript) -> bool:
    """The page's own images, styles, fonts, connections and forms are let through."""
    lists = [_allowed(transcript, name) for name in ("img-src", "style-src", "font-src", "connect-src", "form-action", "manifest-src")]
    return transcript[-1].reached and all(sources is None or "'self'" in sources for sources in lists)


def answered(transcript: Transcript) -> bool:
    """The report was taken, by whoever takes reports there."""
    return transcript[-1].status < 400


def _attack(name: str, story: str, succeeds: Callable[[Transcript], bool], *sources: str, turns: Sequence[Ask] = (Ask(),)) -> Case:
    return Case(name=name, story=story, turns=turns, succeeds=succeeds, sources=sources)


def _report(kind: str, body: bytes, times: int = 1) -> Ask:
    """As Chromium sends them: without cookies, with `Origin`, and by the Reporting API even without Fetch Metadata."""
    headers = (("content-type", kind), ("origin", "https://{host}"))
    return Ask(at=_REPORT_PATH, method="POST", headers=headers, body=body, times=times)


_SCRIPTED = (Ask(at=Place.SCRIPTED),)
_OLD, _NEW = "application/csp-report", "application/reports+json"

CASES = (
    _attack("inline_script", "A comment carries a script of its own, and the page shows it unescaped.", runs_inline, "CWE-79"),
    _attack("beside_own_script", "The same on a page that has a script of its own.", runs_inline, "CWE-79", turns=_SCRIPTED),
    _attack("nonce_reused", "A script carries the nonce of an earlier page.", accepts_nonce_of_first, "CWE-323", turns=_SCRIPTED * 2),
    _attack("foreign_script", "The page is made to load a script from another host.", reaches("script-src"), "CWE-79"),
    _attack("text_as_code", "The page's own script is led to run a text as code.", evaluates, "CWE-95", turns=_SCRIPTED),
    _attack("inline_style", "Injected styles read a form's values, letter by letter.", styled_inline, "CWE-79"),
    _attack("base_tag", "An injected base element turns the addresses of the page's own scripts around.", reaches("base-uri")),
    _attack("form_elsewhere", "The sign-in form is made to send its password to another host.", reaches("form-action")),
    _attack("plugin", "The page is made to load a plug-in from another host.", reaches("object-src")),
    _attack("sent_out", "What a script read is sent to another host.", reaches("connect-src"), "CWE-200"),
    _attack("framed", "Another site lays this one invisibly over its own buttons.", reaches("frame-ancestors"), "CWE-1021"),
    _attack("plain_resource", "An old link in the page loads a picture in plain, for the network to read.", loads_in_plain, "CWE-319"),
    Case(
        name="report_flood",
        story="Somebody fills the log with made-up reports.",
        turns=(_report(_OLD, _REPORT, times=61),),
        refused="csp.too_many_reports",
        sources=("CWE-779",),
    ),
    Case(name="page", story="An ordinary page.", turns=(Ask(),), honest=True),
    Case(name="own_script", story="A page's own script runs.", turns=_SCRIPTED, honest=True, succeeds=own_script_runs),
    Case(name="own_files", story="A page's own pictures, styles and forms.", turns=(Ask(),), honest=True, succeeds=own_files_load),
    Case(name="report", story="A browser reports what it blocked.", turns=(_report(_OLD, _REPORT),), honest=True, succeeds=answered),
    Case(name="report_api", story="The same by the newer way.", turns=(_report(_NEW, _BATCH),), honest=True, succeeds=answered),
)
