"""What is kept becomes an answer to one request: its age, its conditions, its range, its coding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from buckler.cache.encodings import chosen
from buckler.core.dates import read_date

if TYPE_CHECKING:
    from buckler.core.headers import Header
    from buckler.core.request import Request
    from buckler.guard.cache.stored import Stored

NAME = b"buckler"
_KEPT_BY_304 = frozenset({b"cache-control", b"content-location", b"date", b"etag", b"expires", b"vary", b"last-modified", b"cache-groups"})
_RANGE = re.compile(rb"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")  # one range; several at once are work for an attacker (CVE-2025-62727)
_TAG = re.compile(rb'(?:[Ww]/)?"[^"]*"')


class Reply(NamedTuple):
    """A head and a body, as they are sent. The body of a HEAD is left out by whoever sends it."""

    status: int
    headers: list[Header]
    body: bytes


def hit(stored: Stored, request: Request, now_s: float) -> Reply:
    """Return the answer from the cache: with `Age`, and `Cache-Status` (RFC 9211)."""
    age_s = stored.age(now_s)
    return _reply(stored, request, int(age_s), b"%b; hit; ttl=%d" % (NAME, int(stored.lifetime_s - age_s)))


def fresh_from_origin(stored: Stored, request: Request, status: bytes) -> Reply:
    """Return the answer that the application has just given, in the form in which it is kept. `Age` is shown where it came with one."""
    return _reply(stored, request, int(stored.age_s) if stored.age_s >= 1 else None, status)


def _reply(stored: Stored, request: Request, age_s: int | None, status: bytes) -> Reply:
    headers = request.headers
    coding = b""
    if stored.packed and b"accept-encoding" in headers:
        coding = chosen(headers[b"accept-encoding"], tuple(stored.packed))
    head = _head(stored, coding, age_s, status)
    is_plain = b"if-none-match" not in headers and b"if-modified-since" not in headers and b"range" not in headers
    if is_plain or stored.status != 200:
        return Reply(stored.status, head, stored.packed[coding] if coding else stored.body)
    if _is_unchanged(stored, request, coding):
        return Reply(304, [item for item in head if item[0] in _KEPT_BY_304 or item[0] in {b"age", b"cache-status"}], b"")
    return _ranged(stored, request, head, coding)


def _head(stored: Stored, coding: bytes, age_s: int | None, status: bytes) -> list[Header]:
    """Put the head together, or take the one of the last visitor in this second."""
    if stored.shown_age_s == age_s and stored.shown_of == coding + status:
        return list(stored.shown)
    head = list(stored.headers)
    if coding:
        head = [item for item in head if item[0] not in {b"etag", b"accept-ranges"}]
        head += [(b"content-encoding", coding), (b"etag", coded_tag(stored.etag, coding))]
    length = len(stored.packed[coding] if coding else stored.body)
    if stored.status not in {204, 304}:  # RFC 9110, section 8.6: no length with 204
        head.append((b"content-length", b"%d" % length))
    if age_s is not None:
        head.append((b"age", b"%d" % age_s))
        stored.shown_age_s, stored.shown_of = age_s, coding + status
        stored.shown = [*head, (b"cache-status", status)]
    head.append((b"cache-status", status))
    return head


def coded_tag(etag: bytes, coding: bytes) -> bytes:
    """Return the entity tag of a body in another coding: other bytes, so another strong tag (RFC 9110, section 8.8.3.3)."""
    return etag[:-1] + b"-" + coding + b'"' if etag.endswith(b'"') else etag


def _is_unchanged(stored: Stored, request: Request, coding: bytes) -> bool:
    """Whether the visitor has it already (RFC 9110, sections 13.1.2 and 13.1.3; `If-None-Match` counts before the date)."""
    known = request.headers.get(b"if-none-match")
    if known is not None:
        mine = {opaque(stored.etag), opaque(coded_tag(stored.etag, coding)) if coding else b""} - {b""}
        return known.strip() == b"*" or any(opaque(tag) in mine for tag in _TAG.findall(known)) or opaque(known.strip()) in mine
    since_s = read_date(request.headers.get(b"if-modified-since", b""))
    if since_s is None:
        return False
    changed_s = stored.modified_s if stored.modified_s is not None else stored.at_s - stored.age_s
    return changed_s <= since_s


def opaque(tag: bytes) -> bytes:
    """Return the tag without its mark of weakness: for `If-None-Match` both kinds are compared alike."""
    return tag[2:] if tag[:2] in {b"W/", b"w/"} else tag


def _ranged(stored: Stored, request: Request, head: list[Header], coding: bytes) -> Reply:
    """Return a part, where one is asked for that exists; else the whole (RFC 9110, section 14.2)."""
    body = stored.packed[coding] if coding else stored.body
    asked = request.headers.get(b"range")
    if asked is None or request.method != "GET" or not _is_same(stored, request.headers.get(b"if-range"), coding):
        return Reply(200, head, body)
    found = _RANGE.fullmatch(asked.strip())
    if found is None:
        return Reply(200, head, body)
    size = len(body)
    begin, end = bounds(found[1], found[2], found[3], size)
    rest = [item for item in head if item[0] != b"content-length"]
    if begin > end:
        return Reply(416, [*rest, (b"content-range", b"bytes */%d" % size), (b"content-length", b"0")], b"")
    part = body[begin : end + 1]
    rest += [(b"content-range", b"bytes %d-%d/%d" % (begin, end, size)), (b"content-length", b"%d" % len(part))]
    return Reply(206, rest, part)


def bounds(first: bytes | None, last: bytes | None, suffix: bytes | None, size: int) -> tuple[int, int]:
    """Return the first and the last byte that a range means; the first behind the last where it means none."""
    if suffix is not None:
        length = int(suffix)
        return (max(0, size - length), size - 1) if length else (1, 0)
    begin = int(first or b"0")
    end = min(int(last), size - 1) if last else size - 1
    return begin, end


def _is_same(stored: Stored, condition: bytes | None, coding: bytes) -> bool:
    """Whether `If-Range` holds: a strong tag that is ours, or the very date (RFC 9110, section 13.1.5)."""
    if condition is None:
        return True
    tag = coded_tag(stored.etag, coding) if coding else stored.etag
    if condition.startswith(b'"'):
        return condition == tag
    return stored.modified_s is not None and read_date(condition) == stored.modified_s
