"""The folder in place of a mail server: private, bounded, whole files only, several writers."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from buckler.accounts.mail import MailError, MailFolder
from buckler.accounts.mail.compose import Composer
from buckler.errors import ConfigError
from tests.accounts.mail.office import LINK, RENDERER, TO, letter

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

COMPOSER = Composer("Shop", "accounts@shop.example", RENDERER)


def message(kind: str = "verify", to: str = TO) -> EmailMessage:
    return COMPOSER.compose(letter(kind, to=to, language="de"), datetime(2026, 11, 20, tzinfo=UTC))


async def test_what_is_sent_is_read(tmp_path: Path) -> None:
    folder = MailFolder(tmp_path / "new" / "mail")
    assert await folder.read() == []
    await folder.send(message("verify"))
    await folder.send(message("reset", to="jörg@mail.example"))
    await folder.close()
    newest, oldest = await folder.read()
    assert newest.to == "jörg@mail.example"
    assert oldest.subject == "Bestätigen Sie Ihre Adresse für Shop"
    assert f"\n{LINK}\n" in oldest.text
    assert oldest.links == (LINK,)
    assert oldest.html.startswith("<!doctype html>")
    assert oldest.at.tzinfo is UTC
    assert await folder.read(limit=1) == [newest]


async def test_it_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        (tmp_path / "open").mkdir(mode=0o777)
        for name in ("open", "new"):
            folder = MailFolder(tmp_path / name)
            await folder.send(message())
            assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
            assert [stat.S_IMODE(file.stat().st_mode) for file in folder.path.iterdir()] == [0o600]
    finally:
        os.umask(before)


async def test_the_newest_stay(tmp_path: Path) -> None:
    folder = MailFolder(tmp_path, kept=3)
    for number in range(5):
        await folder.send(message(to=f"n{number}@mail.example"))
    assert [item.to[:2] for item in await folder.read()] == ["n4", "n3", "n2"]
    assert len(await MailFolder(tmp_path).read(100)) == 3


WORKER = """
import asyncio, sys
from email.message import EmailMessage
from buckler.accounts.mail.folder import MailFolder

async def main():
    folder, message = MailFolder(sys.argv[1], kept=5), EmailMessage()
    message["To"] = "worker@mail.example"
    message.set_content("https://shop.example/worker")
    for _ in range(40):
        await folder.send(message)
        assert all(item.links for item in await folder.read())

asyncio.run(main())
"""


async def test_several_workers_write_and_read_at_once(tmp_path: Path) -> None:
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, str(tmp_path), stdin=asyncio.subprocess.DEVNULL)
    folder, mine = MailFolder(tmp_path, kept=5), message()
    while worker.returncode is None:
        await folder.send(mine)
        assert all(item.links for item in await folder.read())  # whole files only
    assert worker.returncode == 0
    assert 1 <= len(await folder.read()) <= 5


async def test_a_file_that_another_worker_removed_is_not_missed(tmp_path: Path) -> None:
    folder = MailFolder(tmp_path)
    await folder.send(message())
    (tmp_path / "0123.eml").symlink_to(tmp_path / "gone")
    assert len(await folder.read()) == 1


async def test_a_letter_of_another_make_is_read_too(tmp_path: Path) -> None:
    folder = MailFolder(tmp_path)
    (tmp_path / "00000000000000000001-a.eml").write_bytes(b"Content-Type: text/html\r\n\r\n<p>only</p>\r\n")
    (tmp_path / "00000000000000000002-a.eml").write_bytes(b"Subject: plain\r\n\r\nhttps://a.example https://a.example\r\n")
    plain, html = await folder.read()
    assert (html.text, html.html.strip(), html.subject, html.links) == ("", "<p>only</p>", "", ())
    assert (plain.html, plain.links) == ("", ("https://a.example",))


async def test_a_folder_that_is_gone_fails_for_now(tmp_path: Path) -> None:
    folder = MailFolder(tmp_path / "mail")
    folder.path.rmdir()
    with pytest.raises(MailError) as failure:
        await folder.send(message())
    assert not failure.value.lasting


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ConfigError, match=r"notes\.txt"):
        MailFolder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_a_place_where_no_folder_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"MailFolder\.path"):
        MailFolder(tmp_path / "file" / "mail")
    with pytest.raises(ConfigError, match=r"MailFolder\.kept"):
        MailFolder(tmp_path, kept=0)
