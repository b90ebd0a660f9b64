"""Under which key an answer is kept: nothing that the application may tell apart has the same one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.guard.cache.keys import key_of, named, normal, person_key, vary_of
from buckler.guard.cache.serving import linked
from tests.guard.cache.origin import Origin, is_hit, says
from tests.requests import request_of

TEXTS = st.text(alphabet="/ab?=&%2 ", max_size=6)


@given(one=st.tuples(TEXTS, TEXTS), other=st.tuples(TEXTS, TEXTS))
def test_two_addresses_have_two_keys(one: tuple[str, str], other: tuple[str, str]) -> None:
    def key(path: str, query: str) -> str:
        return key_of(request_of(raw_path=b"/" + path.encode(), query=query.encode()))

    assert (key(*one) == key(*other)) is (one == other)


@pytest.mark.parametrize("change", [{"scheme": "http"}, {"authority": "shop.example:8443"}, {"query": b"a"}, {"raw_path": b"/%2f"}])
def test_everything_counts(change: dict[str, object]) -> None:
    assert key_of(request_of(**change)) != key_of(request_of())


def test_letters_are_not_folded() -> None:
    """CVE-2026-25480: the Kelvin sign is no k, and K is none either."""
    assert len({key_of(request_of(raw_path=path.encode())) for path in ("/k", "/K", "/\u212a", "/%6b")}) == 4


def test_a_server_that_sends_no_raw_path() -> None:
    assert key_of(request_of(raw_path=b"", path="/ü")) == key_of(request_of(raw_path="/ü".encode()))


def test_persons_never_meet() -> None:
    assert person_key("a", "b c") != person_key("a person 1 b", "c")


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        (b"x", b" a ,b, c ", "a, b, c"),
        (b"x", b"a,", "a, "),
        (b"x", b'"a, b"', '"a, b"'),
        (b"accept-language", b"de;q=0.5, EN , fr; q=0.9", "en, fr;q=0.9, de;q=0.5"),
        (b"accept-encoding", b"gzip, br", "br, gzip"),
    ],
)
def test_equal_lists_are_equal(name: bytes, value: bytes, found: str) -> None:
    assert normal(name, value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [(b"", ()), (b" a,  Cookie ,", (b"a", b"cookie")), (b"*", None), (b"a, *", None), (b", *", None)],
)
def test_vary_is_read_by_its_grammar(value: bytes, found: tuple[bytes, ...] | None) -> None:
    """CVE-2026-6907, CVE-2026-48587."""
    assert vary_of(value) == found


async def test_variants_are_kept_apart_and_beside_each_other() -> None:
    origin = Origin(
        says("cache-control: max-age=60", "vary: X-A", body=b"one"),
        says("cache-control: max-age=60", "vary: x-a,  X-B ", body=b"two"),
        says("cache-control: max-age=60", "vary: x-a", body=b"three"),
    )
    assert (await origin.ask("/", "x-a: 1")).body == b"one"
    assert (await origin.ask("/", "x-a: 1")).body == b"one"
    assert (await origin.ask("/", "x-a: 2")).body == b"two"
    assert (await origin.ask("/", "x-a: 2")).body == b"two"
    assert (await origin.ask("/")).body == b"three"
    assert (await origin.ask("/")).body == b"three"
    assert origin.calls == 3
    assert (await origin.ask("/", "x-a: 1")).body == b"three"  # kept before it was known that it varies by two fields


async def test_what_varies_by_too_much_is_not_kept() -> None:
    origin = Origin(says("cache-control: max-age=60", "vary: " + ", ".join(f"x-{number}" for number in range(17))))
    await origin.ask()
    assert not is_hit(await origin.ask())
    assert "16 fields" in origin.cache.explain()[0]


async def test_hosts_schemes_and_ports_are_kept_apart() -> None:
    origin = Origin(says("cache-control: max-age=60"), hosts=["shop.example", "other.example"])
    await origin.ask()
    for host in (b"other.example", b"shop.example:8443"):
        assert not is_hit(await origin.ask(headers=[(b"host", host)]))
    assert is_hit(await origin.ask(headers=[(b"host", b"SHOP.example")]))


async def test_repeated_fields_are_one_list() -> None:
    origin = Origin(says("cache-control: max-age=60", "vary: x-a"))
    await origin.ask("/", "x-a: 1, 2")
    assert is_hit(await origin.ask("/", "x-a: 1", "x-a: 2"))


def test_long_addresses_are_short_keys() -> None:
    path, query = "/" + "p" * 300, "q" * 3000
    names = {
        named(request_of(), *parts) for parts in ((path, query), (path + "q", query[1:]), (path, query + "q"), (path[1:], "p" + query))
    }
    assert len(names) == 4
    assert max(map(len, names)) < 200
    raw = request_of(raw_path=path.encode(), query=query.encode())
    assert linked(raw, f"?{query}".encode()) == key_of(raw)
