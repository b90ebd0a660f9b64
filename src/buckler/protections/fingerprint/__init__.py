"""`fingerprint`: responses do not say which software, in which version, made them.

Stops:
    A scan that collects the servers of one version, to attack them all on the day its weakness is published.

How:
    Takes `Server`, `X-Powered-By` and their like out of every response of the application. The server process adds its own
    `Server` field after Buckler, out of reach. `buckler run` starts uvicorn without it; whoever starts uvicorn himself gives
    `--no-server-header`. Granian 2.8 has no such switch, but adds its name, without a version, only where there is no `Server`
    field: `Fingerprint(server="web")` takes that place. That is not the default, because on uvicorn the bytes would be for nothing.

Does not stop:
    Somebody who looks closely: behaviour tells the server apart. It only takes away the cheap and certain way.

Turn off when:
    Never needed. To keep one field, name it: `Fingerprint(keep=["x-generator"])`.

Sources:
    ASVS 5.0 V13.4.6; RFC 9110, section 17.12; OWASP Secure Headers Project; CWE-200, CWE-497.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from buckler.core.options import need, need_strings, options
from buckler.core.protection import Card, Steps
from buckler.protections.fingerprint.cases import CASES, TELLING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from buckler.core.protection import Head
    from buckler.core.request import Request
    from buckler.core.site import Site

_WORD = re.compile(r"[A-Za-z][A-Za-z-]{0,31}")


@options
class Fingerprint:
    """`keep`: fields to leave, in lower case. `server`: one word that the `Server` field says instead. In report-only mode all are
    left as they are."""

    card: ClassVar[Card] = Card("fingerprint")
    cases: ClassVar = CASES
    keep: Sequence[str] = ()
    server: str = ""
    report_only: bool = False

    def __post_init__(self) -> None:
        need_strings(self, "keep", self.keep)
        for name in self.keep:
            need(name in TELLING, "Fingerprint.keep", name, f"only these are taken out: {', '.join(TELLING)}")
        plain = isinstance(self.server, str) and (not self.server or _WORD.fullmatch(self.server))
        need(plain, "Fingerprint.server", self.server, 'give one plain word without a version, such as "web"')
        need(
            not self.server or "server" not in self.keep,
            "Fingerprint.server",
            self.server,
            "`keep` already leaves the field; give one of both",
        )

    def steps(self, site: Site) -> Steps:  # noqa: ARG002  # the same on every site
        """Return the editing of heads that carry such a field; no other head pays for it."""
        if self.report_only:
            return Steps()
        taken = frozenset(name.encode() for name in TELLING if name not in self.keep)

        def dress(request: Request, head: Head) -> None:  # noqa: ARG001  # the contract of a dresser
            head.headers[:] = [item for item in head.headers if item[0] not in taken]

        own = ((b"server", self.server.encode()),) if self.server else ()
        return Steps(headers=own, dress=dress, watch=taken)
