"""What `csrf` stops."""

from __future__ import annotations

from dataclasses import replace

from buckler.core.case import Ask, Case, Place

_FORM = b"amount=1000&to=attacker"
_SAME = ("sec-fetch-site", "same-origin")
_SIGN_IN = Ask(at=Place.SIGN_IN, method="POST", headers=(_SAME,))
_REMEMBER = Ask(at=Place.REMEMBER, method="POST", headers=(_SAME,))
_MULTIPART = ("content-type", "multipart/form-data; boundary=cut")


def _write(*headers: tuple[str, str | None], body: bytes = _FORM, form_of: str = "") -> Ask:
    return Ask(at=Place.WRITE, method="POST", headers=headers, body=body, form_of=form_of)


def _parts(token: bytes) -> bytes:
    named = b'--cut\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    return named % (b"amount", b"7") + named % (b"csrf_token", token) + b"--cut--\r\n"


CASES = (
    Case(
        name="cross_site_form",
        story="A page of another site sends a form to this one, with the visitor's cookies.",
        turns=(_write(("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")),),
        refused="csrf.cross_site",
        sources=("CWE-352",),
    ),
    Case(
        name="sibling_form",
        story="The same from a sibling sub-domain, which an attacker may have taken over.",
        turns=(_write(("sec-fetch-site", "same-site"), ("origin", "https://blog.shop.example")),),
        refused="csrf.cross_site",
    ),
    Case(
        name="old_browser_form",
        story="The same in a browser that sends `Origin` but no fetch metadata.",
        turns=(_write(("origin", "https://evil.example")),),
        refused="csrf.cross_site",
    ),
    Case(
        name="null_origin",
        story="The same from a sandboxed frame, whose origin is `null`.",
        turns=(_write(("origin", "null")),),
        refused="csrf.cross_site",
    ),
    Case(
        name="scheme_differs",
        story="A network attacker who controls the plain-HTTP origin of the same host sends the form from there.",
        turns=(_write(("origin", "http://{host}")),),
        refused="csrf.cross_site",
    ),
    Case(
        name="json_as_text",
        story="JSON sent as plain text, which a browser sends without asking first.",
        turns=(_write(("sec-fetch-site", "cross-site"), ("content-type", "text/plain"), body=b'{"amount":1000}'),),
        refused="csrf.cross_site",
        sources=("CVE-2021-32677",),
    ),
    Case(
        name="sign_in",
        story="An attacker signs the visitor in to the attacker's own account, to collect what is entered there.",
        turns=(Ask(at=Place.SIGN_IN, method="POST", headers=(("sec-fetch-site", "cross-site"),)),),
        refused="csrf.cross_site",
        sources=("CVE-2021-21241",),
    ),
    Case(
        name="socket",
        story="A page of another site opens a WebSocket with the visitor's cookies.",
        turns=(Ask(at=Place.SOCKET, kind="websocket", headers=(("origin", "https://evil.example"),)),),
        refused="csrf.cross_site",
        sources=("CWE-1385",),
    ),
    Case(
        name="same_origin_form",
        story="A form of this site.",
        turns=(_write(("sec-fetch-site", "same-origin"), ("origin", "https://{host}")),),
        honest=True,
    ),
    Case(
        name="typed_address",
        story="A request that the visitor started himself: bookmark, address bar.",
        turns=(Ask(headers=(("sec-fetch-site", "none"),)),),
        honest=True,
    ),
    Case(
        name="old_browser_own_form",
        story="A form of this site in a browser that sends only `Origin`.",
        turns=(_write(("origin", "https://{host}")),),
        honest=True,
    ),
    Case(
        name="link_from_elsewhere",
        story="A link on another site to a page here.",
        turns=(Ask(headers=(("sec-fetch-site", "cross-site"),)),),
        honest=True,
    ),
    Case(name="program", story="A program without cookies, fetch metadata or origin.", turns=(_write(),), honest=True),
    Case(
        name="trusted_origin",
        story="A form of the payment provider that the site trusts by name.",
        turns=(_write(("sec-fetch-site", "cross-site"), ("origin", "https://pay.example")),),
        honest=True,
        options={"trusted_origins": ("https://pay.example",)},
    ),
    Case(
        name="own_socket",
        story="A WebSocket opened by a page of this site.",
        turns=(Ask(at=Place.SOCKET, kind="websocket", headers=(("origin", "https://{host}"),)),),
        honest=True,
    ),
    Case(
        name="old_browser_session",
        story="The cross-site form, in a browser from before 2020 that says nothing of where it comes from.",
        turns=(_SIGN_IN, _write()),
        refused="csrf.no_token",
        sources=("CWE-352",),
    ),
    Case(
        name="old_browser_multipart",
        story="The same as multipart, where a hidden frame can send it too.",
        turns=(_SIGN_IN, _write(_MULTIPART, body=_parts(b"guessed"))),
        refused="csrf.no_token",
    ),
    Case(
        name="anothers_token",
        story="The same with a valid token, which the attacker was given for a session of their own.",
        turns=(
            Ask(at=Place.SIGN_IN, method="POST", headers=(_SAME,), jar="attacker"),
            Ask(at=Place.PRIVATE, jar="attacker"),
            _SIGN_IN,
            Ask(at=Place.WRITE, method="POST", body=b"csrf_token={token}", form_of="attacker"),
        ),
        refused="csrf.no_token",
    ),
    Case(
        name="token_before_sign_in",
        story="The same with the token of the session as it was before the sign-in, which the attacker had planted.",
        turns=(
            replace(_REMEMBER, jar="before"),
            replace(_SIGN_IN, takes_cookies_of="before"),
            _write(body=b"csrf_token={token}", form_of="before"),
        ),
        refused="csrf.no_token",
        sources=("CVE-2021-21241",),
    ),
    Case(
        name="old_browser_token_form",
        story="A form of this site with its token, in a browser from before 2020.",
        turns=(_SIGN_IN, Ask(at=Place.PRIVATE), _write(body=b"amount=7&csrf_token={token}")),
        honest=True,
    ),
    Case(
        name="old_browser_token_multipart",
        story="The same as multipart.",
        turns=(_SIGN_IN, Ask(at=Place.PRIVATE), _write(_MULTIPART, body=_parts(b"{token}"))),
        honest=True,
    ),
    Case(
        name="old_browser_token_header",
        story="A script of this site that sends the token in a header.",
        turns=(
            _SIGN_IN,
            Ask(at=Place.PRIVATE),
            _write(("x-csrf-token", "{token}"), ("content-type", "application/json"), body=b'{"amount":7}'),
        ),
        honest=True,
    ),
)
