"""PostgreSQL: the same numbers as `gcra` gives, its own clock, its rights, its sweeping, and what happens to its connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as some

from buckler.core.store import Get, Put, Take, Taken, gcra
from buckler.errors import ConfigError, StoreError
from buckler.stores import postgresql
from buckler.stores.postgresql import PostgreSQL, setup_sql
from tests.servers.postgresql import PostgresqlServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PATIENT: dict[str, Any] = {"wait_s": 30.0}


@pytest.fixture
def url(postgresql_server: PostgresqlServer) -> str:
    return postgresql_server.url(postgresql_server.new_database())


@pytest.fixture
async def store(url: str) -> AsyncIterator[PostgreSQL]:
    made = PostgreSQL(url, **PATIENT)
    yield made
    await made.close()


_NOW_S = 1_800_000_000.0
_takes = some.builds(
    Take,
    some.just("q"),
    some.integers(1, 10_000),
    some.one_of(some.floats(0.01, 1e7), some.sampled_from([1, 60, 3600, 86_400, 1.5])),
    some.integers(-20, 200),
    some.booleans(),
    some.booleans(),
)
# When the quota is whole again: anywhere, or just where something changes.
_dues = some.one_of(
    some.floats(-1e8, 1e8), some.sampled_from([-_NOW_S, 0.0, 1e-9, -1e-9, 1e-6, 60.0, 3600.0]), some.integers(-100, 100).map(float)
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.lists(some.tuples(_takes, _dues, some.booleans()), min_size=30, max_size=60))
@example([(Take("q", 10, 10, cost=25, spent=True), 0.0, True), (Take("q", 3, 30, cost=-1), 5.0, False), (Take("q", 7, 1), 1 / 7, True)])
def test_it_counts_as_gcra_does(url_of_a_schema: str, cases: list[tuple[Take, float, bool]]) -> None:
    """To the last bit: the same operations in the same order."""

    async def ask() -> list[Any]:
        connection = await asyncpg.connect(url_of_a_schema)
        try:
            columns: list[list[Any]] = [[], [], [], [], [], [], [], []]
            for take, due_s, before in cases:
                row = (_NOW_S + due_s, _NOW_S, float(take.limit), float(take.period_s), float(take.cost), take.spent, take.follows, before)
                for column, item in zip(columns, row, strict=True):
                    column.append(item)
            return list(await connection.fetch(_MANY, *columns))
        finally:
            await connection.close()

    answers = asyncio.run(ask())
    for (take, due_s, before), answer in zip(cases, answers, strict=True):
        assert (answer[0], Taken(*answer[1:])) == gcra(_NOW_S + due_s, _NOW_S, take, before=before), (take, due_s, before)


_MANY = (
    "SELECT found.* FROM unnest($1::float8[], $2::float8[], $3::float8[], $4::float8[], $5::float8[], $6::bool[], $7::bool[], $8::bool[])"
    ' WITH ORDINALITY AS asked (a, b, c, d, e, f, g, h, n), LATERAL "buckler".gcra_1(a, b, c, d, e, f, g, h) AS found ORDER BY n'
)


@pytest.fixture
def url_of_a_schema(postgresql_server: PostgresqlServer) -> str:
    name = postgresql_server.new_database()
    postgresql_server.sql(setup_sql(), name)
    return postgresql_server.url(name)


async def test_many_that_start_at_once_make_one_schema(url: str) -> None:
    stores = [PostgreSQL(url, schema="everybodys", **PATIENT) for _ in range(4)]
    answers = await asyncio.gather(*(one.batch([Take("q", 5, 3600)]) for one in stores for _ in range(5)))
    assert sum(answer[0].allowed for answer in answers if isinstance(answer[0], Taken)) == 5
    await asyncio.gather(*(one.close() for one in stores))


async def test_a_role_without_rights_uses_what_was_made_for_it(postgresql_server: PostgresqlServer) -> None:
    name = postgresql_server.new_database()

    def sql(statement: str) -> None:
        postgresql_server.sql(statement, name)

    sql("CREATE ROLE guest LOGIN")
    guest = PostgreSQL(postgresql_server.url(name).replace("//buckler@", "//guest@"), **PATIENT)
    with pytest.raises(StoreError, match="permission denied"):
        await guest.batch([Get("k")])
    sql(setup_sql())
    sql('GRANT USAGE ON SCHEMA "buckler" TO guest')
    sql('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "buckler" TO guest')
    assert await guest.batch([Put("k", b"1", 60), Get("k")]) == [None, b"1"]
    await guest.close()


async def test_a_batch_is_all_or_nothing(store: PostgreSQL) -> None:
    await store.batch([Get("k")])
    broken = Put("k", b"1", 60), Put("other", None, 60)  # type: ignore[arg-type]  # what the table refuses
    with pytest.raises(StoreError, match="null"):
        await store.batch(list(broken))
    assert await store.batch([Get("k")]) == [None]


async def test_what_expired_is_swept_out_now_and_then(store: PostgreSQL, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_SWEEP_WRITES", 3)
    monkeypatch.setattr(postgresql, "_SWEEP_S", 60.0)
    await store.batch([Put("old", b"", 0.01), Put("young", b"", 60), Take("whole", 1, 0.01), Take("used", 1, 60)])
    await asyncio.sleep(0.05)
    for _ in range(7):
        await store.batch([Put("k", b"", 60)])
        sweeping = store._pool()._sweeping
        if sweeping is not None:
            await sweeping
    connection = await asyncpg.connect(url)
    assert await connection.fetchval("SELECT array_agg(key ORDER BY key) FROM buckler.kept_1") == [b"k", b"young"]
    assert await connection.fetchval("SELECT array_agg(key) FROM buckler.quota_1") == [b"used"]
    await connection.close()


async def test_one_sweep_at_a_time_and_a_failed_one_is_nobodys_error(store: PostgreSQL) -> None:
    await store.batch([Put("k", b"", 60)])
    pool = store._pool()
    pool.sweep_soon()
    first = pool._sweeping
    pool.sweep_soon()
    assert pool._sweeping is first
    assert first is not None
    await first
    pool._schema = "missing"
    pool.sweep_soon()
    assert pool._sweeping is not None
    await pool._sweeping


async def test_whoever_closes_it_does_not_wait_for_what_is_in_the_background(url: str) -> None:
    store = PostgreSQL(url, **PATIENT)
    await store.batch([Put("k", b"", 60)])
    pool = store._pool()
    pool.sweep_soon()
    await store.close()
    assert pool._sweeping is not None
    with pytest.raises(asyncio.CancelledError):
        await pool._sweeping
    await store.close()


async def test_a_server_that_only_reads_now_is_left(store: PostgreSQL, url: str) -> None:
    """As after a switch to another primary: the next connection may find it."""
    await store.batch([Put("k", b"1", 60)])
    (connection,) = store._pool()._free
    await connection.execute("SET default_transaction_read_only = on")
    with pytest.raises(StoreError, match="read-only"):
        await store.batch([Put("k", b"2", 60)])
    assert connection.is_closed()
    assert await store.batch([Put("k", b"2", 60), Get("k")]) == [None, b"2"]


async def test_a_connection_that_ended_is_not_used(store: PostgreSQL) -> None:
    await store.batch([Put("k", b"1", 60)])
    (connection,) = store._pool()._free
    await connection.close()
    assert await store.batch([Get("k")]) == [b"1"]


async def test_there_are_no_more_connections_than_it_may_have(postgresql_server: PostgresqlServer, url: str) -> None:
    store = PostgreSQL(url, max_connections=3, **PATIENT)
    await asyncio.gather(*(store.batch([Take("q", 1000, 60)]) for _ in range(100)))
    assert len(store._pool()._free) <= 3
    await store.close()


def test_each_event_loop_has_its_own_connections(url: str) -> None:
    store = PostgreSQL(url, **PATIENT)

    async def use() -> list[Any]:
        try:
            return await store.batch([Put("k", b"1", 60), Get("k")])
        finally:
            await store.close()

    assert asyncio.run(use()) == asyncio.run(use()) == [None, b"1"]


async def test_values_survive_a_crash_and_quotas_are_whole_after_one() -> None:
    with PostgresqlServer() as server:
        store = PostgreSQL(server.url(), rest_s=0.01, **PATIENT)
        await store.batch([Put("k", b"1", 600), Take("q", 1, 600)])
        server.stop()
        server.start()
        assert [type(one) for one in await _patiently(store, [Take("q", 1, 600)])] == [Taken]
        refused = (await store.batch([Take("q", 1, 600)]))[0]
        assert isinstance(refused, Taken)
        assert not refused.allowed  # stopped is not crashed
        server.kill()
        server.start()
        found, taken = await _patiently(store, [Get("k"), Take("q", 1, 600)])
        assert found == b"1"
        assert isinstance(taken, Taken)
        assert taken.allowed
        await store.close()


async def test_a_connection_that_comes_late_is_there_for_whoever_comes_next(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a store that is farther away than anybody waits would never be reached; and no more are on their way than may be open."""
    store = PostgreSQL(url, wait_s=1.0, failures=1000, max_connections=2)
    await _patiently(store, [Put("k", b"1", 600)])
    connect, tries, opened = asyncpg.connect, 0, asyncio.Event()

    async def late(*given: Any, **more: Any) -> Any:
        nonlocal tries
        tries += 1
        is_first = tries == 1
        await opened.wait()
        if is_first:
            raise ConnectionRefusedError
        return await connect(*given, **more)

    monkeypatch.setattr(asyncpg, "connect", late)
    for connection in store._pool()._free:
        connection.terminate()
    for _ in range(2):
        found = await asyncio.gather(*(store.batch([Get("k")]) for _ in range(6)), return_exceptions=True)
        assert [type(one) for one in found] == [StoreError] * 6
        assert tries == 2
    opened.set()
    assert await _patiently(store, [Get("k")]) == [b"1"]
    assert tries == 2
    opened.clear()
    for connection in store._pool()._free:
        connection.terminate()
    with pytest.raises(StoreError):
        await store.batch([Get("k")])
    coming = store._pool()._coming[:]
    await store.close()
    await asyncio.wait(coming)
    assert [one.cancelled() for one in coming] == [True]


async def _patiently(store: PostgreSQL, ops: list[Any]) -> list[Any]:
    async with asyncio.timeout(90):
        while True:
            try:
                return await store.batch(ops)
            except StoreError:
                await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"url": "mysql://user:secret@host/db"}, "postgresql://host/database"),
        ({"schema": 'x"; DROP'}, r"PostgreSQL\.schema"),
        ({"max_connections": 0}, r"PostgreSQL\.max_connections"),
        ({"wait_s": 0}, r"PostgreSQL\.wait_s"),
    ],
)
def test_options_that_cannot_work_stop_the_start(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        PostgreSQL(**{"url": "postgresql://host/db", **options})
    assert "secret" not in str(raised.value)
