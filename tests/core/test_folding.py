from __future__ import annotations

import pytest

from buckler.core.folding import folded


@pytest.mark.parametrize("spelling", ["john", "John", "JOHN", "ｊohn", " john ", "jo\u200bhn", "jo\u00adhn"])  # noqa: RUF001  # that is the test
def test_spellings_of_one_account_are_one(spelling: str) -> None:
    """CVE-2026-47203"""
    assert folded(spelling) == "john"


def test_accounts_that_differ_stay_apart() -> None:
    assert len({folded(name) for name in ("john", "jon", "jöhn", "")}) == 4
    assert folded("STRASSE") == folded("straße")
