"""The one door to nh3: what HTML of ours may hold when somebody else's text went into it."""

from __future__ import annotations

import nh3

_TAGS = {
    *("p", "br", "hr", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "code", "em", "strong", "s", "ul", "ol", "li", "a", "img"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt", "title"}, "ol": {"start"}}
# What can be scrolled sideways can be reached by the keyboard (WCAG 2.2, 2.1.1).
_FIXED = {
    "img": {"loading": "lazy", "decoding": "async", "referrerpolicy": "no-referrer"},
    "pre": {"tabindex": "0"},
}
_SCHEMES = {"https", "http", "mailto"}
# `nofollow ugc`: who wrote it is not us (Google Search Central, "Qualify your outbound links"); the rest: the page that is opened
# learns nothing of this one.
_REL = "nofollow ugc noopener noreferrer"


def sanitised(html: str) -> str:
    """Return `html` with nothing but the tags, attributes and schemes named here. The second wall: what comes in has no raw HTML."""
    return nh3.clean(
        html,
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes=_ATTRIBUTES,
        attribute_filter=_filter,
        set_tag_attribute_values=_FIXED,
        url_schemes=_SCHEMES,
        link_rel=_REL,
        strip_comments=True,
    )


def _filter(tag: str, attribute: str, value: str) -> str | None:
    """Pictures come over https alone: anything else would be blocked by the page's own policy, with an error in the console."""
    if tag == "img" and attribute == "src" and not value.startswith("https://"):
        return None
    return value
