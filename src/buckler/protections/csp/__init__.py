"""`csp`: a page runs only the scripts that this very response named.

Stops:
    Cross-site scripting: a script that got into a page, inline, by a link or by an event handler, does not run. Also: a `<base>`
    that turns the page's own addresses around, a form that was made to send its passwords elsewhere, plugins, data sent out to
    other hosts, and framing by other sites.

How:
    Sends `Content-Security-Policy`: nothing is allowed (`default-src 'none'`), then the site's own images, styles, fonts,
    connections and forms. Scripts run only with the nonce that the page asked for (`nonce()` in a template), and what such a
    script loads is trusted in turn (`strict-dynamic`). A response that did not ask for a nonce allows no script at all, and
    its header is constant. Browsers report what they blocked to `reports`, which the guard answers itself, at most
    `reports_per_minute` of them; each becomes an Event. A policy that is being tried goes beside the enforced one: `trial`.

Does not stop:
    Injected markup that needs no script, such as a false message or a link; scripts that the page's own scripts load from places
    an attacker can choose.

Turn off when:
    Never for pages. One page that needs more says so itself, with a policy of its own.

Sources:
    CSP Level 3 (W3C); Trusted Types (W3C); Reporting API; ASVS 5.0 V3.4.3, V3.4.7; CWE-79, CWE-1021, CWE-116.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from buckler.core.options import need, need_positive, options
from buckler.core.protection import Card, Steps
from buckler.protections.csp.cases import CASES
from buckler.protections.csp.policy import compiled, filled
from buckler.protections.csp.reports import MALFORMED, TOO_MANY, Collector
from buckler.protections.csp.sources import NONCE, NONE, SELF, STRICT_DYNAMIC, need_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from buckler.core.headers import Header
    from buckler.core.protection import Head
    from buckler.core.request import Request
    from buckler.core.site import Site

_HEADER, _TRIAL = b"content-security-policy", b"content-security-policy-report-only"
_DIRECTIVES = (
    "default_src", "script_src", "style_src", "img_src", "font_src", "connect_src", "media_src", "frame_src", "worker_src",
    "manifest_src", "form_action", "frame_ancestors", "base_uri",
)  # fmt: skip


@options
class CSP:
    """One option a directive, each a list of sources; an empty list leaves it out, so that `default_src` holds.

    The thirteen: `default_src`, `script_src`, `style_src`, `img_src`, `font_src`, `connect_src`, `media_src`, `frame_src`, `worker_src`,
    `manifest_src`, `form_action`, `frame_ancestors`, `base_uri`.
    `trusted_types`: scripts may write into the page only through a policy of theirs. `trial`: a second policy, only reported.
    `reports`: the path for browsers' reports, or None; `reports_per_minute`: how many of them one worker reads.
    `insecure_inline_scripts`, `insecure_inline_styles` and `insecure_eval` each give up one part of the protection.
    """

    card: ClassVar[Card] = Card("csp", (MALFORMED, TOO_MANY))
    cases: ClassVar = CASES
    default_src: Sequence[str] = (NONE,)  # what no other directive names is what nobody thought of: Observatory, +10
    script_src: Sequence[str] = (NONCE, STRICT_DYNAMIC)  # lists of hosts are got round; nonces are not (CSP Level 3, section 8.2)
    style_src: Sequence[str] = (SELF, NONCE)  # own files, and a style element that the page itself named
    img_src: Sequence[str] = (SELF,)  # an image from elsewhere tells its host who reads the page
    font_src: Sequence[str] = (SELF,)  # as img_src
    connect_src: Sequence[str] = (SELF,)  # where a script may send what it read
    media_src: Sequence[str] = ()
    frame_src: Sequence[str] = ()
    worker_src: Sequence[str] = ()
    manifest_src: Sequence[str] = (SELF,)  # the site may be installed as an app; its manifest is its own
    form_action: Sequence[str] = (SELF,)  # not covered by default_src: without it a form goes anywhere
    frame_ancestors: Sequence[str] = (NONE,)  # as form_action; framing is rare and must be named
    base_uri: Sequence[str] = (NONE,)  # as form_action; hardly any page has a base element
    trusted_types: bool = False
    trial: CSP | None = None
    reports: str | None = "/.well-known/csp-reports"  # RFC 8615 keeps this folder free of pages
    reports_per_minute: int = 60  # one a second tells what is wrong; a page seen by thousands would send thousands
    insecure_inline_scripts: bool = False
    insecure_inline_styles: bool = False
    insecure_eval: bool = False
    report_only: bool = False

    def __post_init__(self) -> None:
        for name in _DIRECTIVES:
            need_sources(self, name, getattr(self, name))
        need_positive(self, reports_per_minute=self.reports_per_minute)
        need(self.trial is None or isinstance(self.trial, CSP), "CSP.trial", self.trial, "give a second policy, as in trial=CSP(…)")
        path = self.reports
        need(path is None or (path.startswith("/") and path.isascii() and path.isprintable() and not set(path) & set(' ;,"?#')),
             "CSP.reports", path, "give a path on this site, such as /csp-reports, or None")  # fmt: skip

    def steps(self, site: Site) -> Steps:
        """Return the constant headers, the dresser for pages with a nonce or a policy of their own, and the report endpoint."""
        enforced = _TRIAL if self.report_only else _HEADER
        policies = [(enforced, self.compiled(site))]
        if self.trial is not None:
            policies.append((_TRIAL, self.trial.compiled(site)))
        headers: list[Header] = [(name, plain) for name, (plain, _) in policies]
        dress = _dresser(site, enforced, [(name, gapped) for name, (_, gapped) in policies])
        if self.reports is None:
            return Steps(headers=tuple(headers), dress=dress)
        headers.append((b"reporting-endpoints", f'csp="{self.reports}"'.encode()))
        collector = Collector(site, self.reports, self.reports_per_minute)
        return Steps(headers=tuple(headers), dress=dress, check_unsafe=collector.check_unsafe, wait=collector.wait)

    def compiled(self, site: Site) -> tuple[bytes, bytes]:
        """Return the policy without and with a gap for the nonce."""
        directives = {name.replace("_", "-"): self._sources(name) for name in _DIRECTIVES}
        flags = ["require-trusted-types-for 'script'"] if self.trusted_types else []
        if not site.development:
            flags.append("upgrade-insecure-requests")
        if self.reports is not None:
            flags += [f"report-uri {self.reports}", "report-to csp"]
        return compiled(directives, flags)

    def _sources(self, name: str) -> Sequence[str]:
        sources = list(getattr(self, name))
        if name == "script_src" and self.insecure_eval:
            sources.append("'unsafe-eval'")
        if (name == "script_src" and self.insecure_inline_scripts) or (name == "style_src" and self.insecure_inline_styles):
            # Browsers ignore 'unsafe-inline' beside a nonce, a hash or 'strict-dynamic': what is given up is given up whole.
            sources = [item for item in sources if item not in {NONCE, STRICT_DYNAMIC, NONE}] + ["'unsafe-inline'"]
        return sources


def _dresser(site: Site, enforced: bytes, gapped: Sequence[Header]) -> Callable[[Request, Head], None]:
    def dress(request: Request, head: Head) -> None:
        own = request.noted("csp")
        if not request.has_nonce and own is None:
            return
        present = {name for name, _ in head.headers}
        texts = [(enforced, own.compiled(site)[1])] if isinstance(own, CSP) else gapped
        head.headers += [(name, filled(text, request.nonce)) for name, text in texts if name not in present]

    return dress
