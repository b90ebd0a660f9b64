"""What somebody is told who has not installed an extra."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from buckler.accounts.needs import NEEDS
from tests.architecture.tree import imports, python_files

ROOT = Path(__file__).resolve().parents[2]
# Each stands for all modules of its folder: the package's `__init__` is run before any of them.
FEATURES = {"buckler.accounts.tables": "accounts", "buckler.frameworks.fastapi": "fastapi", "buckler.frameworks.templates": "templates"}
ASK = """
import sys
sys.path.append({src!r})
try:
    import {module}
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(("module", "extra"), FEATURES.items())
def test_with_nothing_installed_the_extra_is_named(module: str, extra: str) -> None:
    command = [sys.executable, "-I", "-S", "-c", ASK.format(src=str(ROOT / "src"), module=module)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={}, stdin=subprocess.DEVNULL)
    assert done.stdout.startswith("MissingExtraError "), done.stdout
    assert f'pip install "buckler[{extra}]"' in done.stdout


@pytest.mark.parametrize("library", ["bcrypt", "sqlalchemy"])
def test_with_one_library_missing_it_is_named_beside_the_extra(library: str) -> None:
    command = [sys.executable, "-c", f"import sys; sys.modules[{library!r}] = None; import buckler.accounts"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"buckler.errors.MissingExtraError: buckler.accounts (without {library}) = 'not installed': run `pip install \"buckler[accounts]\"`"
    )


def test_accounts_look_for_all_that_they_import() -> None:
    """What is optional is imported by a module that says itself which extra it needs."""
    used: dict[str, str] = {}
    for name in python_files("src/buckler/accounts/"):
        if "MissingExtraError(" not in (ROOT / name).read_text(encoding="utf-8"):
            tops = {found.module.split(".")[0] for found in imports(name)} - sys.stdlib_module_names - {"buckler"}
            used |= dict.fromkeys(tops, name)
    assert not set(used) - set(NEEDS), "name it in src/buckler/accounts/needs.py"


def test_what_accounts_look_for_is_what_the_extra_brings() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    named = {entry.split(">")[0].split("[")[0].replace("-", "_") for entry in extras["accounts"]}
    assert {"argon2" if name == "argon2_cffi" else name for name in named} - set(NEEDS) == {"python_multipart"}, (
        "Starlette asks for that one"
    )
