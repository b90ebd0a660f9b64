"""The page of the cache's rows: some 6 KiB of HTML from a template with forty articles, made anew each time or kept."""

from __future__ import annotations

from jinja2 import Environment

CALLS = "/calls"  # how often the page was made
TTL_S = 600

_ARTICLES = [
    {"slug": f"how-to-fold-a-chart-{number}", "title": f"How to fold a chart, part {number}", "likes": number * 7 % 40}
    for number in range(40)
]
_TEMPLATE = Environment(autoescape=True).from_string(
    "<!doctype html><html lang=en><head><meta charset=utf-8><title>{{ title }}</title></head><body><main><h1>{{ title }}</h1><ol>"
    "{% for item in articles %}<li><a href='/articles/{{ item.slug }}'>{{ item.title }}</a> "
    "<span class='likes'>{{ item.likes }}</span></li>{% endfor %}</ol></main></body></html>"
)
made = 0


def render() -> str:
    """Return the page, and count that it was made."""
    global made  # noqa: PLW0603  # one process, one count: it proves that a kept page is not made again
    made += 1
    return _TEMPLATE.render(title="Charts & folding", articles=_ARTICLES)
