"""Nothing of a protection is missing: its headings, its place, its cases, its test, its page."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from importlib import import_module
from typing import Any

import pytest

import buckler
from buckler.protections import DEFAULTS
from tests.architecture.tree import ROOT, SRC, parsed, text
from tools.docs import reasons

HEADINGS = ("Stops", "How", "Does not stop", "Turn off when", "Sources")
HERE = SRC / "buckler" / "protections"
FOLDERS = sorted(folder.name for folder in HERE.iterdir() if (folder / "__init__.py").exists())
NO_ATTACK: dict[str, str] = {}  # protection → why no attack can be played on it
each = pytest.mark.parametrize("kind", DEFAULTS, ids=lambda kind: kind.card.name)


def test_every_folder_is_a_default_and_every_default_a_folder() -> None:
    assert sorted(kind.card.name for kind in DEFAULTS) == FOLDERS


def test_every_default_is_public() -> None:
    assert {kind.__name__ for kind in DEFAULTS} <= set(buckler.__all__)


def test_every_default_has_the_reason_for_its_place() -> None:
    lines = text("src/buckler/protections/__init__.py").split("DEFAULTS", 1)[1].split("(\n", 1)[1].split("\n)", 1)[0].splitlines()
    for line in lines:
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            assert re.match(r"\w+,\s+# \S+ \S+", stripped), f"no reason beside {stripped!r}"


@each
def test_headings_are_complete_and_in_order(kind: Any) -> None:
    doc = import_module(f"buckler.protections.{kind.card.name}").__doc__ or ""
    assert doc.startswith(f"`{kind.card.name}`: ")
    assert re.findall(r"^([A-Z][a-z ]+):$", doc, re.MULTILINE) == list(HEADINGS)


@each
def test_cases_attack_and_are_honest(kind: Any) -> None:
    names = [case.name for case in kind.cases]
    assert len(names) == len(set(names))
    assert kind.card.name in NO_ATTACK or any(not case.honest for case in kind.cases), "no attack"
    assert any(case.honest for case in kind.cases), "no honest visitor"
    codes = {refusal.code for refusal in kind.card.refusals}
    for case in kind.cases:
        assert not case.refused or case.refused in codes, f"{case.name}: {case.refused} is not on the card"


@each
def test_refusal_codes_begin_with_the_name(kind: Any) -> None:
    for refusal in kind.card.refusals:
        assert refusal.code.startswith(f"{kind.card.name}.")
        assert refusal.title.endswith("."), refusal.title
        assert refusal.advice.endswith("."), refusal.advice


@each
def test_options_have_a_report_mode_and_are_told_in_the_docstring(kind: Any) -> None:
    names = {field.name for field in fields(kind)}
    assert "report_only" in names
    told = kind.__doc__ or ""
    for name in names - {"report_only"}:
        among = name.startswith("insecure_") and "`insecure_…`" in told
        assert among or f"`{name}" in told, f"the docstring of {kind.__name__} does not tell `{name}`"


@each
def test_every_default_has_its_reason_beside_it(kind: Any) -> None:
    bare = [field.name for field in fields(kind) if reasons.wants_reason(reasons.default(field)) and not reasons.reason(kind, field.name)]
    assert not bare, f"{kind.__name__}: say in a comment beside {', '.join(bare)} why it is this number or this choice, and from where"


@each
def test_it_has_a_test_of_its_own(kind: Any) -> None:
    name = kind.card.name
    assert (ROOT / "tests" / "protections" / f"test_{name}.py").exists() or (ROOT / "tests" / "protections" / name).is_dir()


def test_needed_protections_exist() -> None:
    known = set(FOLDERS)
    for kind in DEFAULTS:
        assert set(kind.card.needs) <= known


def test_every_source_file_has_a_docstring_that_says_what_it_is() -> None:
    for file in SRC.rglob("*.py"):
        assert ast.get_docstring(parsed(str(file.relative_to(ROOT)))), f"{file.name} does not say what it is"
