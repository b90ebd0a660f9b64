"""The processes that hash: what they are, what happens when they end, and that none is left."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import signal
import subprocess
import sys
import termios
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from buckler.accounts.passwords import OWASP_2025, Hasher, Passwords, apart, child
from buckler.accounts.passwords.hasher import BUSY
from buckler.accounts.passwords.work import NICENESS, Make
from buckler.accounts.problems import AccountError
from tests.accounts.passwords.test_hasher import DJANGO
from tests.processes import gone

if TYPE_CHECKING:
    from collections.abc import Iterator


REAL = Passwords(profile=OWASP_2025, workers=2, wait_s=60.0)
ONE = Passwords(profile=OWASP_2025, workers=1, wait_s=60.0)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked at as Linux shows them")


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """All processes that were started."""
    found: list[subprocess.Popen[bytes]] = []
    popen = subprocess.Popen

    def start(*given: object, **more: object) -> subprocess.Popen[bytes]:
        found.append(popen(*given, **more))  # type: ignore[call-overload]  # handed on as it came
        return found[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    return found


@pytest.fixture
def pool() -> Iterator[Hasher]:
    made = Hasher(REAL)
    yield made
    made.close()


async def test_a_hash_matches_its_password_and_no_other(pool: Hasher) -> None:
    kept = await pool.hash("pässwörd")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await pool.verify(kept, "pässwörd")
    assert not await pool.verify(kept, "passwörd")
    assert not await pool.verify(kept, "\ud800")
    assert not await pool.verify(None, "pässwörd")
    assert not await pool.verify("no hash", "no hash")
    assert await pool.verify(DJANGO, "correct horse")
    assert not await pool.verify(DJANGO, "wrong horse")


@LINUX
async def test_what_hashes_stands_back_and_has_nothing_else(pool: Hasher, begun: list[subprocess.Popen[bytes]]) -> None:
    """All begin with the first work, for later there may be a flood; and they have loaded nothing of the application's."""
    await asyncio.gather(pool.hash("one"), pool.hash("two"))
    assert len(begun) == REAL.workers
    for process in begun:
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == max(NICENESS, os.getpriority(os.PRIO_PROCESS, 0))
        assert os.getpgid(process.pid) == process.pid, "a terminal's Ctrl-C is not for it"
        mapped, command = (Path(f"/proc/{process.pid}/{name}").read_text() for name in ("maps", "cmdline"))  # noqa: ASYNC240  # no file
        assert "argon2" in mapped
        assert not [library for library in ("sqlalchemy", "pydantic", "uvloop") if library in mapped]
        assert command.split("\0")[1:] == ["-I", str(child.__file__), ""], "nothing of what it is told"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_who_still_waits_when_all_are_told_to_end_gets_the_hash(
    pool: Hasher, begun: list[subprocess.Popen[bytes]], number: int
) -> None:
    kept = await pool.hash("password")  # by one of them; the other is still on its way there
    for process in begun:
        process.send_signal(number)
    assert await pool.verify(kept, "password")
    assert len(begun) == REAL.workers


async def test_one_that_was_killed_is_there_again(pool: Hasher, begun: list[subprocess.Popen[bytes]]) -> None:
    kept = await pool.hash("password")
    for process in begun[:]:
        process.kill()
        process.wait()
    assert await asyncio.gather(*(pool.verify(kept, "password") for _ in range(4))) == [True] * 4
    assert len(begun) == 2 * REAL.workers


@LINUX
async def test_killed_at_work_it_is_busy_and_nobodys_password_is_wrong(begun: list[subprocess.Popen[bytes]]) -> None:
    pool = Hasher(ONE)
    kept = await pool.hash("password")
    _halt(begun[0])
    waiting = asyncio.create_task(pool.verify(kept, "password"))
    while not _unread(begun[0]):  # noqa: ASYNC110  # threads of no event loop are waited for
        await asyncio.sleep(0.001)
    begun[0].kill()
    with pytest.raises(AccountError) as raised:
        await waiting
    assert raised.value.problem is BUSY
    assert await pool.verify(kept, "password")
    pool.close()


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/true"])
async def test_where_one_could_be_had_before_it_is_only_busy(
    program: str, begun: list[subprocess.Popen[bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    """The system may have no room for a process at the moment at which it has killed one."""
    pool, python = Hasher(ONE), sys.executable
    kept = await pool.hash("password")
    begun[0].kill()
    begun[0].wait()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", program)
        with pytest.raises(AccountError) as raised:
            await pool.verify(kept, "password")
    assert raised.value.problem is BUSY
    assert sys.executable == python
    assert await pool.verify(kept, "password")
    assert not caplog.messages
    pool.close()


async def test_told_to_end_the_moment_it_is_begun_it_hashes_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    popen = subprocess.Popen

    def start(*given: object, **more: object) -> subprocess.Popen[bytes]:
        process = popen(*given, **more)  # type: ignore[call-overload]  # handed on as it came
        process.send_signal(signal.SIGTERM)
        return process  # type: ignore[no-any-return]  # as above

    monkeypatch.setattr(subprocess, "Popen", start)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    alone = apart.Apart(1)
    assert alone.do(Make(OWASP_2025, b"password")).startswith("$argon2id$")
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mask, "only what was started is deaf"
    alone.close()


def test_where_no_such_signals_are_it_hashes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(signal, "pthread_sigmask")
    alone = apart.Apart(1)
    assert alone.do(Make(OWASP_2025, b"password")).startswith("$argon2id$")
    alone.close()


def _halt(process: subprocess.Popen[bytes]) -> None:
    """Stop it. It reads nothing any more when this returns."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)


def _unread(process: subprocess.Popen[bytes]) -> int:
    """How many bytes it has been told and has not read."""
    assert process.stdin is not None
    found = array("i", [0])
    fcntl.ioctl(process.stdin, termios.FIONREAD, found)
    return found[0]


async def test_what_ends_between_two_questions_is_busy(begun: list[subprocess.Popen[bytes]]) -> None:
    """It is seen to be there, and gone when it is written to."""
    pool = apart.Apart(1)
    pool.do(Make(OWASP_2025, b"password"))
    process = pool._one()
    begun[0].kill()
    begun[0].wait()
    with pytest.raises(MemoryError):
        process.do(Make(OWASP_2025, b"password"))
    process.end()


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/true", "/bin/echo"])
async def test_where_none_can_be_had_threads_do(program: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(sys, "executable", program)
    await _in_threads(caplog)
    assert program in caplog.text


async def test_an_application_in_one_file_is_not_started_again(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """There `sys.executable` is the application, which takes no file of Python's to run."""
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    await _in_threads(caplog)


async def _in_threads(caplog: pytest.LogCaptureFixture) -> None:
    pool = Hasher(REAL)
    assert await pool.verify(await pool.hash("password"), "password")
    pool.close()
    assert len(caplog.messages) == 1


async def test_closed_or_forgotten_none_is_left(begun: list[subprocess.Popen[bytes]]) -> None:
    closed, forgotten = Hasher(REAL), Hasher(REAL)
    for pool in (closed, forgotten):
        await pool.hash("password")
    closed.close()
    assert [process.returncode is None for process in begun] == [False, False, True, True]
    forgotten._pool.shutdown()
    del forgotten, pool
    gc.collect()
    assert all(process.returncode is not None for process in begun)


KILLED = """
import asyncio, os, signal, subprocess
from buckler.accounts.passwords import OWASP_2025, Hasher, Passwords
pids, popen = [], subprocess.Popen
def start(*given, **more):
    process = popen(*given, **more)
    pids.append(process.pid)
    return process
subprocess.Popen = start
async def main():
    pool = Hasher(Passwords(profile=OWASP_2025, workers=2, wait_s=60.0))
    await pool.hash("password")
    print(*pids, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


def test_none_outlives_a_server_that_was_killed() -> None:
    done = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    pids = {int(pid) for pid in done.stdout.split()}
    assert len(pids) == 2
    assert gone(pids)


NO_MEMORY = """
import asyncio, resource, sys
from buckler.accounts.passwords import Hasher, Passwords, Profile
from buckler.accounts.problems import AccountError
async def main(gib):
    pool = Hasher(Passwords(profile=Profile(1, gib * 2**20, 1), workers=1, wait_s=60.0))
    resource.setrlimit(resource.RLIMIT_AS, (gib * 2**30, gib * 2**30))
    if sys.argv[1] == "threads":
        sys.executable = ""
    for act in (pool.hash("password"), pool.verify(None, "password")):
        try:
            print(await act)
        except AccountError as failure:
            print(failure)
asyncio.run(main(2))
"""


@LINUX
@pytest.mark.parametrize("where", ["processes", "threads"])
def test_without_memory_nobodys_password_is_called_wrong(where: str) -> None:
    """It is busy, not wrong: an attempt must not be counted against anybody because the machine is short of memory."""
    done = subprocess.run([sys.executable, "-c", NO_MEMORY, where], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["account.password_busy", "account.password_busy"]
    assert ("threads" in done.stderr) == (where == "threads")
