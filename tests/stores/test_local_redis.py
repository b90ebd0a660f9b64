"""The first level on a real server: what a signed-in visitor costs it, and how soon somebody signed out is gone everywhere."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, Self

import pytest

from buckler.core.store import Get, Put
from buckler.stores.redis import Redis
from tests.servers.redis import RedisCluster, RedisSentinel, RedisServer
from tests.stores.machine import Machine, eventually, handle_of
from tests.stores.patience import HANGS_S
from tests.stores.road import Road

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_SILENT_S = 2.0  # what docs/why/sealed.md promises


def _machine(*urls: str, **options: Any) -> Machine:
    return Machine(Redis(*urls, wait_s=30, **options))  # a busy machine is no failure


@pytest.fixture
def prefix() -> str:
    return f"t{time.monotonic_ns()}"


@pytest.fixture
async def machines(server: RedisServer, prefix: str) -> AsyncIterator[tuple[Machine, Machine]]:
    made = _machine(server.url, prefix=prefix), _machine(server.url, prefix=prefix)
    for machine in made:
        await machine.listening()
    yield made
    for machine in made:
        await machine.store.close()


def commands(server: RedisServer) -> dict[str, int]:
    """How many commands of each kind the server has done, without those about connections and the question itself."""
    lines = [line for line in server.ask("INFO", "commandstats").splitlines() if line.startswith("cmdstat_")]
    counted = {line[8:].partition(":")[0]: int(line.partition("calls=")[2].partition(",")[0]) for line in lines}
    return {name: calls for name, calls in counted.items() if not name.startswith(("ping", "info", "client", "hello"))}


def more(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {name: calls - before.get(name, 0) for name, calls in after.items() if calls != before.get(name, 0)}


@pytest.mark.usefixtures("patient")
async def test_a_signed_in_visitor_costs_one_command_and_then_none(
    server: RedisServer, machines: tuple[Machine, Machine], prefix: str
) -> None:
    cookie = await machines[0].sign_in()
    new = _machine(server.url, prefix=prefix)  # of a worker that has just started
    new.local._silent_s = HANGS_S  # what it does in a silence, which a busy machine may make, other tests say
    await new.listening()
    before = commands(server)
    assert await new.who(cookie) == "mira"
    cold = commands(server)
    assert more(before, cold) == {"mget": 1}
    for _ in range(50):
        assert await new.who(cookie) == "mira"
    assert more(cold, commands(server)) == {}
    await new.store.close()


@pytest.mark.parametrize("everywhere", [True, False])
async def test_a_session_that_ended_elsewhere_has_ended_here(machines: tuple[Machine, Machine], everywhere: bool) -> None:
    here, there = machines
    cookie = await here.sign_in()
    await there.learn(cookie)
    if everywhere:
        await here.registry.revoke_all("mira")
    else:
        await here.registry.revoke(handle_of(cookie))
    assert await here.who(cookie) == "nobody"  # at once on the process that ended it
    await eventually(lambda: not there.knows(cookie))
    assert await there.who(cookie) == "nobody"


async def test_it_ends_within_the_bound_where_no_push_arrives(server: RedisServer, prefix: str) -> None:
    """The connection of the pushes hangs, as by a stalled machine between; everything else goes on."""
    async with Road(server.port) as road:
        here, there = _machine(server.url, prefix=prefix), _machine(f"redis://127.0.0.1:{road.port}", prefix=prefix)
        await there.listening()
        cookie = await here.sign_in()
        await there.learn(cookie)
        road.block()
        await here.registry.revoke_all("mira")
        ended_s = time.monotonic()
        async with asyncio.timeout(HANGS_S):
            while True:
                now_s = time.monotonic()
                if not there.knows(cookie):
                    break
                assert now_s - ended_s <= _SILENT_S  # holds on a busy machine too: one clock, read before the look
                await asyncio.sleep(0.01)
        assert await there.who(cookie) == "nobody"
        assert not there.knows(cookie)  # nothing is learnt meanwhile
        road.free()
        await there.listening()
        assert await there.who(cookie) == "nobody"
        for machine in (here, there):
            await machine.store.close()


async def test_a_server_that_was_killed_is_listened_to_again() -> None:
    with RedisServer() as server:
        here, there = _machine(server.url), _machine(server.url)
        await here.listening()
        await there.listening()
        cookie = await here.sign_in()
        await there.learn(cookie)
        server.kill()
        await eventually(lambda: not there.knows(cookie))
        assert await there.who(cookie) == "503"  # deliberately not "nobody"
        server.start()
        await eventually(lambda: there.local.at_once([]) is not None)
        await there.served(cookie)
        await there.learn(cookie)
        await here.registry.revoke_all("mira")
        await eventually(lambda: not there.knows(cookie))
        assert await there.who(cookie) == "nobody"
        for machine in (here, there):
            await machine.store.close()


async def _ends_elsewhere(here: Machine, there: Machine, cookie: str) -> None:
    await there.learn(cookie)
    await here.registry.revoke_all("mira")
    await eventually(lambda: not there.knows(cookie))
    assert await there.who(cookie) == "nobody"


async def test_every_server_of_a_cluster_is_listened_to(redis_cluster: RedisCluster, prefix: str) -> None:
    urls = [node.url for node in redis_cluster.nodes]
    here, there = (_machine(*urls, cluster=True, prefix=prefix) for _ in range(2))
    for machine in (here, there):
        await machine.listening()
    for _ in range(10):  # sessions, and so slots, by chance
        await _ends_elsewhere(here, there, await here.sign_in())
    for machine in (here, there):
        await machine.store.close()


async def test_who_takes_the_place_of_a_dead_primary_is_listened_to() -> None:
    with RedisSentinel() as servers:
        urls = [f"redis://{host}:{port}" for host, port in servers.addresses]
        here, there = (_machine(*urls, sentinel="buckler") for _ in range(2))
        for machine in (here, there):
            await machine.listening()
        cookie = await here.sign_in()
        await there.learn(cookie)
        servers.replica.until(lambda: servers.replica.ask("DBSIZE") == servers.primary.ask("DBSIZE"))
        servers.primary.kill()
        servers.watch_closely()
        await eventually(lambda: not there.knows(cookie))
        assert await there.served(cookie) == "mira"
        await eventually(lambda: there.local.at_once([]) is not None)
        assert await here.served(cookie) == "mira"
        await _ends_elsewhere(here, there, cookie)
        for machine in (here, there):
            await machine.store.close()


_OTHER_PROCESS = """
import asyncio, sys
from buckler.stores.redis import Redis
from tests.stores.machine import Machine, eventually

async def main(url, prefix, cookie):
    machine = Machine(Redis(url, prefix=prefix, wait_s=30))
    await machine.listening()
    await machine.learn(cookie)
    print("ready", flush=True)
    while question := await asyncio.to_thread(sys.stdin.readline):
        if question == "when told\\n":
            await eventually(lambda: not machine.knows(cookie))
        print(await machine.who(cookie), flush=True)
    await machine.store.close()

asyncio.run(main(*sys.argv[1:]))
"""


class OtherProcess:
    """A worker that knows a visitor, and says who that is when it is asked: `now`, or `when told` that something has changed."""

    def __init__(self, *arguments: str) -> None:
        self._command = (sys.executable, "-c", _OTHER_PROCESS, *arguments)

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe)
        assert await self._said() == "ready"
        return self

    async def __aexit__(self, *failure: object) -> None:
        self.process.kill()
        await self.process.communicate()

    async def who(self, when: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{when}\n".encode())
        return await self._said()

    async def _said(self) -> str:
        assert self.process.stdout is not None
        async with asyncio.timeout(180):
            return (await self.process.stdout.readline()).decode().strip()


async def test_it_ends_in_another_process(machines: tuple[Machine, Machine], server: RedisServer, prefix: str) -> None:
    here, _ = machines
    cookie = await here.sign_in()
    async with OtherProcess(server.url, prefix, cookie) as other:
        assert await other.who("now") == "mira"
        await here.registry.revoke_all("mira")
        assert await other.who("when told") == "nobody"


async def test_it_ends_in_a_process_that_was_stopped_meanwhile(machines: tuple[Machine, Machine], server: RedisServer, prefix: str) -> None:
    """The question and the push wait for it, both; it must not answer before it has listened."""
    here, _ = machines
    cookie = await here.sign_in()
    async with OtherProcess(server.url, prefix, cookie) as other:
        other.process.send_signal(signal.SIGSTOP)
        await here.registry.revoke_all("mira")
        asked = asyncio.create_task(other.who("now"))
        await asyncio.sleep(_SILENT_S)
        other.process.send_signal(signal.SIGCONT)
        assert await asked == "nobody"


async def test_what_is_written_elsewhere_is_seen_although_its_absence_was_known(machines: tuple[Machine, Machine]) -> None:
    here, there = machines
    async with asyncio.timeout(HANGS_S):
        while there.local.at_once([Get("k")]) is None:  # again: in a silence, which a busy machine may make, nothing is learnt
            assert await there.store.batch([Get("k")]) == [None]
    await here.store.batch([Put("k", b"1", 60)])
    await eventually(lambda: there.local.at_once([Get("k")]) is None)
    assert await there.store.batch([Get("k")]) == [b"1"]
