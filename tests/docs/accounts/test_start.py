"""docs/accounts/start.md, followed to the letter: its files, its commands, a real server, somebody who signs up."""

from __future__ import annotations

import re
import shlex
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from tests.accounts.stage import EMAIL, PASSWORD
from tests.docs.accounts.laid_out import Served, lay_out, run, unnamed
from tests.docs.pages import ROOT, blocks

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "docs/accounts/start.md"
OTHER_PASSWORD = "nine lamps above the empty station"


def _commands(program: str) -> list[list[str]]:
    lines = "".join(blocks(PAGE, "sh")).splitlines()
    return [words[1:] for words in map(shlex.split, lines) if words[0] == program]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert lay_out(PAGE, tmp_path) == ["tables.py", "people.py", "shop.py", "first_clerk.py", "test_shop.py"]
    return tmp_path


def test_the_extras_that_are_installed_exist() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    wanted = re.findall(r"buckler\[([\w,]+)\]", "".join(blocks(PAGE, "sh")))
    assert wanted
    assert {name for text in wanted for name in text.split(",")} <= set(extras)


def test_somebody_signs_up_in_a_browser_and_is_let_in_and_kept_out(folder: Path) -> None:
    assert _commands("uvicorn") == [["shop:app", "--no-server-header"]]
    with Served(folder, "shop") as served:
        mira = served.visitor()
        assert mira.open("/").answer.json() == {"shop": "open", "sign_in": "/account/sign-in"}
        assert mira.open("/me").where == "/account/sign-in"  # led there, and back afterwards
        mira.open("/account/sign-up?next=/me")
        mira.press("Create account", email=EMAIL, nickname="Mira", password=PASSWORD)
        assert mira.where == "/account/sign-up/sent"
        mira.open_mail("/account/verify").press("Yes, create my account")
        assert mira.answer.json() == {"email": EMAIL}
        assert mira.ask("POST", "/orders?what=tea").status_code == 201
        assert mira.ask("GET", "/orders").json()["code"] == "account.forbidden"
        assert mira.open("/account/security").where == "/account/security"
        _a_clerk_comes_and_goes(served, folder)
        assert served.visitor().ask("POST", "/orders?what=tea").status_code == 401
    assert "Traceback" not in served.log


def _a_clerk_comes_and_goes(served: Served, folder: Path) -> None:
    run(folder, "first_clerk.py", EMAIL.upper())
    clerk, ada = served.visitor(), served.visitor()
    clerk.open("/account/sign-in?next=/orders").press("Sign in", email=EMAIL, password=PASSWORD)
    assert clerk.answer.json() == ["tea"]
    assert clerk.ask("GET", "/account/api/export").json()["profile"] == {"nickname": "Mira"}
    assert clerk.ask("DELETE", "/orders/mine").status_code == 200
    assert clerk.ask("GET", "/orders").json() == []
    given: dict[str, Any] = {"email": "ada@mail.example", "password": OTHER_PASSWORD}
    assert ada.ask("POST", "/account/api/sign-up", json=given).json()["code"] == "account.field_missing"
    given["profile"] = {"nickname": "Mira"}
    assert ada.ask("POST", "/account/api/sign-up", json=given).json()["code"] == "shop.nickname_taken"
    assert clerk.ask("DELETE", "/account/api/me").json()["state"] == "done"
    assert clerk.ask("GET", "/me").status_code == 401
    assert ada.ask("POST", "/account/api/sign-up", json=given).status_code == 202  # the customer's row went with the account


def test_its_own_tests_pass(folder: Path) -> None:
    assert ["test_shop.py"] in _commands("pytest")
    assert "2 passed" in run(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir=.", "test_shop.py")


def test_its_own_test_finds_a_route_that_forgot(folder: Path) -> None:
    shop = (folder / "shop.py").read_text("utf-8")
    (folder / "shop.py").write_text(shop.replace(', dependencies=[public(because="it is the front page")]', ""), "utf-8")
    told = run(folder, "-c", "import test_shop as t; print(t.routes_without_rule(t.api))")
    assert told.strip() == "['GET /']"


def test_migrations_make_the_same_tables(folder: Path) -> None:
    metadata, mako = (block for block in unnamed(PAGE) if "target_metadata" in block or block == "import buckler.accounts.tables\n")
    (ini,) = blocks(PAGE, "ini")
    run(folder, "-m", "alembic", "init", "-t", "async", "migrations")
    _change(folder / "alembic.ini", "sqlalchemy.url = driver://user:pass@localhost/dbname\n", ini)
    _change(folder / "migrations" / "env.py", "target_metadata = None\n", metadata)
    _change(folder / "migrations" / "script.py.mako", "import sqlalchemy as sa\n", f"import sqlalchemy as sa\n{mako}")
    commands = _commands("alembic")
    assert [words[0] for words in commands] == ["revision", "upgrade", "check"]
    told = "".join(run(folder, "-m", "alembic", *words) for words in commands)
    assert "No new upgrade operations detected." in told
    assert (folder / "shop.db").exists()


def _change(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def test_the_live_site_stands(folder: Path) -> None:
    live = next(block for block in unnamed(PAGE) if "SMTP(" in block)
    seen = "print(app.plan.site.development, type(app.plan.site.store).__name__, live.origin)"
    told = run(folder, "-c", live + seen, SMTP_PASSWORD="of the test", SHOP_SECRET="thirty-two characters of a test.")
    assert told.strip() == "False SQLite https://shop.example"
