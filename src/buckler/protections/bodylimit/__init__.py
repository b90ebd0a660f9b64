"""`bodylimit`: a body has a size and a shape.

Stops:
    Bodies that fill memory or disk, and bodies that are small but expensive to parse: a form of a hundred thousand fields, a multipart
    body of a hundred thousand parts or with megabytes of part headers or of nothing around them, JSON nested a thousand deep.
    Whether the length is declared, declared too small, missing, or sent in chunks makes no difference.

How:
    A declared `Content-Length` over the limit is refused before a byte of the body is read. Everything else is counted while it
    streams to the application, in C and without being kept: bytes; `&` of urlencoded forms; parts, part headers, and what stands
    outside of the parts of multipart bodies; the nesting of JSON outside of strings. When a limit is passed the application hears
    that the client is gone, and the guard answers 413 in its place (400 for what cannot be read: no boundary, two boundaries, JSON
    that is not UTF-8). A body that breaks off is refused as well, whatever the application made of its beginning.
    A route that takes more says so: `body_limit(max_bytes=…)`. Requests without a body pay one look-up.

Does not stop:
    Many bodies of allowed size at once (`ratelimit`), bodies that come slowly (`deadline`), and files that are more than they seem
    (a small archive that unpacks to gigabytes). What a handler makes of a `Range` header is its own.

Turn off when:
    Never. Raise the limit for the route that needs it.

Sources:
    RFC 9110 section 15.5.14; RFC 2046 section 5.1.1; RFC 8259 section 8.1; ASVS 5.0 V5.2.1, V4.3.1; CWE-770, CWE-400, CWE-674;
    CVE-2026-54283, CVE-2023-30798, CVE-2024-24762, CVE-2024-53981, CVE-2026-42561, CVE-2023-25577, CVE-2023-46136, CVE-2026-33034.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from buckler.core.answer import Refusal, refusal
from buckler.core.marks import mark
from buckler.core.options import need, need_positive, options
from buckler.core.protection import Card, Limits, Steps
from buckler.protections.bodylimit.cases import CASES

if TYPE_CHECKING:
    from collections.abc import Callable

    from buckler.core.request import Request
    from buckler.core.site import Site

T = TypeVar("T")
MARK = "bodylimit"
_LESS = "Send less at once."
TOO_LARGE = refusal(413, "bodylimit.too_large", "The request is too large.", _LESS, mark=MARK)
TOO_MANY_FIELDS = refusal(413, "bodylimit.too_many_fields", "The form has too many fields.", _LESS)
TOO_MANY_PARTS = refusal(413, "bodylimit.too_many_parts", "The form has too many parts, or a part with too long a header.", _LESS)
TOO_DEEP = refusal(413, "bodylimit.too_deep", "The data is nested too deep.", "Send it in a flatter form.")
MALFORMED = refusal(400, "bodylimit.malformed", "The body of the request cannot be read.", "Send it again from the site's own page.")
INCOMPLETE = refusal(400, "bodylimit.incomplete", "The request ended too soon.", "Send it again.")

_MAX_DIGITS = 19  # more digits are a length that no body has, and that Python is slow to read


@options
class BodyLimit:
    """`max_bytes`: of a whole body. `max_fields`: of an urlencoded form. `max_parts`: of a multipart body, and `max_part_header_bytes` of
    the header of each. `max_depth`: of arrays and objects in JSON."""

    card: ClassVar[Card] = Card("bodylimit", (TOO_LARGE, TOO_MANY_FIELDS, TOO_MANY_PARTS, TOO_DEEP, MALFORMED, INCOMPLETE))
    cases: ClassVar = CASES
    max_bytes: int = 1_048_576  # 1 MiB, as nginx (`client_max_body_size`): any form or JSON; uploads say what they need
    max_fields: int = 1000  # as Django (`DATA_UPLOAD_MAX_NUMBER_FIELDS`)
    max_parts: int = 1000  # as Starlette (`max_fields`, `max_files`)
    max_part_header_bytes: int = 4096  # a name and a file name of 255 bytes each, percent-encoded, fit three times
    max_depth: int = 64  # as .NET (`JsonReaderOptions.MaxDepth`); CPython's own parser gives up at about a thousand
    report_only: bool = False

    def __post_init__(self) -> None:
        need_positive(self, max_bytes=self.max_bytes, max_fields=self.max_fields, max_parts=self.max_parts)
        need_positive(self, max_part_header_bytes=self.max_part_header_bytes, max_depth=self.max_depth)

    def steps(self, site: Site) -> Steps:  # noqa: ARG002  # the same on every site
        """Return the check of declared lengths, and the numbers that the guard keeps while a body arrives."""
        limit = self.max_bytes

        def check(request: Request) -> Refusal | None:
            declared = request.headers.get(b"content-length")
            return None if declared is None or length(declared) <= limit else TOO_LARGE

        limits = Limits(
            max_body_bytes=limit,
            max_fields=self.max_fields,
            max_parts=self.max_parts,
            max_part_header_bytes=self.max_part_header_bytes,
            max_depth=self.max_depth,
        )
        return Steps(check=check, limits=limits)


def length(declared: bytes) -> int:
    """Return the number that a Content-Length gives, or 0 when it gives none: then what arrives is counted all the same."""
    if not declared.isdigit():
        return 0
    return int(declared) if len(declared) <= _MAX_DIGITS else 10**_MAX_DIGITS


def body_limit(*, max_bytes: int) -> Callable[[T], T]:
    """Return a decorator that lets a route take bodies of up to `max_bytes`. Larger than the general limit, or it changes nothing."""
    good = isinstance(max_bytes, int) and not isinstance(max_bytes, bool) and max_bytes > 0
    need(good, "body_limit.max_bytes", max_bytes, "give a number of bytes over zero")
    return mark(MARK, max_bytes)
