"""What `forwarded` stops."""

from __future__ import annotations

from buckler.core.case import Ask, Case

_PROXY = "10.0.0.1"
_SITE = {"trusted_proxies": ("10.0.0.0/8",)}


def _through(*headers: tuple[str, str]) -> tuple[Ask, ...]:
    return (Ask(client=_PROXY, headers=headers),)


CASES = (
    Case(
        name="garbage",
        story="A hop that is no address, in the hope that a rule by client address is then skipped.",
        turns=_through(("x-forwarded-for", "a")),
        refused="forwarded.unreadable",
        site=_SITE,
        sources=("CVE-2024-47070", "CVE-2023-36456"),
    ),
    Case(
        name="loopback",
        story="A chain that ends in the loopback address, to be taken for the machine itself.",
        turns=_through(("x-forwarded-for", "203.0.113.10, 127.0.0.1")),
        refused="forwarded.unreadable",
        site=_SITE,
        sources=("CVE-2025-46814",),
    ),
    Case(
        name="two_stories",
        story="A forged `Forwarded` field beside the `X-Forwarded-For` that the proxy wrote.",
        turns=_through(("x-forwarded-for", "203.0.113.10"), ("forwarded", "for=198.51.100.1")),
        refused="forwarded.unreadable",
        site=_SITE,
        sources=("CWE-348",),
    ),
    Case(
        name="lists_that_do_not_fit",
        story="A scheme put before the proxy's own one, so that a plain request looks encrypted.",
        turns=_through(("x-forwarded-for", "203.0.113.10"), ("x-forwarded-proto", "https, http")),
        refused="forwarded.unreadable",
        site=_SITE,
        sources=("CWE-348",),
    ),
    Case(
        name="endless",
        story="A chain of a thousand hops, to keep the parser busy.",
        turns=_through(("x-forwarded-for", ", ".join(["10.0.0.1"] * 1000))),
        refused="forwarded.unreadable",
        site=_SITE,
    ),
    Case(
        name="visitor",
        story="A visitor behind the site's proxy.",
        turns=_through(("x-forwarded-for", "203.0.113.10"), ("x-forwarded-proto", "https")),
        honest=True,
        site=_SITE,
    ),
    Case(
        name="careless_visitor",
        story="A visitor whose own proxy wrote `unknown`; the site's proxy added the address that it saw.",
        turns=_through(("x-forwarded-for", "unknown, 203.0.113.10")),
        honest=True,
        site=_SITE,
    ),
    Case(name="health_check", story="The proxy asks for itself, without any forwarding header.", turns=_through(), honest=True, site=_SITE),
    Case(
        name="unbelieved",
        story="A visitor who sends nonsense to a site without proxies: it is not even looked at.",
        turns=(Ask(headers=(("x-forwarded-for", "a"), ("x_forwarded_for", "127.0.0.1"))),),
        honest=True,
    ),
)
