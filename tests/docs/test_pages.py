"""The pages are fresh, their links lead somewhere, and their code runs."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest

from buckler.guard import Guard
from tests.asgi import Wire, scope_of
from tests.docs.pages import ROOT, blocks, pages
from tools.docs.__main__ import left_over
from tools.docs.__main__ import pages as made

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def test_generated_pages_are_fresh() -> None:
    fresh = made()
    stale = [str(page.relative_to(ROOT)) for page, text in fresh.items() if not page.exists() or page.read_text("utf-8") != text]
    assert not stale, "run `make docs`"
    assert not left_over(fresh)


def test_the_public_face_is_written_down() -> None:
    done = subprocess.run([sys.executable, "tools/api.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Any) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in LINK.findall(text):
        if "://" in link or link.startswith(("#", "mailto:")):
            continue
        assert (page.parent / link.split("#")[0]).exists(), f"{page.name} links to {link}"


def test_every_page_in_why_is_in_its_list() -> None:
    why = ROOT / "docs" / "why"
    listed = set(LINK.findall((why / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in why.glob("*.md")} - {"README.md"} == {link for link in listed if "/" not in link}


def test_the_makefile_lists_its_verbs() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    verbs = re.findall(r"^make (\w+) +(\S.*)$", listed, re.MULTILINE)
    phony = re.search(r"^\.PHONY: list (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert phony is not None
    assert [verb for verb, _ in verbs] == phony[1].split()


def test_every_verb_that_a_page_names_exists() -> None:
    phony = (ROOT / "Makefile").read_text(encoding="utf-8").split(".PHONY:", 1)[1].splitlines()[0].split()
    for page in pages():
        for verb in re.findall(r"(?:^|`)make (\w+)", page.read_text(encoding="utf-8"), re.MULTILINE):
            assert verb in phony, f"{page.name} names `make {verb}`"


async def test_the_example_of_the_readme_runs_and_guards() -> None:
    space: dict[str, Any] = {}
    exec(compile(blocks("README.md", "python")[0], "README.md", "exec"), space)  # noqa: S102  # the page's own code is what is tested
    guard = space["app"]
    assert isinstance(guard, Guard)
    wire = Wire()
    await guard(scope_of(), wire.receive, wire.send)
    assert wire.status == 200
    assert wire.headers[b"x-content-type-options"] == b"nosniff"
    stranger = Wire()
    await guard(scope_of(headers=[(b"host", b"evil.example")]), stranger.receive, stranger.send)
    assert stranger.status == 421
