"""What `pathguard` stops."""

from __future__ import annotations

from buckler.core.case import Ask, Case


def _attack(name: str, path: str, refused: str, story: str, *sources: str) -> Case:
    return Case(name=name, story=story, turns=(Ask(at=path),), refused=f"pathguard.{refused}", sources=sources)


def _honest(name: str, path: str, story: str) -> Case:
    return Case(name=name, story=story, turns=(Ask(at=path),), honest=True)


CASES = (
    _attack(
        "dots",
        "/static/../private",
        "dot_segment",
        "Dots that a proxy takes for a public folder and a file system for a private one.",
        "CWE-22",
    ),
    _attack("dots_at_the_end", "/static/..", "dot_segment", "The same without anything behind them.", "CWE-22"),
    _attack("one_dot", "/./private", "dot_segment", "A dot that makes a rule for `/private` miss.", "CWE-41"),
    _attack("encoded_dots", "/static/%2e%2E/private", "dot_segment", "The dots written as `%2e`.", "CWE-22"),
    _attack("half_encoded_dots", "/static/.%2e/private", "dot_segment", "One dot written as `%2e`, the other not.", "CWE-22"),
    _attack(
        "twice_encoded_dots", "/static/%252e%252e/private", "dot_segment", "Dots encoded twice, for a layer that decodes again.", "CWE-22"
    ),
    _attack("three_times_encoded_dots", "/static/%25252e%25252e/x", "dot_segment", "Dots encoded three times.", "CWE-22"),
    _attack(
        "endlessly_encoded", "/%2525252525252541", "malformed", "An encoding so deep that no layer means the same as the next.", "CWE-172"
    ),
    _attack(
        "encoded_slash",
        "/account%2Fx.css",
        "encoded_slash",
        "A slash that a cache does not see: it keeps a private page as a style sheet.",
        "CWE-525",
    ),
    _attack("twice_encoded_slash", "/account%252fx.css", "encoded_slash", "The slash encoded twice.", "CWE-525"),
    _attack("parameters", "/account;x.css", "parameters", "A private page that a cache takes for a style sheet by its ending.", "CWE-525"),
    _attack("encoded_parameters", "/account%3bx.css", "parameters", "The same with the semicolon encoded.", "CWE-525"),
    _attack("dots_with_parameters", "/static/..;/private", "dot_segment", "Dots that only a layer with path parameters sees.", "CWE-22"),
    _attack("backslash", "/static/..%5cprivate", "malformed", "A backslash, which some file systems take for a slash.", "CWE-22"),
    _attack("plain_backslash", "/static\\..\\private", "malformed", "The same without encoding.", "CWE-22"),
    _attack("nul", "/report.txt%00.html", "malformed", "A NUL, at which a C library ends the name and the router does not.", "CWE-158"),
    _attack("line_break", "/a%0d%0aset-cookie:x=1", "malformed", "A line break, for logs and headers that repeat the path.", "CWE-117"),
    _attack(
        "overlong",
        "/static/%c0%ae%c0%ae/private",
        "malformed",
        "Dots in a form of UTF-8 that is too long, which strict decoders do not see.",
        "CWE-172",
    ),
    _attack("not_utf8", "/caf%e9", "malformed", "Bytes that are no UTF-8, and that every layer replaces in its own way.", "CWE-172"),
    _attack("percent_u", "/static/%u002e%u002e/private", "malformed", "An encoding that only one vendor ever read.", "CWE-172"),
    _attack(
        "two_slashes",
        "//evil.example/",
        "malformed",
        "A target that becomes another host as soon as it is used in a redirect.",
        "CVE-2026-54282",
        "CWE-601",
    ),
    _attack(
        "no_slash",
        "@evil.example/",
        "malformed",
        "A target without a leading slash, which changes the host when it is joined to one.",
        "CVE-2026-54282",
    ),
    _attack(
        "empty_segment",
        "/sign-in//",
        "empty_segment",
        "An empty segment, which some routers drop and a rule for `/sign-in/` does not.",
        "CVE-2025-71399",
    ),
    _attack("fragment", "/page#x", "malformed", "A fragment, which no browser sends.", "CWE-172"),
    _attack("too_long", "/" + "a" * 5000, "too_long", "A path of five thousand characters.", "CWE-400"),
    _honest("page", "/", "The start page."),
    _honest("article", "/articles/how-to-train_your~dragon.v2", "A name with dots, dashes, underscores and a tilde."),
    _honest("folder", "/articles/", "A path that ends with a slash."),
    _honest("accents", "/caf%C3%A9/%E6%97%A5%E6%9C%AC", "A name in another script."),
    _honest("person", "/@mira/favorites", "A person's page."),
    _honest("well_known", "/.well-known/security.txt", "A well-known address (RFC 8615)."),
    _honest("punctuation", "/a+b,c=d:(e)!*'$&", "Punctuation that RFC 3986 allows."),
    _honest("brackets", "/list[1]|a^b{c}", "Characters that browsers leave as they are."),
    _honest("reserved_in_a_name", "/wiki/C%23/What%3F", "A hash and a question mark that belong to a title."),
    _honest("percent", "/sale/100%25", "A percent sign that belongs to a name."),
    _honest("three_dots", "/wait.../..and/x..", "Dots that are no dot segment."),
    _honest("query", "/search?q=../../etc/passwd", "A query: what stands there is the application's."),
)
