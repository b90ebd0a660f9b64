"""What is in the built package."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

SRC = Path(__file__).resolve().parents[2] / "src"


def test_the_wheel_holds_the_package_its_types_and_its_licence(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "buckler/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    about = next(name.split("/")[0] for name in names if ".dist-info/" in name)
    assert {name.split("/")[0] for name in names} == {"buckler", about}
    wanted = {
        os.fspath(file.relative_to(SRC)) for file in (SRC / "buckler").rglob("*") if file.is_file() and "__pycache__" not in file.parts
    }
    assert wanted <= set(names)
