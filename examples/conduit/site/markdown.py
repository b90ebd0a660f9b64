"""The one door to markdown-it: an article's Markdown as HTML."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markupsafe import Markup

from examples.conduit.site.sanitise import sanitised

if TYPE_CHECKING:
    from markdown_it.token import Token

_KEPT = 128  # rendered articles; a body is at most 100,000 characters, so a worker keeps at most some 50 MB of the longest
_LOWEST = 6

# `html` is off: a tag in an article is text, and is shown as it was written. No `linkify`: it needs a further package.
_parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


@lru_cache(maxsize=_KEPT)
def rendered(text: str) -> Markup:
    """Return the HTML of `text`, sanitised. Headings begin at the second level: the first is the title's.

    Costs about 1 ms for every 3,000 characters the first time: call it in a thread for long ones.
    """
    tokens = _parser.parse(text)
    _settle_headings([token for token in tokens if token.type in {"heading_open", "heading_close"}])
    return Markup(sanitised(_parser.renderer.render(tokens, _parser.options, {})))  # noqa: S704  # sanitised on this very line


def _settle_headings(headings: list[Token]) -> None:
    """The highest level that an article uses becomes the second, the next one the third: none is left out, whatever it began with
    (WCAG 2.2, 1.3.1)."""
    levels = {tag: min(number, _LOWEST) for number, tag in enumerate(sorted({token.tag for token in headings}), 2)}
    for token in headings:
        token.tag = f"h{levels[token.tag]}"
