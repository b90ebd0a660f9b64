"""Every way to name an application wrongly is one sentence with the fix."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from buckler.errors import ConfigError
from buckler.serve.load import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULES = {
    "garden.py": "async def app(scope, receive, send): ...\nasync def admin(scope, receive, send): ...\ntext = 'no app'\ndemo = 'rose'\n",
    "broken.py": "1 / 0\n",
    "thirsty.py": "import a_library_that_nobody_has\n",
    "careful.py": "from buckler.errors import ConfigError\nraise ConfigError('KEY', '', 'set it')\n",
    "shed/__init__.py": "",
    "shed/tools.py": "app = print\n",
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, content in MODULES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in ("garden", "broken", "thirsty", "careful", "shed", "shed.tools"):
        sys.modules.pop(name, None)


def test_found_in_the_current_folder() -> None:
    loaded = load("garden:app")
    assert loaded.app is loaded.module.app
    assert loaded.offer("demo") == "rose"
    assert loaded.offer("target") is None
    assert load("garden").app is loaded.app, "`app` is the attribute that is meant"
    assert load("shed.tools:app").app is print


@pytest.mark.parametrize(
    ("path", "fix"),
    [
        ("gardn:app", "there is no module `gardn`; did you mean `garden`?"),
        ("garden:ap", "garden has no `ap`; did you mean `garden:app`?"),
        ("garden:admim", "did you mean `garden:admin`?"),
        ("garden:zzz", "garden has no `zzz`"),
        ("garden:text", "`text` is no ASGI application but str"),
        ("shed.tool:app", "there is no module `shed.tool`; did you mean `shed.tools`?"),
        ("shd.tools:app", "there is no module `shd`; did you mean `shed`?"),
        ("garden.app", "there is no module `garden`"),
        ("zzzzzz:app", "there is no module `zzzzzz`"),
        ("gar den:app", "give module:attribute, as in examples.conduit:app"),
        ("", "give module:attribute"),
        ("broken:app", "broken fails while it is imported: ZeroDivisionError: division by zero"),
        ("thirsty:app", "thirsty needs the module `a_library_that_nobody_has`, which is not installed"),
        ("careful:app", "KEY = '': set it"),
    ],
)
def test_one_sentence(path: str, fix: str) -> None:
    with pytest.raises(ConfigError) as failure:
        load(path)
    said = str(failure.value)
    assert fix in said
    assert "\n" not in said


def test_a_broken_module_says_where() -> None:
    with pytest.raises(ConfigError, match=r"broken\.py, line 1"):
        load("broken:app")
