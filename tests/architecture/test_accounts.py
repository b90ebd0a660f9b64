"""Accounts keep their word in the source: who may vouch for somebody, and how what is wrong is said."""

from __future__ import annotations

import ast
import re
import string
import tomllib

import pytest

from tests.architecture.tree import imports, parsed, python_files, text
from tools.docs import source

# Every place that makes a `SignedIn`, and what it has verified before it does.
VERIFIERS: dict[str, str] = {
    "accounts.signin.arrive": "the end of every way in: password, passkey or provider, and the second factor where there is one",
    "accounts.tokens.access.owner": "an access token: signature, kind, site, times, and that nothing has ended it",
    "accounts.tokens.personal.owner": "a personal token: its hash in the table, its time, its person, its own limit",
    "frameworks.fastapi.accounts.depends._identified": "a session that such a sign-in has made and nothing has ended since",
}
STATUSES = {400, 401, 403, 404, 409, 410, 422, 429, 503}
PROBLEMS = source.problems()
WORDS = source.SRC / "accounts" / "words"
LANGUAGES = sorted(file.stem for file in WORDS.glob("*.toml") if file.stem != "en")  # a problem's English stands beside the code
ONE_LINE = re.compile(r"[A-Z].*[.?]$")


def test_only_verifiers_vouch_for_somebody() -> None:
    places = {found.where for found in source.calls(source.SRC, "prove") if isinstance(found.call.func, ast.Name)}
    assert not places - set(VERIFIERS), "makes a SignedIn: say here what it has verified before"
    assert not set(VERIFIERS) - places, "vouches for nobody any more"


def test_nobody_makes_the_proof_by_hand() -> None:
    for name in python_files("src/", "examples/"):
        if name == "src/buckler/accounts/proof.py":
            continue
        for found in imports(name):
            assert "_MAKER" not in found.names, f"{name}:{found.line}"
    for made in source.calls(source.SRC, "SignedIn"):
        assert made.where == "accounts.proof.prove", made.place


def test_prove_has_no_other_name() -> None:
    """It is taken out of its module by its name and called there: an alias would hide a place from the list above."""
    for name in python_files("src/"):
        tree = parsed(name)
        called = {call.func for call in ast.walk(tree) if isinstance(call, ast.Call)}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert node.module != "buckler.accounts" or "proof" not in {item.name for item in node.names}, f"{name}:{node.lineno}"
                assert node.module != "buckler.accounts.proof" or not any(item.asname for item in node.names), f"{name}:{node.lineno}"
            elif isinstance(node, ast.Name) and node.id == "prove":
                assert node in called, f"{name}:{node.lineno} hands `prove` on"


def test_there_are_problems() -> None:
    """A scan that finds nothing would prove nothing."""
    assert len(PROBLEMS) > 5


def test_a_problem_has_a_code_of_its_own() -> None:
    codes = [item.code for item in PROBLEMS]
    assert sorted(set(codes)) == sorted(codes)


def test_a_problem_is_a_constant_at_the_top_of_its_module() -> None:
    for found in source.calls(source.SRC, "Problem"):
        top = [node for node in parsed(found.path).body if isinstance(node, (ast.Assign, ast.AnnAssign))]
        assert any(node.value is not None and node.value.lineno == found.call.lineno for node in top), (
            f"{found.place}: a constant, in capitals"
        )


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda item: item.code)
def test_a_problem_is_well_said(problem: source.Problem) -> None:
    assert re.fullmatch(r"account\.[a-z][a-z0-9]*(?:_[a-z0-9]+)*", problem.code)
    assert problem.status in STATUSES
    assert ONE_LINE.match(problem.title)
    assert ONE_LINE.match(problem.fix)


def test_every_problem_has_its_row_in_the_documentation() -> None:
    rows = set(re.findall(r'<a id="([^"]+)"></a>', text("docs/problems.md")))
    assert rows == {item.code for item in PROBLEMS}, "run `make docs`"


def _gaps(said: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(said) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_problem_is_said_in_every_language_and_nothing_else_is(language: str) -> None:
    said = tomllib.loads((WORDS / f"{language}.toml").read_text(encoding="utf-8")).get("problems", {})
    wanted = {item.code.removeprefix("account."): item for item in PROBLEMS}
    assert sorted(said) == sorted(wanted)
    for name, item in wanted.items():
        assert set(said[name]) == {"title", "fix"}, name
        assert _gaps(said[name]["title"]) <= _gaps(item.title) | _gaps(item.fix), name
        assert _gaps(said[name]["fix"]) <= _gaps(item.title) | _gaps(item.fix), name


def test_there_is_a_second_language() -> None:
    assert LANGUAGES


def test_what_nobody_may_guess_comes_from_the_systems_generator() -> None:
    """`secrets`, and in ids `uuid4`: the module `random` can be reckoned on from what it has given."""
    for name in python_files("src/buckler/accounts/", "src/buckler/frameworks/"):
        for found in imports(name):
            assert found.module.split(".")[0] != "random", f"{name}:{found.line}"
            assert found.module != "uuid" or set(found.names) <= {"UUID", "uuid4"}, f"{name}:{found.line}"


def test_passwords_are_masked_and_their_managers_left_alone() -> None:
    """ASVS 5.0 V6.2.6, V6.2.7: one macro writes every such field, and no script of ours knows of pasting."""
    pages = {file.name: file.read_text(encoding="utf-8") for file in (source.SRC / "accounts" / "pages").rglob("*") if file.is_file()}
    macro = pages["parts.html"].split("{% macro password(", 1)[1].split("{% endmacro %}", 1)[0]
    assert 'type="password"' in macro
    assert 'autocomplete="current-password"' in macro
    for name, body in pages.items():
        assert not re.search(r"onpaste|[\"']paste[\"']|ondrop", body), name
        assert not re.search(r'<input[^>]+name="[^"]*password', body), f"{name}: the macro `password` writes such a field"
