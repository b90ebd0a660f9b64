"""The tables of docs/why/stores.md are those of the newest measurement."""

from __future__ import annotations

from bench.stores import tables


def test_the_page_shows_the_newest_measurement() -> None:
    page = tables.PAGE.read_text(encoding="utf-8")
    assert tables.inserted(page, tables.made(tables.newest())) == page, "run `python -m bench.stores.shared`"
