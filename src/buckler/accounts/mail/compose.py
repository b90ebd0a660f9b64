"""From a letter to a message: words in the recipient's language, a text and an HTML part, headers that no value can break out of.

What a stranger chose (the name of a browser, of a token) is shown as words only: no mail program makes a link of it, so that nobody
writes to others in our name. Nothing is fetched when the mail is opened, and nothing in it counts who opened it.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import parseaddr
from typing import TYPE_CHECKING

from buckler.accounts import agents
from buckler.accounts.addresses import on_the_wire
from buckler.accounts.mail.post import ADDRESS, MailError
from buckler.accounts.texts import DEFAULT
from buckler.core.options import need
from buckler.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from buckler.accounts.letter import Letter
    from buckler.accounts.render import Renderer

# What a letter cannot do without. Everything else in `values` is optional, and is shown when it is there.
NEEDED: Mapping[str, str] = {"verify": "link", "reset": "link", "email_change": "link", "code": "code"}
FACTS = ("factor", "name", "provider", "email", "scopes", "agent", "address", "when", "until", "left")
_TIMES = ("when", "until")
_WORDS = ("name", "provider", "scopes", "agent")  # chosen by somebody else
_MAX_WORDS, _MAX_FACT = 100, 300
_LINK = re.compile(r"https?://[^\s<>\"\\\x00-\x1f\x7f]+")
_DOT = re.compile(r"[.\u3002](?=[^\s\d.])")


class Composer:
    """`site` is the site's name, `sender` an address, or a name with an address: "Conduit <no-reply@conduit.example>"."""

    def __init__(self, site: str, sender: str, renderer: Renderer) -> None:
        name, address = parseaddr(sender)
        need(
            ADDRESS.fullmatch(address) and sender.isprintable(),
            "Accounts.sender",
            sender,
            "give an address that mails come from, as in no-reply@shop.example",
        )
        self._site, self._renderer = " ".join(site.split()), renderer
        self._from = _named(address, name or self._site)

    def compose(self, letter: Letter, at: datetime) -> EmailMessage:
        """Return the message, dated `at`. Raises `MailError` for an address that is none, ValueError and KeyError for a letter that lacks
        what its kind needs."""
        try:
            to = _named(letter.to)
        except VerificationError:
            raise MailError("address", lasting=True) from None
        values = self._values(letter)
        message = EmailMessage(policy=SMTPUTF8)
        message["From"] = self._from
        message["To"] = to
        message["Subject"] = values["subject"]
        message["Date"] = at.astimezone(UTC)
        message["Message-ID"] = f"<{secrets.token_hex(16)}@{self._from.domain}>"
        message["X-Letter"] = letter.kind  # for filters
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence note answers it
        for part in ("plain", "html"):
            ending = "txt" if part == "plain" else part
            names = [f"letters/{letter.kind}.{ending}", f"letters/layout.{ending}"]
            body = self._renderer.text(names, letter.language, **values)
            add = message.set_content if part == "plain" else message.add_alternative
            add(body.strip() + "\n", subtype=part, cte="quoted-printable")
        message["Content-Language"] = self._renderer.texts.nearest(letter.language) or DEFAULT  # last: content takes its own headers along
        return message

    def _values(self, letter: Letter) -> dict[str, object]:
        """Everything that a template may show, whether this letter has it or not."""
        given, kind, language = letter.values, letter.kind, letter.language
        needed = NEEDED.get(kind)
        if needed and not given.get(needed):
            raise ValueError(f"the letter {kind} needs {needed}")
        link = given.get("link", "")
        if link and not _LINK.fullmatch(link):
            raise ValueError(f"the link of the letter {kind} is no address of a page")
        texts, site = self._renderer.texts, self._site
        said = {part: self._part(kind, part, language) for part in ("subject", "greeting", "button", "warning", "footer", "copy")}
        return {
            **said,
            "site": site,
            "kind": kind,
            "paragraphs": texts.lines(language, f"letters.{kind}.lines", site=site),
            "link": link if said["button"] else "",
            "code": given.get("code", ""),
            "facts": [self._fact(name, given[name], language) for name in FACTS if given.get(name)],
        }

    def _part(self, kind: str, part: str, language: str) -> str:
        for key in (f"letters.{kind}.{part}", f"letters.any.{part}"):
            if key in self._renderer.texts:
                return self._renderer.texts.say(language, key, site=self._site)
        return ""

    def _fact(self, name: str, value: str, language: str) -> tuple[str, str]:
        """Return what it is and what it says, as in ("When", "14 July 2026, 12:05 UTC")."""
        texts = self._renderer.texts
        if name == "factor" and f"factors.{value}" in texts:
            said = texts.say(language, f"factors.{value}")
        elif name in _TIMES:
            said = texts.when(language, datetime.fromisoformat(value).astimezone(UTC))
        elif name == "agent" and "/" in value and not agents.label(value).startswith(agents.UNKNOWN):
            said = agents.label(value)  # what a browser sends, said in two words
        else:
            said = inert(value) if name in _WORDS else " ".join(value.split())[:_MAX_FACT]
        return texts.say(language, f"letters.facts.{name}"), said


def inert(text: str) -> str:
    """Return `text` as words that no mail program takes for a link: printable, one line, short, without what makes an address of it.

    A full stop before a letter becomes a raised one; before a digit it stays, as in "Firefox 140.0".
    """
    plain = "".join(char if char.isprintable() else " " for char in unicodedata.normalize("NFKC", text[:_MAX_WORDS]))
    return _DOT.sub("·", " ".join(plain.replace("://", " ").replace("@", " ").split()))


def _named(address: str, name: str = "") -> Address:
    """Return the address for a header. Raises `VerificationError` for what would end a header, or a command."""
    if not ADDRESS.fullmatch(address):
        raise VerificationError("address")
    user, _, domain = on_the_wire(address).rpartition("@")
    return Address(name, user, domain)
