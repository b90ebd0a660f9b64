"""The kinds of text that come in: how long, of which characters, in which form. Oversize and bad Unicode end here."""

from __future__ import annotations

import re
from typing import Annotated
from unicodedata import normalize
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from buckler.accounts import AccountError
from buckler.accounts.addresses import address
from buckler.accounts.tables import MAX_EMAIL
from examples.conduit.models import MAX_DESCRIPTION, MAX_SLUG, MAX_TAG, MAX_TITLE, MAX_URL, MAX_USERNAME

MAX_BODY = 100_000
MAX_BIO = 2_000
MAX_COMMENT = 5_000
MAX_TAGS = 20
MAX_PAGE = 100
MAX_OFFSET = 100_000
MAX_ID = 2**31 - 1
MAX_PASSWORD = 1024  # as Buckler's `Passwords` has it, which also says what a password must be; here it only ends early

# Control characters, line separators, and the marks that turn the direction of text: a name made of them can look like another.
_NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_NOT_IN_PROSE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
# ASCII on purpose: with letters of every script, two names that look alike could be two people.
_USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def wrong(message: str) -> PydanticCustomError:
    """Return a validation error in our own words."""
    return PydanticCustomError("conduit", message)


def _line(text: str) -> str:
    if _NOT_IN_A_LINE.search(text):
        raise wrong("must not contain control characters")
    return normalize("NFC", text.strip())


def _prose(text: str) -> str:
    text = text.replace("\r\n", "\n")  # as HTML forms send line ends
    if _NOT_IN_PROSE.search(text):
        raise wrong("must not contain control characters")
    return normalize("NFC", text)


def _filled(text: str) -> str:
    if not text.strip():
        raise wrong("can't be blank")
    return text


def _username(text: str) -> str:
    if not _USERNAME.fullmatch(text):
        raise wrong("may have letters a to z, digits, '.', '_' and '-', and begins with a letter or digit")
    return text


def _email(text: str) -> str:
    try:
        return address(text)
    except AccountError:
        raise wrong("is not an e-mail address") from None


def _password(text: str) -> str:
    if "\x00" in text:
        raise wrong("must not contain control characters")
    return text


def _image(text: str | None) -> str | None:
    """Only https: a `javascript:` or `data:` address never reaches a page, and http would be blocked there anyway."""
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        good = parts.scheme == "https" and bool(parts.hostname) and not (set(text) & set(" \"'<>\\`"))
    except ValueError:
        good = False
    if not good:
        raise wrong("must be an address that begins with https://")
    return text


def _none_if_blank(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _unique(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


Line = AfterValidator(_line)
Filled = AfterValidator(_filled)
Username = Annotated[str, Field(max_length=MAX_USERNAME), Line, Filled, AfterValidator(_username)]
Email = Annotated[str, Field(max_length=MAX_EMAIL), Line, Filled, AfterValidator(_email)]
SignInEmail = Annotated[str, Field(max_length=MAX_EMAIL), Line, Filled]
Password = Annotated[str, Field(max_length=MAX_PASSWORD), Filled, AfterValidator(_password)]
Title = Annotated[str, Field(max_length=MAX_TITLE), Line, Filled]
Description = Annotated[str, Field(max_length=MAX_DESCRIPTION), Line, Filled]
Body = Annotated[str, Field(max_length=MAX_BODY), AfterValidator(_prose), Filled]
CommentBody = Annotated[str, Field(max_length=MAX_COMMENT), AfterValidator(_prose), Filled]
Tag = Annotated[str, Field(max_length=MAX_TAG), Line, Filled]
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS), AfterValidator(_unique)]
Bio = Annotated[Annotated[str, Field(max_length=MAX_BIO), AfterValidator(_prose)] | None, BeforeValidator(_none_if_blank)]
Image = Annotated[Annotated[str, Field(max_length=MAX_URL), Line, AfterValidator(_image)] | None, BeforeValidator(_none_if_blank)]
# What only looks something up: there is no such user or article if it is odd, but it must be text that a database can take.
Name = Annotated[str, Field(max_length=MAX_USERNAME), Line]
TagName = Annotated[str, Field(max_length=MAX_TAG), Line]
Slug = Annotated[str, Field(max_length=MAX_SLUG), Line]
