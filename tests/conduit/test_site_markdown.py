from __future__ import annotations

import asyncio
import re

import pytest

from examples.conduit.site.markdown import Articles, rendered
from examples.conduit.site.sanitise import sanitised

RAW = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "<a href=' &#1;javascript:alert(1)'>x</a>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "<form action=/logout method=post><button>x</button></form>",
    "<input autofocus onfocus=alert(1)>",
    "<base href=//evil.example>",
    "<style>*{background:url(//evil.example)}</style>",
    "<p style='background:url(//evil.example)' class=navbar id=main>x</p>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<object data=javascript:alert(1)></object><embed src=javascript:alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<!--><img src=x onerror=alert(1)>-->",
]
WRITTEN = [
    *RAW,
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:alert(1))",
    "[x](file:///etc/passwd)",
    "![x](javascript:alert(1))",
    "![x](data:image/svg+xml,<svg/onload=alert(1)>)",
    "![x](http://evil.example/pixel)",
    "<javascript:alert(1)>",
    '[x](https://a.example "onmouseover=\\"alert(1)")',
    '[x](https://a.example"onmouseover="alert(1))',
    "[x]: javascript:alert(1)\n\n[x]",
    "`<script>alert(1)</script>`",
    "```html\n<script>alert(1)</script>\n```",
    '```"><script>alert(1)</script>\nx\n```',
]
_TAG = re.compile(r"<([a-z0-9]+)((?:\s+[a-z]+=\"[^\"]*\")*)\s*/?>")
_FINE = {"tabindex", "href", "title", "src", "alt", "start", "rel", "loading", "decoding", "referrerpolicy"}


def is_inert(html: str) -> bool:
    """Every `<` begins a known tag with known attributes, and every address has a harmless scheme. Deliberately not a parser of HTML:
    this grammar is so strict that no browser can read it in another way."""
    rest = re.sub(r"</[a-z0-9]+>", "", html)
    for tag, attributes in _TAG.findall(rest):
        if tag in {"script", "style", "form", "input", "iframe", "base", "meta", "svg", "math", "template", "object", "embed"}:
            return False
        for name, value in re.findall(r"([a-z]+)=\"([^\"]*)\"", attributes):
            if name not in _FINE or (name in {"href", "src"} and not re.match(r"https?://|mailto:|/|#|$", value)):
                return False
    return "<" not in _TAG.sub("", rest)


@pytest.mark.parametrize("text", WRITTEN)
def test_what_is_written_is_inert(text: str) -> None:
    assert is_inert(rendered(text))
    assert is_inert(rendered(f"> - {text}"))


@pytest.mark.parametrize("html", RAW)
def test_the_second_wall_holds_alone(html: str) -> None:
    assert is_inert(sanitised(html))


def test_the_judge_has_teeth() -> None:
    assert not any(is_inert(html) for html in RAW if "<!--" not in html)


def test_tags_are_shown_as_text() -> None:
    assert rendered("a <b>bold</b> claim") == "<p>a &lt;b&gt;bold&lt;/b&gt; claim</p>\n"


def test_headings_begin_below_the_title() -> None:
    assert rendered("# one\n\n###### six") == "<h2>one</h2>\n<h3>six</h3>\n"
    assert rendered("### three\n\n## two\n\n# one") == "<h4>three</h4>\n<h3>two</h3>\n<h2>one</h2>\n"
    assert rendered("\n\n".join(f"{'#' * level} x" for level in range(1, 7))).endswith("<h6>x</h6>\n<h6>x</h6>\n")


def test_links_say_that_they_are_not_ours() -> None:
    html = rendered('[x](https://a.example "t") <me@a.example> [y](/tag/a)')
    assert '<a href="https://a.example" title="t" rel="nofollow ugc noopener noreferrer">x</a>' in html
    assert 'href="mailto:me@a.example"' in html
    assert '<a href="/tag/a" rel=' in html


def test_pictures_come_over_https_and_tell_nobody_who_reads() -> None:
    html = rendered("![a boat](https://a.example/b.png)")
    assert all(part in html for part in ('src="https://a.example/b.png"', 'alt="a boat"', 'loading="lazy"', 'referrerpolicy="no-referrer"'))
    assert "src=" not in rendered("![x](http://a.example/b.png)")


def test_ordinary_markdown_is_kept() -> None:
    html = rendered("**a** *b* ~~c~~ `d`\n\n1. e\n\n> f\n\n---\n\n3. i")
    for part in (
        "<strong>a</strong>",
        "<em>b</em>",
        "<s>c</s>",
        "<code>d</code>",
        "<ol>",
        "<blockquote>",
        "<hr>",
        '<ol start="3">',
    ):
        assert part in html


def test_an_address_that_is_used_thousands_of_times_does_not_blow_the_page_up() -> None:
    text = f"[a]: https://a.example/{'a' * 3_000}\n\n{'[a] ' * 20_000}"
    html = rendered(text)
    assert len(html) < 2 * len(text)
    assert html.startswith('<pre tabindex="0">[a]: https://')


async def test_long_articles_are_rendered_in_a_thread_and_all_are_kept() -> None:
    text, articles = "Some *words*.\n\n" * 1_000, Articles()
    first = await articles.html(text)
    assert first == rendered(text)
    assert await articles.html(text) is first
    assert await articles.html("*short*") == "<p><em>short</em></p>\n"


async def test_two_readers_of_one_new_article_count_it_once() -> None:
    text, articles = "Some *words*.\n\n" * 1_000, Articles()
    await asyncio.gather(articles.html(text), articles.html(text))
    assert articles._chars == len(text) + len(rendered(text))


async def test_what_was_read_longest_ago_makes_room() -> None:
    articles = Articles(max_chars=60)
    a, b = await articles.html("a" * 10), await articles.html("b" * 10)
    assert await articles.html("a" * 10) is a
    await articles.html("c" * 10)
    assert await articles.html("a" * 10) is a
    assert await articles.html("b" * 10) is not b
    await articles.html("d" * 100)
    assert articles._chars == 0
