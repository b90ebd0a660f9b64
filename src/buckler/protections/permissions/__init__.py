"""`permissions`: what a page does not need, no script on it can ask for.

Stops:
    A script that got into a page, or a frame in it, from using camera, microphone, position, payment, USB and the other powerful
    features of a browser.

How:
    Sends `Permissions-Policy` with every powerful feature that the application did not `allow`, switched off. Only names that
    Chromium knows are sent, since it is the browser that reads this header: an unknown one would be a warning in every visitor's
    console.

Does not stop:
    What the browser offers without asking: reading the page and sending it elsewhere (`csp` limits where to). Firefox and Safari do
    not read the header yet: there the visitor is asked, as ever.

Turn off when:
    A layer in front sends the header. A page that needs a feature says so: `Permissions(allow={"camera": ["self"]})`.

Sources:
    W3C Permissions Policy, and its registry of features (permissions-policy/features.md); CWE-272.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, ClassVar

from buckler.core.options import need, need_strings, options
from buckler.core.protection import Card, Steps
from buckler.errors import UnknownOptionError
from buckler.protections.permissions.cases import CASES
from buckler.protections.permissions.features import ON_REQUEST, POWERFUL

if TYPE_CHECKING:
    from buckler.core.site import Site

_ORIGIN = re.compile(r"https://(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{1,5})?")


@options
class Permissions:
    """`allow`: features that this site uses, each with its origins: "self", "*", or `https://maps.example`.

    The standard's report-only form is not yet known to browsers: in report-only mode nothing is sent.
    """

    card: ClassVar[Card] = Card("permissions")
    cases: ClassVar = CASES
    allow: Mapping[str, Sequence[str]] = field(default_factory=dict)
    report_only: bool = False

    def __post_init__(self) -> None:
        need(isinstance(self.allow, Mapping), "Permissions.allow", self.allow, 'name feature and origins, as in {"camera": ["self"]}')
        for feature, origins in self.allow.items():
            if feature not in POWERFUL and feature not in ON_REQUEST:
                raise UnknownOptionError("Permissions.allow", feature, [*POWERFUL, *ON_REQUEST])
            option = f"allow[{feature!r}]"
            need_strings(self, option, origins)
            for origin in origins:
                # A field that is malformed in one place is ignored as a whole: nothing odd may get in.
                good = origin in {"self", "*"} or _ORIGIN.fullmatch(origin)
                need(good, f"Permissions.{option}", origin, 'give "self", "*" or an origin such as https://maps.example')

    def steps(self, site: Site) -> Steps:  # noqa: ARG002  # the same on every site
        """Return the one constant header."""
        wanted = {**dict.fromkeys(POWERFUL, ()), **self.allow}
        value = ", ".join(f"{feature}={_listed(origins)}" for feature, origins in wanted.items())
        return Steps(headers=() if self.report_only else ((b"permissions-policy", value.encode()),))


def _listed(origins: Sequence[str]) -> str:
    """RFC 8941: a list of tokens and quoted strings; `*` stands alone."""
    if "*" in origins:
        return "*"
    return "(" + " ".join(item if item == "self" else f'"{item}"' for item in origins) + ")"
