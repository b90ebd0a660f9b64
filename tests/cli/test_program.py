"""The command line: what it prints, and how it ends."""

from __future__ import annotations

import builtins
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from buckler import __version__
from buckler.balance import cost
from buckler.balance.pairs import Effort
from buckler.cli import main
from buckler.cli.banner import demo_of, show
from buckler.cli.program import program, run
from buckler.cli.say import screen
from buckler.protections import DEFAULTS
from buckler.serve.ca import Files
from buckler.serve.load import load
from buckler.serve.options import Serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Words = Callable[..., tuple[int, str, str]]


@pytest.fixture
def buckler(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Words:
    """A function that runs one command line: exit code, stdout, stderr."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def go(*words: str) -> tuple[int, str, str]:
        code = run(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return go


def test_version(buckler: Words) -> None:
    assert buckler("--version") == (0, f"buckler {__version__}\n", "")


@pytest.mark.parametrize("words", [("--help",), ("-h",)])
def test_help_has_examples(buckler: Words, words: tuple[str, ...]) -> None:
    code, said, _ = buckler(*words)
    assert code == 0
    assert "buckler run examples.conduit:app" in said
    for name in ("balance", "calibrate", "explain", "run", "secret"):
        assert f"\n  {name} " in said


@pytest.mark.parametrize("name", ["balance", "calibrate", "explain", "run", "secret"])
def test_every_command_has_help(buckler: Words, name: str) -> None:
    code, said, _ = buckler(name, "--help")
    assert code == 0
    assert f"Usage: buckler {name}" in said


def test_nothing_asked(buckler: Words) -> None:
    code, said, _ = buckler()
    assert code == 2
    assert "Commands:" in said


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("blance",), "buckler: No such command 'blance'."),
        (("run",), "buckler: Missing argument 'APP'. (see `buckler run --help`)"),
        (("run", "shop", "--prt", "1"), "buckler: No such option '--prt'."),
        (("run", "no.such:app", "--folder", "{tmp}"), "buckler: APP = 'no.such:app': there is no module `no`"),
        (("explain", "csrf.cros_site"), "buckler: CODE = 'csrf.cros_site': there is no such refusal; did you mean `csrf.cross_site`?"),
        (("explain", "zzzzzzzz"), "buckler: CODE = 'zzzzzzzz': there is no such refusal; `buckler explain` lists what there is"),
        (("balance", "garden:app", "--against", "{tmp}/none.json"), "buckler: --against = "),
    ],
)
def test_errors_are_one_line(buckler: Words, words: tuple[str, ...], line: str, tmp_path: Path) -> None:
    code, out, said = buckler(*(word.replace("{tmp}", str(tmp_path)) for word in words))
    assert (code, out) == (2, "")
    assert said.count("\n") == 1
    assert said.startswith(line), said
    assert "\x1b" not in said


def test_a_secret_is_new_and_long_enough(buckler: Words) -> None:
    first, second = (buckler("secret")[1].strip() for _ in range(2))
    assert first != second
    assert len(first) >= 43


def test_explain_lists_everything(buckler: Words) -> None:
    code, said, _ = buckler("explain")
    assert code == 0
    for kind in DEFAULTS:
        for refusal in kind.card.refusals:
            assert refusal.code in said
    assert "store.failed" in said


def test_explain_a_refusal(buckler: Words) -> None:
    code, said, _ = buckler("explain", "csrf.cross_site")
    assert code == 0
    for part in (
        "403",
        "This request came from another site.",
        "A page of another site sends a form",
        "CWE-352",
        "Stops:",
        "Turn off when:",
    ):
        assert part in said


def test_explain_the_guards_own(buckler: Words) -> None:
    code, said, _ = buckler("explain", "app.failed")
    assert code == 0
    assert "The application could not answer." in said
    assert "Stops:" not in said


def test_explain_a_protection(buckler: Words) -> None:
    assert "the browser believes the declared content type" in buckler("explain", "nosniff")[1]


def test_interrupted(buckler: Words, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(**_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "main", interrupt)
    assert buckler("secret") == (130, "", "buckler: interrupted\n")


def test_main_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["buckler", "secret"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0


@pytest.mark.parametrize(("missing", "code"), [("rich", 2), ("json", None)])
def test_without_the_extra(missing: str, code: int | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    whole = builtins.__import__

    def less(name: str, *rest: Any) -> Any:
        if name == "buckler.cli.program":
            raise ModuleNotFoundError(name=missing)
        return whole(name, *rest)

    monkeypatch.setattr(builtins, "__import__", less)
    with pytest.raises(SystemExit if code else ModuleNotFoundError) as ended:
        main()
    if isinstance(ended.value, SystemExit):
        assert ended.value.code == code
        assert 'run `pip install "buckler[cli]"`' in capsys.readouterr().err


GARDEN = """
from buckler import CSRF, Deadline, Guard, NoSniff, off
from buckler.core.case import Place, Target
from buckler.testing import SECRET, Probe

app = Guard(Probe(), off(Deadline, because="a [bold]test[/] must be quick"), hosts=["garden.example"], secrets=[SECRET])
target = Target(paths={Place.PAGE: "/"})

class Silent:
    card, cases, report_only = NoSniff.card, NoSniff.cases, False
    def steps(self, site):
        from buckler.core.protection import Steps
        return Steps()

silent = Guard(Probe(), Silent(), off(Deadline, because="quick"), hosts=["garden.example"], secrets=[SECRET])
bare = Probe()
reported = Guard(Probe(), CSRF(report_only=True), development=True)
"""


@pytest.fixture
def garden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "garden.py").write_text(GARDEN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cost, "QUICK", Effort(1, 2, 2))
    sys.modules.pop("garden", None)
    yield tmp_path
    sys.modules.pop("garden", None)  # other tests have a garden of their own


def test_balance(buckler: Words, garden: Path) -> None:
    code, said, aside = buckler("balance", "garden:app", "--quick", "--markdown", "out/sheet.md", "--json", "sheet.json", "--details")
    assert code == 0, said + aside
    assert "all together" in said
    assert "Only csp stops" in said or "Only nosniff stops" in said
    assert "deadline is off because a [bold]test[/] must be quick" in said
    assert "The module offers no `rehearsal()`" in said
    assert "Everything that is on does what it says, and hinders nobody." in said
    assert max(map(len, said.splitlines())) <= 120
    assert "\x1b" not in said
    page = (garden / "out" / "sheet.md").read_text()
    assert page.startswith("# The sheet of `garden:app`\n")
    assert "--quick --markdown FILE" in page
    sheet = json.loads((garden / "sheet.json").read_text())
    assert (sheet["format"], sheet["app"], sheet["failures"]) == (1, "garden:app", [])
    code, said, _ = buckler("balance", "garden:silent", "--quick", "--against", "sheet.json")
    assert code == 1
    assert "nosniff stops nothing of what it claims to stop" in said
    (garden / "sheet.json").write_text("{}")
    assert buckler("balance", "garden:app", "--against", "sheet.json")[2].endswith("is no sheet; give a file that --json has written\n")


def test_balance_without_a_guard(buckler: Words, garden: Path) -> None:
    code, _, said = buckler("balance", "garden:bare")
    assert code == 2
    assert "is not behind a guard" in said


def test_balance_where_nothing_can_be_written(buckler: Words, garden: Path) -> None:
    code, _, said = buckler("balance", "garden:app", "--quick", "--json", "garden.py/sheet.json")
    assert code == 2
    assert "--json = 'garden.py/sheet.json': cannot be written" in said


def test_colour_only_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    assert screen().no_color
    monkeypatch.delenv("NO_COLOR")
    assert not screen().no_color


def test_banner(garden: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    files = Files(garden / "a.crt", garden / "a.key")
    for name, expected in (
        ("app", ("off", "deadline because a [bold]test[/] must be quick")),
        ("reported", ("report-only", "csrf")),
        ("bare", ("guard", "none: the application is not wrapped")),
    ):
        show(screen(), Serving(app="garden:app"), files, load(f"garden:{name}"))
        said = capsys.readouterr().out
        assert all(part in said for part in expected), said
        assert "To trust it" not in said, "a certificate that was brought along is trusted already"


@pytest.mark.parametrize(
    ("offered", "told"),
    [
        (None, ""),
        ("mira / rose", "mira / rose"),
        ({"name": "mira", "password": "rose"}, "name mira, password rose"),
        (lambda: "made", "made"),
    ],
)
def test_demo_account(garden: Path, offered: Any, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    loaded = load("garden:app")
    loaded.module.demo = offered  # type: ignore[attr-defined]  # what a module offers
    assert demo_of(loaded) == told
