"""`fingerprint`: responses do not say which software, in which version, made them.

Stops:
    A scan that collects the servers of one version, to attack them all on the day its weakness is published.

How:
    Takes `Server`, `X-Powered-By` and their like out of every response of the application. The server process adds its own
    `Server` field after Buckler: `buckler run` starts servers without it.

Does not stop:
    Somebody who looks closely: behaviour tells the server apart. It only takes away the cheap and certain way.

Turn off when:
    Never needed. To keep one field, name it: `Fingerprint(keep=["x-generator"])`.

Sources:
    ASVS 5.0 V13.4.6, V14.3.3; RFC 9110 section 17.12; CWE-200, CWE-497.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from buckler.core.options import need, need_strings, options
from buckler.core.protection import Card, Steps
from buckler.protections.fingerprint.cases import CASES, TELLING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.protection import Head
    from buckler.core.request import Request
    from buckler.core.site import Site


@options
class Fingerprint:
    """`keep`: fields to leave, in lower case. In report-only mode all are left."""

    card: ClassVar[Card] = Card("fingerprint")
    cases: ClassVar = CASES
    keep: Sequence[str] = ()
    report_only: bool = False

    def __post_init__(self) -> None:
        need_strings(self, "keep", self.keep)
        for name in self.keep:
            need(name in TELLING, "Fingerprint.keep", name, f"only these are taken out: {', '.join(TELLING)}")

    def steps(self, site: Site) -> Steps:  # noqa: ARG002  # the same on every site
        """Return the editing of heads that carry such a field; no other head pays for it."""
        if self.report_only:
            return Steps()
        taken = frozenset(name.encode() for name in TELLING if name not in self.keep)

        def dress(request: Request, head: Head) -> None:  # noqa: ARG001  # the contract of a dresser
            head.headers[:] = [item for item in head.headers if item[0] not in taken]

        return Steps(dress=dress, watch=taken)
