"""The one door to markdown-it: an article's Markdown as HTML."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from markdown_it import MarkdownIt
from markupsafe import Markup

from examples.conduit.site.sanitise import sanitised

if TYPE_CHECKING:
    from markdown_it.token import Token

_KEPT_CHARS = 8_000_000  # of Markdown and HTML together: at most 32 MB a worker, and thousands of ordinary articles
_LOWEST = 6
_LONG = 4_000  # characters that take longer than a request should hold up all others
_ADDRESSES = 2  # how many times longer than the whole text its addresses may become
_ONE = CapacityLimiter(1)  # rendering long articles may take a half of the interpreter's time, and never more

# `html` is off: a tag in an article is text, and is shown as it was written. No `linkify`: it needs a further package. No tables: a row
# is filled up to the width of the first one, and 100 kB of text then cost seconds.
_parser = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")


class Articles:
    """The articles that were read last, rendered. Bounded by characters, not by number: somebody may write many very long ones."""

    def __init__(self, max_chars: int = _KEPT_CHARS) -> None:
        self._kept: OrderedDict[str, Markup] = OrderedDict()
        self._chars, self._max_chars = 0, max_chars

    async def html(self, text: str) -> Markup:
        """Return `rendered(text)`; where that takes long, from a thread."""
        found = self._kept.get(text)
        if found is None:
            found = rendered(text) if len(text) < _LONG else await run_sync(rendered, text, limiter=_ONE)
            self._keep(text, found)
        else:
            self._kept.move_to_end(text)
        return found

    def _keep(self, text: str, html: Markup) -> None:
        if text not in self._kept:  # two may have waited for the same article
            self._kept[text] = html
            self._chars += len(text) + len(html)
        while self._chars > self._max_chars:
            oldest, gone = self._kept.popitem(last=False)
            self._chars -= len(oldest) + len(gone)


def rendered(text: str) -> Markup:
    """Return the HTML of `text`, sanitised. Headings begin at the second level: the first is the title's.

    Costs about 1 ms for every 1,000 characters the first time.
    """
    tokens = _parser.parse(text)
    if _amplified(tokens) > _ADDRESSES * len(text):
        return Markup('<pre tabindex="0">{}</pre>').format(text)
    _settle_headings([token for token in tokens if token.type in {"heading_open", "heading_close"}])
    return Markup(sanitised(_parser.renderer.render(tokens, _parser.options, {})))  # noqa: S704  # sanitised on this very line


def _amplified(tokens: list[Token]) -> int:
    """Return how long all addresses and titles are together. One that is defined once and used thousands of times would turn 100 kB
    of text into 70 MB of page."""
    return sum(len(str(value)) for token in tokens for child in token.children or () for value in child.attrs.values())


def _settle_headings(headings: list[Token]) -> None:
    """The highest level that an article uses becomes the second, the next one the third: none is left out, whatever it began with
    (WCAG 2.2, 1.3.1)."""
    levels = {tag: min(number, _LOWEST) for number, tag in enumerate(sorted({token.tag for token in headings}), 2)}
    for token in headings:
        token.tag = f"h{levels[token.tag]}"
