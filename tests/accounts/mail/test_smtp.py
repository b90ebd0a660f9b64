"""Letters to a real mail server, and to some that behave badly."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from typing import Any

import pytest

from buckler.accounts.mail import SMTP, MailError
from buckler.errors import ConfigError
from tests.accounts.mail.server import HOST, PASSWORD, USER, Authority, mail_server, odd_server
from tests.calm import nobody


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def letter(to: str = "eva@mail.example", subject: str = "Grüße") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Shop <accounts@shop.example>", to, subject
    message.set_content("Dots at the start of a line stay:\n.\n..two\nä\n")
    return message


def post(port: int, **options: Any) -> SMTP:
    return SMTP(**{"host": HOST, "port": port, "hello_name": "shop.test", "timeout_s": 60.0, **options})


async def reason(sender: SMTP, message: EmailMessage | None = None) -> tuple[str, bool]:
    with pytest.raises(MailError) as failure:
        await sender.send(message or letter())
    return failure.value.reason, failure.value.lasting


async def test_starttls_and_login(authority: Authority) -> None:
    async with mail_server(tls=authority.context, login=True) as server:
        sender = post(server.port, ca_file=str(authority.file), username=USER, password=PASSWORD)
        await sender.send(letter())
        await sender.close()
    assert server.recipients == ["eva@mail.example"]
    assert server.encrypted == [True]
    assert server.logins == [USER]
    message = server.messages[0]
    assert message["Subject"] == "Grüße"
    assert message.get_content().replace("\r\n", "\n") == "Dots at the start of a line stay:\n.\n..two\nä\n"
    assert b"=?utf-8?" in server.raw[0]  # no header beyond ASCII without SMTPUTF8


async def test_tls_from_the_first_byte(authority: Authority) -> None:
    async with mail_server(tls=authority.context, implicit=True) as server:
        await post(server.port, ca_file=str(authority.file), security="tls").send(letter())
    assert server.encrypted == [True]


async def test_in_clear_only_when_it_is_said() -> None:
    async with mail_server() as server:
        await post(server.port, security="insecure_none").send(letter())
    assert server.encrypted == [False]


async def test_a_server_without_starttls_gets_nothing() -> None:
    """Somebody in the middle removes STARTTLS from the greeting: the letter, with its link, must not follow in clear."""
    async with mail_server() as server:
        assert await reason(post(server.port)) == ("no starttls, or no way to log in", True)
    assert not server.messages


@pytest.mark.parametrize("implicit", [False, True], ids=["starttls", "tls"])
async def test_a_certificate_of_nobody_known_is_refused(authority: Authority, implicit: bool) -> None:
    async with mail_server(tls=authority.context, implicit=implicit) as server:
        assert await reason(post(server.port, security="tls" if implicit else "starttls")) == ("certificate", False)
    assert not server.messages


async def test_what_is_no_tls_at_all() -> None:
    async with mail_server() as server:
        assert await reason(post(server.port, security="tls")) == ("tls", False)


async def test_what_was_said_before_tls_does_not_count(authority: Authority) -> None:
    """STARTTLS injection: plaintext behind the 220 must not be read as the encrypted server's answer."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        await reader.readline()
        writer.write(b"250-mail.test\r\n250 STARTTLS\r\n")
        await reader.readline()
        writer.write(b"220 go\r\n250 injected\r\n")
        await writer.start_tls(authority.context)
        while await reader.readline():
            writer.write(b"554 not here\r\n")

    async with odd_server(talk) as port:
        assert await reason(post(port, ca_file=str(authority.file))) == ("refused 554", True)


async def test_a_wrong_password_is_for_good(authority: Authority) -> None:
    """Tried again and again, it would lock the account at the mail server."""
    async with mail_server(tls=authority.context, login=True) as server:
        sender = post(server.port, ca_file=str(authority.file), username=USER, password="wrong")
        assert await reason(sender) == ("login refused 535", True)


@pytest.mark.parametrize(("answer", "expected"), [("550 no such user eva", ("refused 550", True)), ("450 later", ("refused 450", False))])
async def test_a_refused_address(answer: str, expected: tuple[str, bool]) -> None:
    async with mail_server() as server:
        server.answers = [answer]
        assert await reason(post(server.port, security="insecure_none")) == expected


async def test_an_address_beyond_ascii() -> None:
    async with mail_server(utf8=True) as server:
        await post(server.port, security="insecure_none").send(letter("jörg@mail.example"))
    assert server.recipients == ["jörg@mail.example"]
    assert "SMTPUTF8" in server.options
    async with mail_server() as server:
        assert await reason(post(server.port, security="insecure_none"), letter("jörg@mail.example")) == ("no smtputf8", True)


async def test_nobody_listens() -> None:
    with nobody() as port:
        assert await reason(post(port)) == ("unreachable", False)


async def _silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:  # each line is in time; only the whole is not
        writer.write(b"220-go on\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("talk", [_silent, _drip])
async def test_a_server_that_hangs(talk: Any) -> None:
    async with odd_server(talk) as port:
        assert await reason(post(port, timeout_s=0.2)) == ("timeout", False)


async def test_a_server_that_hangs_up() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        await reader.readline()

    async with odd_server(talk) as port:
        assert await reason(post(port)) == ("disconnected", False)


async def test_nonsense_is_tried_again() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n")
        await reader.read()

    async with odd_server(talk) as port:
        assert await reason(post(port)) == ("refused -1", False)


async def test_once_the_server_has_it_a_bad_farewell_is_no_failure() -> None:
    """A letter that counted as failed here would be sent again, and arrive twice."""
    answers = iter([b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"])

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        for answer in answers:
            await reader.readline()
            writer.write(answer)
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"250 taken\r\n")
        await reader.readline()

    async with odd_server(talk) as port:
        await post(port, security="insecure_none").send(letter())
    assert next(answers, None) is None


@pytest.mark.parametrize(
    "to",
    [
        '"eva\r\nRCPT TO:<mallory@evil.example>"@mail.example',
        "eva> NOTIFY=NEVER <x@mail.example",
        "eva@mail.example, mallory@evil.example",
        "eva",
        "",
    ],
)
async def test_an_address_breaks_out_of_no_command(to: str) -> None:
    message = EmailMessage()
    message["From"] = "accounts@shop.example"
    message._headers.append(("To", to))  # type: ignore[attr-defined]  # around the check of EmailMessage, which comes before ours
    async with mail_server() as server:
        assert await reason(post(server.port, security="insecure_none"), message) == ("address", True)
    assert not server.messages


async def test_a_sender_that_would_break_out_of_its_command() -> None:
    message = letter()
    del message["From"]
    message["From"] = "shop@[127.0.0.1> SIZE=1]"
    async with mail_server() as server:
        assert await reason(post(server.port, security="insecure_none"), message) == ("address", True)
    assert not server.messages


async def test_its_own_name_is_asked_for_once() -> None:
    async with mail_server() as server:
        for _ in range(2):
            await SMTP(host=HOST, port=server.port, security="insecure_none", timeout_s=60.0).send(letter())
    assert len(server.messages) == 2


def test_the_password_is_in_no_text() -> None:
    sender = SMTP(host="mail.example", username="shop", password="correct horse")
    assert "correct" not in repr(sender)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"host": ""}, "SMTP.host"),
        ({"host": "a b"}, "SMTP.host"),
        ({"port": 70000}, "SMTP.port"),
        ({"security": "none"}, "SMTP.security"),
        ({"timeout_s": 0}, "SMTP.timeout_s"),
        ({"username": "shop"}, "SMTP.username"),
        ({"hello_name": "a\r\nb"}, "SMTP.hello_name"),
        ({"security": "insecure_none", "username": "a", "password": "secret word"}, "SMTP.security"),
        ({"ca_file": "/nowhere.pem"}, "SMTP.ca_file"),
    ],
)
def test_options_that_cannot_work(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError) as failure:
        SMTP(**{"host": "mail.example", **options})
    assert failure.value.option == named
    assert "secret word" not in str(failure.value)
