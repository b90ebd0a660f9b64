"""docs/accounts/moving.md on databases that the old programs made: who arrives, with what, and who does not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pyotp import TOTP

from tests.docs.accounts.laid_out import Served, Visitor, lay_out, run
from tests.docs.pages import blocks

PAGE = "docs/accounts/moving.md"
START = "docs/accounts/start.md"
OLD = Path(__file__).parent / "old"
PASSWORD = "walk the quiet harbour at dawn"  # of everybody in tools/old_sites.py
SECRET = "thirty-two characters of the test."
SALT = "146585145368132386173505678016728509634"
SEED = "OR3WK3TUPEQGE6LUMVZSA33GEBZWKZLE"
BY_MAIL = "has no password that can be checked, and chooses one by mail"


class Site:
    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        lay_out(START, folder)
        assert lay_out(PAGE, folder) == ["moving.py", "from_django.py", "from_flask_security.py", "from_fastapi_users.py"]
        shop = (folder / "shop.py").read_text("utf-8")
        (folder / "shop.py").write_text(shop.replace("development=True", f"development=True, secrets=[{SECRET!r}]"), "utf-8")
        people = (folder / "people.py").read_text("utf-8")
        with_salt = f'passwords=Passwords(flask_security_salt={SALT!r}),\n    name="Shop"'
        (folder / "people.py").write_text(
            people.replace('name="Shop"', with_salt).replace("NoProfile, ", "NoProfile, Passwords, "), "utf-8"
        )
        with closing(sqlite3.connect(folder / "old.db")) as old:
            old.executescript((OLD / f"{name}.sql").read_text("utf-8"))
        (folder / "seeds.json").write_bytes((OLD / "seeds.json").read_bytes())

    def move(self) -> list[str]:
        address = f"sqlite:///{self.folder / 'old.db'}"
        return run(self.folder, f"from_{self.name}.py", OLD_DATABASE=address, SHOP_SECRET=SECRET).strip().splitlines()

    def rows(self, asked: str) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "shop.db")) as db:
            return db.execute(asked).fetchall()

    def hashes(self) -> dict[str, str]:
        return dict(self.rows("SELECT email, password_hash FROM account_person"))

    def served(self) -> Served:
        return Served(self.folder, "shop")


def _signs_in(visitor: Visitor, email: str, password: str = PASSWORD) -> dict[str, Any]:
    found: dict[str, Any] = visitor.ask("POST", "/account/api/sign-in", json={"email": email, "password": password}).json()
    return found


def _second(visitor: Visitor) -> dict[str, Any]:
    found: dict[str, Any] = visitor.ask("POST", "/account/api/sign-in/second", json={"way": "totp", "answer": TOTP(SEED).now()}).json()
    return found


def test_from_django(tmp_path: Path) -> None:
    site = Site(tmp_path, "django")
    told = site.move()
    assert told == [
        f"3: {BY_MAIL}",
        "4: not moved, somebody else has mira@mail.example",
        "5: not moved, '' is no e-mail address",
    ]
    assert site.hashes()["kim@mail.example"] is None
    with site.served() as served:
        assert _signs_in(served.visitor(), "mira@mail.example", "not hers")["code"] == "account.credentials_wrong"
        for email in ("mira@mail.example", "LOU@mail.example"):  # one by django-otp, one by django-allauth
            visitor = served.visitor()
            assert _signs_in(visitor, email) == {"state": "second_factor", "ways": ["totp"]}
            assert _second(visitor) == {"state": "signed_in", "ways": []}
            assert visitor.ask("GET", "/account/api/me").json()["email_verified"]
            assert "New sign-in to Shop" in visitor.open("/account/mailbox").answer.text
        assert _signs_in(served.visitor(), "ada@mail.example")["code"] == "account.credentials_wrong"  # switched off
        _chooses_by_mail(served.visitor(), "kim@mail.example")
    assert site.hashes()["Mira@mail.example"].startswith("$argon2id$")
    assert site.hashes()["ada@mail.example"].startswith("pbkdf2_sha256$")
    assert site.rows("SELECT old_id FROM moved_person ORDER BY old_id") == [("1",), ("2",), ("3",), ("6",)]
    assert site.move() == told[1:]  # again: nobody twice, and nobody's new password is lost
    assert site.hashes()["Mira@mail.example"].startswith("$argon2id$")


def _chooses_by_mail(visitor: Visitor, email: str) -> None:
    visitor.open("/account/reset").press(email=email)
    visitor.open_mail("/account/reset/new").press(password="nine lamps above the empty station")
    assert _signs_in(visitor, email, "nine lamps above the empty station")["state"] == "signed_in"


def test_from_flask_security(tmp_path: Path) -> None:
    site = Site(tmp_path, "flask_security")
    assert site.move() == []
    with site.served() as served:
        mira, kim = served.visitor(), served.visitor()
        assert _signs_in(mira, "mira@mail.example")["state"] == "second_factor"
        assert _second(mira)["state"] == "signed_in"
        assert _signs_in(kim, "kim@mail.example")["code"] == "account.unverified"
        kim.open_mail("/account/verify-address").press(password=PASSWORD)
        assert _signs_in(kim, "kim@mail.example")["state"] == "signed_in"
        assert _signs_in(served.visitor(), "ada@mail.example")["code"] == "account.credentials_wrong"
    assert {email: text[:15] for email, text in site.hashes().items()} == {
        "mira@mail.example": "$argon2id$v=19$",
        "kim@mail.example": "$argon2id$v=19$",
        "ada@mail.example": "flask-security$",
    }


def test_from_fastapi_users(tmp_path: Path) -> None:
    site = Site(tmp_path, "fastapi_users")
    with closing(sqlite3.connect(tmp_path / "old.db")) as old:
        ids = {text.replace("-", "") for (text,) in old.execute('SELECT id FROM "user"')}
    assert site.move() == []
    assert {text.replace("-", "") for (text,) in site.rows("SELECT id FROM account_person")} == ids
    with site.served() as served:
        assert _signs_in(served.visitor(), "mira@mail.example")["state"] == "signed_in"
        assert _signs_in(served.visitor(), "kim@mail.example")["code"] == "account.unverified"
        assert _signs_in(served.visitor(), "ada@mail.example")["code"] == "account.credentials_wrong"


def test_rows_of_ones_own_tables_find_their_people(tmp_path: Path) -> None:
    (statement,) = blocks(PAGE, "sql")
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(
            "CREATE TABLE moved_person (old_id VARCHAR(64), person_id CHAR(32)); INSERT INTO moved_person VALUES ('7', 'new');"
        )
        db.executescript("CREATE TABLE shop_order (user_id INTEGER, person_id CHAR(32)); INSERT INTO shop_order VALUES (7, NULL);")
        db.executescript(statement)
        assert db.execute("SELECT person_id FROM shop_order").fetchall() == [("new",)]


@pytest.mark.parametrize("name", ["django", "flask_security", "fastapi_users"])
def test_nothing_of_the_old_site_is_changed(tmp_path: Path, name: str) -> None:
    site = Site(tmp_path, name)
    before = (tmp_path / "old.db").read_bytes()
    site.move()
    assert (tmp_path / "old.db").read_bytes() == before
