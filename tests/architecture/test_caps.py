"""How long files and functions may be. An exemption has its reason and its number: it can only shrink."""

from __future__ import annotations

from tests.architecture.tree import functions, python_files, text

FILE_LINES = 300
FUNCTION_LINES = 40
OWN_FILE_LINES = {"src/buckler/guard/run.py": 150}  # the one hot file is read in one sitting

# path → (lines, reason)
LONG_FILES: dict[str, tuple[int, str]] = {
    "tests/guard/test_inflight.py": (313, "one timer and everything that can happen while it runs"),
}
# path:function → (lines, reason)
LONG_FUNCTIONS: dict[str, tuple[int, str]] = {
    "src/buckler/guard/run.py:__call__": (51, "the one pass, in order; a call less is a tenth of a microsecond for every request"),
    "examples/conduit/migrations/versions/v0001_the_first_tables.py:upgrade": (89, "one migration is one step, and reads like the tables"),
    "tests/browser/test_conduit_inert.py:test_scripts_in_every_field_are_inert": (54, "one visit, told in its order"),
    "tests/browser/test_conduit_plain.py:test_write_comment_favourite_follow_edit_delete_sign_out": (47, "one visit, told in its order"),
    "tests/conduit/test_site_pages.py:test_pages_for_somebody_signed_in": (61, "one visit, told in its order"),
}


def _judge(over: dict[str, int], exempt: dict[str, tuple[int, str]]) -> None:
    beyond = {name: lines for name, lines in over.items() if lines > exempt.get(name, (0, ""))[0]}
    assert not beyond, "split it; a part that has a name of its own is easier to read"
    assert not set(exempt) - set(over), "an exemption that nothing needs any more is to be removed"


def test_files_are_short() -> None:
    over = {}
    for name in python_files():
        lines = text(name).count("\n")
        if lines > OWN_FILE_LINES.get(name, FILE_LINES):
            over[name] = lines
    _judge(over, LONG_FILES)


def test_functions_are_short() -> None:
    over = {}
    for name in python_files():
        for function in functions(name):
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > FUNCTION_LINES:
                over[f"{name}:{function.name}"] = lines
    _judge(over, LONG_FUNCTIONS)
