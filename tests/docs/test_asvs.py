"""The table of ASVS leaves nothing out, promises nothing that is not there, and is in our own words."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.conduit.bruno import ABSENT
from tests.docs.pages import ROOT
from tools.docs import asvs

DATA = ROOT.parent / "shared" / "data" / "asvs" / "asvs-5.0.0.flat.json"
ENTRIES = asvs.entries()
COPIED_WORDS = 8  # in a row: more than a term of the trade
PROVEN = {"id": "V6.2.1", "level": 1, "about": "Length", "state": "proven", "says": "Eight.", "proof": ["case:hosts.path_in_host"]}


@pytest.fixture(scope="module")
def standard() -> dict[str, dict[str, Any]]:
    """The requirements of our chapters, by number."""
    if not DATA.exists():
        pytest.skip(ABSENT)
    found = json.loads(DATA.read_text(encoding="utf-8"))["requirements"]
    return {item["req_id"]: item for item in found if item["chapter_id"] in asvs.CHAPTERS}


def test_every_requirement_of_these_chapters_has_a_row_in_order(standard: dict[str, dict[str, Any]]) -> None:
    assert [item["id"] for item in ENTRIES] == list(standard)


def test_levels_are_the_standards(standard: dict[str, dict[str, Any]]) -> None:
    assert {item["id"]: str(item["level"]) for item in ENTRIES} == {name: item["L"] for name, item in standard.items()}


def _runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[at : at + COPIED_WORDS]) for at in range(len(words) - COPIED_WORDS + 1)}


def test_the_words_are_ours(standard: dict[str, dict[str, Any]]) -> None:
    """The standard's text is CC BY-SA; ours is not made of it."""
    theirs = {run for item in standard.values() for run in _runs(item["req_description"])}
    for item in ENTRIES:
        assert not theirs & _runs(f"{item['about']} {item['says']}"), item["id"]


@pytest.mark.parametrize("item", ENTRIES, ids=lambda item: item["id"])
def test_an_entry_is_whole_and_what_it_names_exists(item: dict[str, Any]) -> None:
    assert asvs.wrong(item) == ""
    assert item["says"].endswith(".")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, ""),
        ({"about": ""}, "has no about"),
        ({"state": "fine"}, "has no known state"),
        ({"proof": []}, "says 'proven' without any `proof`"),
        ({"proof": ["tests/core/test_sign.py::test_of_nothing"]}, "names tests/core/test_sign.py::test_of_nothing, which does not exist"),
        ({"state": "design"}, "says 'design' without any `where`"),
        ({"state": "design", "where": ["src/no_such_file.py"]}, "names src/no_such_file.py, which does not exist"),
    ],
)
def test_the_judge_has_teeth(change: dict[str, Any], said: str) -> None:
    assert asvs.wrong({**PROVEN, **change}) == said
