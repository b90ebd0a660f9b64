"""What becomes of letters that wait: sent, tried again, given up, dropped; and nothing that is left running."""

from __future__ import annotations

import asyncio
import logging
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest

from buckler.accounts.mail import MailFolder, Outbox
from buckler.errors import ConfigError
from tests.accounts.mail.office import Carrier, Office, later, letter, never

if TYPE_CHECKING:
    from email.message import EmailMessage
    from pathlib import Path

AT_ONCE = (0.0,) * 3
REQUEST = ContextVar("REQUEST", default="none")


def workers() -> list[asyncio.Task[Any]]:
    return [task for task in asyncio.all_tasks() if task.get_name() == "buckler.outbox"]


async def _until(office: Office, count: int) -> list[tuple[str, str]]:
    told: list[tuple[str, str]] = []
    async with asyncio.timeout(60):
        while len(told) < count:
            await asyncio.sleep(0)
            told += office.told()
    return told


async def test_a_letter_is_sent_in_the_background() -> None:
    office = Office(Carrier())
    office.put("verify")
    assert office.post.sent == []
    await office.box.drain()
    assert [message["X-Letter"] for message in office.post.sent] == ["verify"]
    assert office.told() == [("mail.sent", "verify")]
    assert workers() == []


async def test_no_event_holds_an_address() -> None:
    office = Office(Carrier(never()))
    office.box.put(letter(to="Eva.Berg@Mail.example"), office.site)
    office.box.put(letter(to="eva.berg@mail.example"), office.site)
    await office.box.drain()
    failed, sent = office.site.events.drain()
    assert "eva" not in failed.detail.lower()
    assert failed.detail.split()[2].partition("@")[0] == sent.detail.split()[2].partition("@")[0]
    assert sent.detail.endswith("@mail.example")
    assert failed.line()


async def test_what_did_not_go_is_tried_again_and_is_the_same_letter() -> None:
    office = Office(Carrier(later(), later("refused 450")), pauses_s=AT_ONCE)
    office.put()
    assert await _until(office, 3) == [("mail.delayed", "verify timeout"), ("mail.delayed", "verify refused 450"), ("mail.sent", "verify")]
    assert len(set(office.post.tried)) == 1  # one Message-ID: a mail program shows it once
    await office.box.close()


async def test_one_that_waits_for_its_next_try_holds_up_nobody() -> None:
    office = Office(Carrier(later()), pauses_s=(3600.0,))
    office.put("verify", "reset")
    await office.box.drain()
    assert office.told() == [("mail.delayed", "verify timeout"), ("mail.sent", "reset")]
    await office.box.close()
    assert office.told() == [("mail.sent", "verify")]  # closing is its last chance


async def test_after_the_last_try_it_is_given_up() -> None:
    office = Office(Carrier(*[later()] * 9), pauses_s=AT_ONCE)
    office.put()
    assert (await _until(office, 4))[-1] == ("mail.failed", "verify timeout")
    assert len(office.post.tried) == 4
    await office.box.close()


async def test_what_is_refused_for_good_is_not_tried_again() -> None:
    office = Office(Carrier(never()), pauses_s=AT_ONCE)
    office.put()
    await office.box.drain()
    assert office.told() == [("mail.failed", "verify refused 550")]


async def test_a_full_box_drops() -> None:
    office = Office(Carrier(later(), later()), max_waiting=2, pauses_s=(3600.0,))
    office.put("verify", "reset", "code")
    assert office.told() == [("mail.dropped", "code full")]
    await office.box.drain()
    office.told()
    office.put("already_registered")  # those that wait for a further try count too, and make room, the oldest first
    assert office.told() == [("mail.dropped", "verify full")]
    await office.box.close()
    assert sorted(office.told()) == [("mail.sent", "already_registered"), ("mail.sent", "reset")]


async def test_letters_to_nowhere_keep_nobodys_back() -> None:
    """Anybody can ask for a thousand letters to addresses whose server says "later" for ever."""
    office = Office(Carrier(*[later("refused 450")] * 20), max_waiting=20, pauses_s=(3600.0,))
    office.put(*["verify"] * 20)
    await office.box.drain()
    office.put("reset")
    await office.box.drain()
    assert office.told()[-1] == ("mail.sent", "reset")
    await office.box.close()


async def test_only_so_many_at_once() -> None:
    office = Office(Carrier(), at_once=3)
    office.put(*["verify"] * 10)
    assert len(workers()) == 3
    await office.box.drain()
    assert len(office.post.sent) == 10
    assert office.post.most <= 3


async def test_a_worker_knows_nothing_of_the_request() -> None:
    """The context of a request may hold its database session: it must not live as long as a mail server is slow."""
    seen = []

    class Curious(Carrier):
        async def send(self, message: EmailMessage) -> None:
            seen.append(REQUEST.get())
            await super().send(message)

    office = Office(Curious(later()), pauses_s=AT_ONCE)
    REQUEST.set("somebody's")
    office.put()
    await _until(office, 2)
    assert seen == ["none", "none"]
    await office.box.close()


async def test_close_waits_for_what_is_under_way_and_then_no_longer() -> None:
    office = Office(Carrier(), at_once=1)
    office.post.free.clear()
    office.put("verify", "reset")
    while not office.post.tried:  # noqa: ASYNC110  # a carrier tells nobody that it has begun
        await asyncio.sleep(0)
    await office.box.close(within_s=0.05)
    assert sorted(office.told()) == [("mail.dropped", "reset closing"), ("mail.failed", "verify closing")]
    assert workers() == []
    assert office.post.closed == 1


async def test_a_try_that_fails_while_closing_is_the_last() -> None:
    office = Office(Carrier(later(), later()), pauses_s=(3600.0,))
    office.put()
    await office.box.close()
    assert office.told() == [("mail.failed", "verify timeout")]


async def test_a_box_that_was_closed_opens_again() -> None:
    office = Office(Carrier(later()), pauses_s=AT_ONCE)
    await office.box.close()
    office.put()
    await _until(office, 2)
    await office.box.close()
    assert len(office.post.sent) == 1
    assert office.post.closed == 2


async def test_a_letter_that_cannot_be_written_ends_alone(caplog: pytest.LogCaptureFixture) -> None:
    office = Office(Carrier(), at_once=1)
    office.box.put(letter("verify", link=""), office.site)
    office.put("no_such_kind", "reset")
    with caplog.at_level(logging.ERROR, logger="asyncio"):
        assert await _until(office, 3) == [
            ("mail.failed", "verify ValueError"),
            ("mail.failed", "no_such_kind ConfigError"),
            ("mail.sent", "reset"),
        ]
    assert workers() == []
    assert "words/en.toml has no such text" in caplog.text  # whoever wrote the template finds out why


@pytest.mark.parametrize(
    "to", ["eva@mail.example\r\nBcc: mallory@evil.example", "eva", "a b@mail.example", "", "x@" + "ä" * 300 + ".example"]
)
async def test_an_address_that_is_none_is_given_up_at_once(to: str) -> None:
    office = Office(Carrier(), pauses_s=AT_ONCE)
    office.box.put(letter(to=to), office.site)
    await office.box.drain()
    (event,) = office.site.events.drain()
    assert event.kind == "mail.failed"
    assert "address" in event.detail
    assert "\n" not in event.detail
    assert not office.post.sent


def test_letters_outlive_the_loop_that_they_were_put_in() -> None:
    """A test client starts a loop a test: what waited in the old one goes in the new one."""
    held: dict[str, Office] = {}

    async def first() -> None:
        held["office"] = office = Office(Carrier(later()), pauses_s=(3600.0,))
        office.put("verify")
        await office.box.drain()

    async def second() -> None:
        office = held["office"]
        office.put("reset")
        await office.box.drain()
        await office.box.close()

    asyncio.run(first())
    asyncio.run(second())
    office = held["office"]
    assert sorted(message["X-Letter"] for message in office.post.sent) == ["reset", "verify"]


def test_a_loop_that_ends_in_the_middle_leaves_nothing_running() -> None:
    held: dict[str, Office] = {}

    async def main() -> None:
        held["office"] = office = Office(Carrier(), at_once=1)
        office.post.free.clear()
        office.put("verify", "reset")
        await asyncio.sleep(0)

    asyncio.run(main())
    assert held["office"].told() == [("mail.failed", "verify closing")]


def test_it_needs_a_running_loop() -> None:
    async def make() -> Office:
        return Office(Carrier())

    with pytest.raises(RuntimeError):
        asyncio.run(make()).put()


@pytest.mark.parametrize("options", [{"max_waiting": 0}, {"at_once": 0}])
def test_options_that_cannot_work(options: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Office(MailFolder(tmp_path), **options)


def test_a_sender_that_is_none(tmp_path: Path) -> None:
    office = Office(MailFolder(tmp_path))
    office.sender = "shop"
    with pytest.raises(ConfigError):
        Outbox(office)
