"""Settings come from the environment; a wrong one is one clear line."""

from __future__ import annotations

import asyncio
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import examples.conduit
from buckler import Guard
from buckler.accounts import SMTP
from buckler.core.store import Get, Put
from buckler.errors import BackendError, ConfigError, MissingExtraError
from examples.conduit.app import make_app
from examples.conduit.parts import Parts
from examples.conduit.settings import Settings, from_environment
from examples.conduit.state import store_of
from tests.calm import nobody
from tests.conduit.server import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def test_a_laptop_needs_none() -> None:
    found = from_environment({})
    assert found.development
    assert found.with_demo
    assert found.holes == ()
    assert found.database == "sqlite+aiosqlite:///var/conduit.db"


def test_a_site_that_others_reach_has_no_demo_account() -> None:
    found = from_environment({"CONDUIT_HOSTS": "blog.example, www.blog.example", "CONDUIT_DEMO_CONTENT": "true"})
    assert found.hosts == ("blog.example", "www.blog.example")
    assert not found.development
    assert not found.with_demo


def test_holes_are_named() -> None:
    found = from_environment({"CONDUIT_INSECURE_ALLOW_COMMON_PASSWORDS": "true"})
    assert found.holes == ("insecure_allow_common_passwords",)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CONDUIT_HOST", "blog.example", "did you mean `CONDUIT_HOSTS`"),
        ("CONDUIT_SMTP_PORT", "soon", "CONDUIT_SMTP_PORT"),
        ("CONDUIT_DATABASE_URL", "mysql://root:secret@localhost/conduit", "CONDUIT_DATABASE_URL"),
        ("CONDUIT_PASSWORD_WORKERS", "0", "CONDUIT_PASSWORD_WORKERS"),
        ("CONDUIT_STORE", "mysql://root:secret@localhost", "CONDUIT_STORE = .* give nothing, `shared`, `redis://…`"),
        ("CONDUIT_STORE", "shared://here", "CONDUIT_STORE = .* give nothing"),
    ],
)
def test_a_wrong_one_is_named(name: str, value: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as raised:
        from_environment({name: value})
    assert value == "0" or value not in str(raised.value), "a value may hold a password"


ELSEWHERE = {"CONDUIT_HOSTS": "blog.example"}
MAIL = {**ELSEWHERE, "CONDUIT_SMTP_HOST": "mail.example", "CONDUIT_SENDER": "conduit@blog.example"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (ELSEWHERE, "CONDUIT_SMTP_HOST = .* name the mail server"),
        ({"CONDUIT_SMTP_HOST": "mail.example"}, "CONDUIT_SENDER = .* name the address"),
        ({**MAIL, "CONDUIT_SENDER": "nobody"}, "Accounts.sender"),
        ({**MAIL, "CONDUIT_ORIGIN": "blog.example"}, "Accounts.origin"),
        ({**MAIL, "CONDUIT_OIDC_ISSUER": "https://id.example"}, "CONDUIT_OIDC_CLIENT_ID = .* together"),
    ],
)
def test_accounts_that_cannot_work_stop_the_start(tmp_path: Path, given: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        make_app(from_environment({"CONDUIT_FOLDER": str(tmp_path), **given}))


def test_mail_leaves_by_a_server_and_another_provider_may_vouch(tmp_path: Path) -> None:
    secret = "of the tests alone"
    given = {**MAIL, "CONDUIT_SMTP_USERNAME": "conduit", "CONDUIT_SMTP_PASSWORD": secret, "CONDUIT_ORIGIN": "https://blog.example"}
    given |= {"CONDUIT_OIDC_ISSUER": "https://id.example", "CONDUIT_OIDC_CLIENT_ID": "conduit", "CONDUIT_OIDC_CLIENT_SECRET": secret}
    settings = from_environment({"CONDUIT_FOLDER": str(tmp_path), **given})
    accounts = Parts.of(settings).accounts
    assert isinstance(accounts.post, SMTP)
    assert (accounts.post.host, accounts.post.security) == ("mail.example", "starttls")
    assert [(provider.label, provider.issuer) for provider in accounts.providers] == [("Single sign-on", "https://id.example")]
    assert secret not in repr(settings)


@pytest.mark.parametrize(
    ("named", "kind"),
    [
        ("", "SQLite"),
        ("shared", "Shared"),
        ("redis://guard:hush@127.0.0.1:1", "Redis"),
        ("rediss://127.0.0.1:1/2", "Redis"),
        ("postgresql://guard:hush@127.0.0.1:1/guard", "PostgreSQL"),
    ],
)
async def test_the_store_is_the_one_that_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, kind: str) -> None:
    monkeypatch.setattr("buckler.stores.shared._MEMORY", str(tmp_path))
    settings = from_environment({"CONDUIT_FOLDER": str(tmp_path), "CONDUIT_STORE": named})
    store = store_of(settings)
    assert type(store).__name__ == kind
    assert "hush" not in repr(settings)
    await store.close()


async def test_two_sites_of_one_machine_share_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("buckler.stores.shared._MEMORY", str(tmp_path))
    one, other, again = [store_of(Settings(folder=tmp_path / name, store="shared")) for name in ("one", "other", "one")]
    await one.batch([Put("key", b"of one", 60)])
    assert await other.batch([Get("key")]) == [None]
    assert await again.batch([Get("key")]) == [b"of one"]
    for store in (one, other, again):
        await store.close()


def test_a_store_without_its_library_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "buckler.stores.postgresql", raising=False)
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(MissingExtraError, match=r"buckler\[postgresql\]"):
        store_of(from_environment({"CONDUIT_FOLDER": str(tmp_path), "CONDUIT_STORE": "postgresql://127.0.0.1/guard"}))


def test_the_secret_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    settings = Settings(folder=tmp_path / "new")
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: settings.secret(), range(8)))
    assert len(found) == 1
    assert len(found.pop()) == 64
    file = tmp_path / "new" / "secret.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_folder_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"CONDUIT_FOLDER = .* cannot be used: "):
        make_app(Settings(folder=tmp_path / "file" / "var"))


async def test_a_database_that_does_not_answer_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUIT_FOLDER", str(tmp_path))
    with nobody() as port:
        monkeypatch.setenv("CONDUIT_DATABASE_URL", f"postgresql+asyncpg://conduit:secret@127.0.0.1:{port}/conduit")
        with pytest.raises(BackendError, match="the database does not answer") as raised:
            await examples.conduit.prepare()
    assert "secret" not in str(raised.value)


def test_what_is_kept_is_for_the_owner_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUIT_FOLDER", str(tmp_path / "new"))
    monkeypatch.setenv("CONDUIT_INSECURE_CHEAP_PASSWORDS", "true")
    asyncio.run(examples.conduit.prepare())
    files = [path for path in (tmp_path / "new").iterdir() if path.name not in {"prepare.lock", "letters"}]
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in files}
    assert modes == dict.fromkeys(modes, 0o600)
    assert "conduit.db" in modes
    for folder in (tmp_path / "new", tmp_path / "new" / "letters"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_importing_the_package_opens_nothing(tmp_path: Path) -> None:
    code = (
        "import sys, examples.conduit, examples.conduit.models\n"
        "assert 'alembic' not in sys.modules and 'fastapi' not in sys.modules\n"
        "assert examples.conduit.target.plays"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True, env={"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"})
    assert list(tmp_path.iterdir()) == []


def test_what_the_command_line_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDUIT_FOLDER", str(tmp_path))
    monkeypatch.setenv("CONDUIT_INSECURE_CHEAP_PASSWORDS", "true")
    asyncio.run(examples.conduit.prepare())
    assert (tmp_path / "conduit.db").exists()
    assert set(examples.conduit.demo()) == {"e-mail", "password"}
    examples.conduit.__dict__.pop("app", None)
    try:
        app = examples.conduit.app
        assert isinstance(app, Guard)
        assert examples.conduit.app is app
    finally:
        examples.conduit.__dict__.pop("app", None)
    with pytest.raises(AttributeError, match="ap"):
        _ = examples.conduit.ap
