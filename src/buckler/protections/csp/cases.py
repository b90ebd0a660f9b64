"""What `csp` stops: each attack asks a small model of a browser whether the page's policy lets it happen (CSP Level 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from buckler.core.case import Ask, Case

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.case import Transcript

_REPORT = b'{"csp-report":{"document-uri":"https://shop.example/","effective-directive":"script-src","blocked-uri":"inline"}}'
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


def answered(transcript: Transcript) -> bool:
    """The report was taken, by whoever takes reports there."""
    return transcript[-1].status < 400


def _attack(name: str, story: str, succeeds: Callable[[Transcript], bool], *sources: str) -> Case:
    return Case(name=name, story=story, turns=(Ask(),), succeeds=succeeds, sources=sources)


def _report(times: int = 1) -> Ask:
    kind = ("content-type", "application/csp-report")
    return Ask(at=_REPORT_PATH, method="POST", headers=(kind,), body=_REPORT, times=times)


CASES = (
    _attack("inline_script", "A comment carries a script of its own, and the page shows it unescaped.", runs_inline, "CWE-79"),
    _attack("foreign_script", "The page is made to load a script from another host.", reaches("script-src"), "CWE-79"),
    _attack("base_tag", "An injected base element turns the addresses of the page's own scripts around.", reaches("base-uri")),
    _attack("form_elsewhere", "The sign-in form is made to send its password to another host.", reaches("form-action")),
    _attack("plugin", "The page is made to load a plug-in from another host.", reaches("object-src")),
    _attack("sent_out", "What a script read is sent to another host.", reaches("connect-src"), "CWE-200"),
    _attack("framed", "Another site lays this one invisibly over its own buttons.", reaches("frame-ancestors"), "CWE-1021"),
    Case(
        name="report_flood",
        story="Somebody fills the log with made-up reports.",
        turns=(_report(times=61),),
        refused="csp.too_many_reports",
        sources=("CWE-779",),
    ),
    Case(name="page", story="An ordinary page.", turns=(Ask(),), honest=True),
    Case(name="report", story="A browser reports what it blocked.", turns=(_report(),), honest=True, succeeds=answered),
)
