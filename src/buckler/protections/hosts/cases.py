"""What `hosts` stops."""

from __future__ import annotations

from buckler.core.case import Ask, Case


def _with_host(value: str | None) -> tuple[Ask, ...]:
    return (Ask(headers=(("host", value),)),)


CASES = (
    Case(
        name="foreign_host",
        story="An attacker asks for a password-reset link with his own host name, so that the mail points to him.",
        turns=_with_host("evil.example"),
        refused="hosts.unknown",
        sources=("CWE-644",),
    ),
    Case(
        name="path_in_host",
        story="A path smuggled into the host name makes another layer see another path.",
        turns=_with_host("{host}/admin?"),
        refused="hosts.malformed",
        sources=("CVE-2026-48710",),
    ),
    Case(
        name="dot_is_a_dot",
        story="A name that only a careless pattern takes for the site's own.",
        turns=(Ask(headers=(("host", "shopXexample"),)),),
        refused="hosts.unknown",
        sources=("CVE-2026-25479",),
    ),
    Case(
        name="missing",
        story="A request without any host name.",
        turns=_with_host(None),
        refused="hosts.malformed",
    ),
    Case(
        name="two_hosts",
        story="Two host names, of which a proxy and the application each believe another one.",
        turns=(Ask(headers=(("host", "{host}"), ("host", "evil.example"))),),
        refused="hosts.malformed",
        sources=("CWE-444",),
    ),
    Case(name="own_host", story="A visitor with the site's own name.", turns=(Ask(),), honest=True),
    Case(name="port", story="The same name with a port.", turns=_with_host("{host}:8443"), honest=True),
    Case(name="capitals", story="The same name in capitals.", turns=(Ask(headers=(("host", "SHOP.example"),)),), honest=True),
)
