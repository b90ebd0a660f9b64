"""What is installed, and from what."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from typing import Any

import pytest

from tests.architecture.tree import SRC, committed, imports, python_files, text

LOCKS = [name for name in committed() if re.fullmatch(r"(?:requirements/\w+|bench/requirements[\w-]*)\.txt", name)]
PROJECT: dict[str, Any] = tomllib.loads(text("pyproject.toml"))
# Everything that must import with no third-party package in sight; a store may say instead which extra it needs.
BARE = ("core", "protections", "guard", "stores")


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_hashes_and_no_address(name: str) -> None:
    body = "\n".join(line for line in text(name).splitlines() if not line.startswith("#"))
    assert "://" not in body
    requirements = re.split(r"\n(?=\S)", body.strip())
    assert requirements
    for requirement in requirements:
        assert re.match(r"[\w.\-\[\],]+==\S+", requirement), requirement[:80]
        assert "--hash=sha256:" in requirement, requirement[:80]


def test_the_lock_of_npm_has_hashes_and_no_address_to_fetch_from() -> None:
    lock = text("tools/node/package-lock.json")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 1


def test_buckler_alone_needs_nothing() -> None:
    assert PROJECT["project"]["dependencies"] == []


def test_the_extra_all_is_all_the_extras() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    named = re.fullmatch(r"buckler\[(.+)\]", extras["all"][0])
    assert named is not None
    assert set(named[1].split(",")) == set(extras) - {"all"}


def test_every_named_extra_exists() -> None:
    """`MissingExtraError("…", "serve")` tells the user to install `buckler[serve]`."""
    for name in python_files("src/"):
        for extra in re.findall(r'MissingExtraError\([^)]*?"([\w-]+)"\)', text(name)):
            assert extra in PROJECT["project"]["optional-dependencies"], f"{name} names the extra {extra}"


def test_it_imports_with_the_standard_library_alone() -> None:
    """-I -S: no site-packages, no environment; only `src` is put back."""
    modules = ["buckler", "buckler.testing", "buckler.errors"]
    for part in BARE:
        files = sorted((SRC / "buckler" / part).rglob("*.py"))
        modules += [".".join(file.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__") for file in files]
    lines = ["import sys", f"sys.path.append({str(SRC)!r})", "from buckler.errors import MissingExtraError"]
    for module in modules:
        is_store = module.startswith("buckler.stores.")
        lines.append(f"try: import {module}\nexcept MissingExtraError: pass" if is_store else f"import {module}")
    lines.append("print(*sorted({name.split('.')[0] for name in sys.modules} - set(sys.stdlib_module_names) - {'__main__'}))")
    done = subprocess.run([sys.executable, "-I", "-S", "-c", "\n".join(lines)], capture_output=True, text=True, check=False, env={})
    assert done.returncode == 0, done.stderr
    strangers = set(done.stdout.split()) - {"buckler"}
    assert not {name for name in strangers if not name.startswith("_")}


def _declared(*parts: str) -> set[str]:
    """Every distribution that pyproject.toml names in any of `parts`."""
    found = PROJECT["project"]["optional-dependencies"] | PROJECT["dependency-groups"]
    named = (re.match(r"[\w.-]+", entry) for part in parts for entry in found[part] if isinstance(entry, str))
    return {name[0].lower().replace("_", "-") for name in named if name}


def test_every_import_is_declared() -> None:
    """What only comes along with something else is gone on the day on which that changes its mind. A user has the extras alone."""
    given = packages_distributions()
    extras, groups = list(PROJECT["project"]["optional-dependencies"]), list(PROJECT["dependency-groups"])
    brought, lent, missing = _declared(*extras), _declared(*extras, *groups), set()
    for name in python_files("src/", "tests/", "examples/", "tools/"):
        for found in imports(name):
            top = found.module.split(".")[0]
            if top in sys.stdlib_module_names or top in {"buckler", "tests", "examples", "bench", "tools", "test_start"}:
                continue
            declared = brought if name.startswith("src/") else lent
            if not declared & {item.lower().replace("_", "-") for item in given.get(top, ())}:
                missing.add(f"{top} ({name})")
    assert not missing, "name it in pyproject.toml, in an extra or a group, and run `make lock`"
