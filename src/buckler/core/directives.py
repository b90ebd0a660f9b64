"""Cache directives: the list of `Cache-Control` (RFC 9111, section 5.2), and the stricter one of targeted fields (RFC 9213)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_MEMBER = re.compile(rb'[ \t]*+(%s)(?:=(%s|"(?:[^"\\]|\\.)*+"))?+[ \t]*+(?:,|\Z)' % (_TOKEN, _TOKEN), re.DOTALL)
_NAME = re.compile(rb"[ \t]*+(%s)" % _TOKEN)
_DIGITS = re.compile(rb"\d+")
_MAX_BYTES = 4096
MAX_S = 2**31  # RFC 9111, section 1.2.2: what is longer counts as this
# Directives that forbid. A member that cannot be read still forbids when it begins with one of these words.
_STRICT = frozenset({b"no-store", b"no-cache", b"private", b"must-revalidate", b"proxy-revalidate", b"no-transform"})


class Directives:
    """What one field says. Names are lower-case; a value is without its quotes, None where there is none."""

    __slots__ = ("said",)

    def __init__(self, said: Mapping[bytes, bytes | None]) -> None:
        self.said = said

    def __contains__(self, name: bytes) -> bool:
        return name in self.said

    def __bool__(self) -> bool:
        return bool(self.said)

    def seconds(self, name: bytes) -> int | None:
        """Return the number, None where the directive is not there, and 0 for what is no number: such a response counts as stale."""
        value = self.said.get(name, b"") if name in self.said else None
        if name not in self.said:
            return None
        if value is None or not _DIGITS.fullmatch(value):
            return 0
        return min(int(value[:20]), MAX_S)

    def forbids(self, name: bytes) -> bool:
        """Whether `private` or `no-cache` is there in its plain form, for the whole response."""
        return name in self.said and not self.said[name]

    def fields(self, name: bytes) -> frozenset[bytes]:
        """Return the fields that `private` or `no-cache` names: `private="set-cookie, x-who"`."""
        value = self.said.get(name)
        return frozenset(part.strip().lower() for part in value.split(b",") if part.strip()) if value else frozenset()


NOTHING = Directives({})


@lru_cache(maxsize=1024)
def _parsed(value: bytes) -> Directives:
    said: dict[bytes, bytes | None] = {}
    at = 0
    while at < len(value):
        member = _MEMBER.match(value, at)
        if member is None:
            at = _skip(value, at, said)
            continue
        at = member.end()
        raw = member[2]
        if raw is not None and raw.startswith(b'"'):
            raw = re.sub(rb"\\(.)", rb"\1", raw[1:-1], flags=re.DOTALL)
        _add(said, member[1].lower(), raw)
    return Directives(said)


def _skip(value: bytes, at: int, said: dict[bytes, bytes | None]) -> int:
    """Pass over a member that cannot be read; what forbids, forbids nonetheless."""
    name = _NAME.match(value, at)
    if name is not None and name[1].lower() in _STRICT:
        said[name[1].lower()] = None
    comma = value.find(b",", at)
    return len(value) if comma < 0 else comma + 1


def _add(said: dict[bytes, bytes | None], name: bytes, value: bytes | None) -> None:
    """Of a directive that is there twice, the stricter one counts: the smaller number, the form without a list."""
    if name in said:
        before = said[name]
        if value is None or before is None:
            value = None
        elif name in _STRICT:
            value = before + b"," + value
        else:
            value = min(before, value, key=lambda number: int(number[:20]) if _DIGITS.fullmatch(number) else 0)
    said[name] = value


def read_directives(value: bytes) -> Directives:
    """Return what a `Cache-Control` field says. One of more than 4 KiB says `no-store`: nobody writes such a field in earnest."""
    if not value:
        return NOTHING
    return _parsed(value) if len(value) <= _MAX_BYTES else Directives({b"no-store": None})


# ---- targeted fields: a dictionary of structured fields (RFC 9651, section 3.2), of which the cache knows booleans and integers

_KEY = rb"[a-z*][a-z0-9_\-.*]*+"
_BARE = rb'(?:-?\d{1,15}(?:\.\d{1,3})?|"(?:[ !#-\[\]-~]|\\["\\])*+"|[A-Za-z*][!#$%&\'*+\-.^_`|~0-9A-Za-z:/]*+|:[A-Za-z0-9+/=]*+:|\?[01])'
_SF_MEMBER = re.compile(rb"(%s)(?:=(%s))?+(?:;[ ]*+%s(?:=%s)?+)*+" % (_KEY, _BARE, _KEY, _BARE))
_SF_COMMA = re.compile(rb"[ \t]*+,[ \t]*+(?=[a-z*])")
_INTEGER = re.compile(rb"-?\d+")
_NUMBERS = frozenset({b"max-age", b"s-maxage", b"stale-while-revalidate", b"stale-if-error"})


@lru_cache(maxsize=256)
def read_targeted(value: bytes) -> Directives | None:
    """Return what a targeted field says (RFC 9213, section 2.1), or None when it is to be ignored: it is no dictionary, or a number in
    it is none."""
    text = value.strip(b" ")
    said: dict[bytes, bytes | None] = {}
    at = 0
    while at < len(text):
        member = _SF_MEMBER.match(text, at)
        if member is None:
            return None
        name, raw = member[1], member[2]
        if name in _NUMBERS and (raw is None or not _INTEGER.fullmatch(raw)):
            return None
        if raw != b"?0":
            said[name] = None if raw in {None, b"?1"} else raw.strip(b'"')
        at = member.end()
        if at < len(text):
            comma = _SF_COMMA.match(text, at)
            if comma is None:
                return None
            at = comma.end()
    return Directives(said) if said else None


_STRING = re.compile(rb'"((?:[ !#-\[\]-~]|\\["\\])*+)"(?:;[^,"]*+)?+')


def read_strings(value: bytes, at_most: int) -> list[str]:
    """Return the strings of a list of structured fields, as `Cache-Groups` is one (RFC 9875); none when it is anything else."""
    found: list[str] = []
    text, at = value.strip(b" \t"), 0
    while at < len(text):
        item = _STRING.match(text, at)
        if item is None:
            return []
        found.append(item[1].replace(b"\\", b"").decode("ascii"))
        at = item.end()
        rest = text[at:].lstrip(b" \t")
        if not rest:
            break
        if not rest.startswith(b",") or not rest[1:].strip(b" \t"):
            return []
        at = len(text) - len(rest[1:].lstrip(b" \t"))
    return found[:at_most]


def joined(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    """Return all values of `name` (lower-case), joined as one list; b"" where there is none."""
    return b", ".join(value for key, value in headers if key == name)
