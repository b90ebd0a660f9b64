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
    `reports_per_minute` of them; each becomes an Event. Reports are hearsay: anybody can send one. A policy that is being tried
    goes beside the enforced one: `trial`.

Does not stop:
    Injected markup that needs no script, such as a false message or a link; scripts that the page's own scripts load from places
    an attacker can choose; navigation away from the page, by a link or by a script that runs.

Turn off when:
    Never for pages. One page that needs more says so itself, with a policy of its own: `dependencies=[policy(CSP(…))]` in FastAPI,
    `use_policy(request, CSP(…))` elsewhere.

Sources:
    CSP Level 3 (W3C); Trusted Types (W3C); Reporting API; ASVS 5.0 V3.4.3, V3.4.7; CWE-79, CWE-1021, CWE-116.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from buckler.core.options import need, need_positive, options
from buckler.core.protection import Card, Steps
from buckler.protections.csp.cases import CASES
from buckler.protections.csp.policy import Written, written
from buckler.protections.csp.reports import MALFORMED, TOO_MANY, Collector, is_path
from buckler.protections.csp.sources import NONCE, NONE, SELF, STRICT_DYNAMIC, is_hash, need_sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from buckler.core.headers import Header
    from buckler.core.protection import Head
    from buckler.core.request import Request
    from buckler.core.site import Site

_HEADER, _TRIAL = b"content-security-policy", b"content-security-policy-report-only"
_MAX_PAGES = 256  # policies of pages whose text is kept; a policy made anew for each request is written anew
_DIRECTIVES = (
    "default_src", "script_src", "style_src", "img_src", "font_src", "connect_src", "media_src", "frame_src", "worker_src",
    "manifest_src", "object_src", "form_action", "frame_ancestors", "base_uri",
)  # fmt: skip


@options
class CSP:
    """One option a directive, each a list of sources; an empty list leaves it out, so that `default_src` holds, where it can.

    The fourteen: `default_src`, `script_src`, `style_src`, `img_src`, `font_src`, `connect_src`, `media_src`, `frame_src`, `worker_src`,
    `manifest_src`, `object_src`, `form_action`, `frame_ancestors`, `base_uri`.
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
    object_src: Sequence[str] = (NONE,)  # said by default_src too; ASVS 5.0 V3.4.3 wants it named, and it holds when default_src is widened
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
        need(self.trial is None or self.trial.trial is None, "CSP.trial", self.trial, "a trial has no trial of its own")
        need(self.reports is None or is_path(self.reports), "CSP.reports", self.reports, "give a path such as /csp-reports, or None")

    def steps(self, site: Site) -> Steps:
        """Return the constant headers, the dresser for pages with a nonce or a policy of their own, and the report endpoint."""
        texts = _texts(site, self, self)
        headers: list[Header] = [(text.name, text.plain) for text in texts]
        dress = Dresser(site, self, texts).dress
        if self.reports is None:
            return Steps(headers=tuple(headers), dress=dress)
        if not site.development:
            headers.append((b"reporting-endpoints", f'csp="{self.reports}"'.encode()))
        collector = Collector(site, self.reports, self.reports_per_minute)
        return Steps(headers=tuple(headers), dress=dress, check_unsafe=collector.check_unsafe, wait=collector.wait)

    def directives(self) -> Mapping[str, Sequence[str]]:
        """Return directive → sources, as the standard names them."""
        return {name.replace("_", "-"): self._sources(name) for name in _DIRECTIVES}

    def _sources(self, name: str) -> Sequence[str]:
        sources = list(getattr(self, name))
        if name == "script_src" and self.insecure_eval:
            sources.append("'unsafe-eval'")
        if (name == "script_src" and self.insecure_inline_scripts) or (name == "style_src" and self.insecure_inline_styles):
            # Browsers ignore 'unsafe-inline' beside a nonce, a hash or 'strict-dynamic': what is given up is given up whole.
            sources = [item for item in sources if item not in {NONCE, STRICT_DYNAMIC} and not is_hash(item)] + ["'unsafe-inline'"]
        return [item for item in sources if item != NONE] or sources


def _texts(site: Site, policy: CSP, own: CSP) -> list[Written]:
    """The headers of a page whose policy is `own`, on a site whose policy is `policy`. A page's own policy that only reports goes beside
    the site's. Reports always go where the site takes them, and a site that only reports enforces no page's policy."""
    main, trial = (policy, own) if own.report_only and own is not policy else (own, own.trial or policy.trial)
    ending = [] if policy.reports is None else [f"report-uri {policy.reports}"]
    if ending and not site.development:
        # Over plain HTTP a browser knows no endpoints, and Chromium then heeds `report-uri` only where there is no `report-to`.
        ending.append("report-to csp")
    made = []
    for name, item in ((_TRIAL if policy.report_only else _HEADER, main), (_TRIAL, trial)):
        if item is not None:
            flags = ["require-trusted-types-for 'script'"] if item.trusted_types else []
            if name == _HEADER and not site.development:
                flags.append("upgrade-insecure-requests")  # in a policy that only reports, browsers warn of it
            made.append(written(name, item.directives(), flags + ending))
    return made


class Dresser:
    """Writes the headers of a page that asked for its nonce or has a policy of its own; leaves every other response as it is."""

    def __init__(self, site: Site, policy: CSP, texts: Sequence[Written]) -> None:
        self._site, self._policy, self._texts = site, policy, texts
        self.pages: dict[int, tuple[CSP, Sequence[Written]]] = {}  # by identity, which holds as long as the policy is kept here

    def dress(self, request: Request, head: Head) -> None:
        """Add the headers, but none that the application set itself."""
        own = request.noted("csp")
        if isinstance(own, CSP):
            wanted = self._of_page(own)
        elif request.has_nonce:
            wanted = self._texts
        else:
            return
        present = {name for name, _ in head.headers}
        nonce = request.nonce if request.has_nonce else ""
        head.headers += [(text.name, text.value(nonce)) for text in wanted if text.name not in present]

    def _of_page(self, own: CSP) -> Sequence[Written]:
        found = self.pages.get(id(own))
        if found is None:
            found = own, _texts(self._site, self._policy, own)
            if len(self.pages) < _MAX_PAGES:
                self.pages[id(own)] = found
        return found[1]
