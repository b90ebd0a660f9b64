"""What is hashed, whose hashes are taken, and that the work is the same for everybody."""

from __future__ import annotations

import hmac
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

import argon2.low_level
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.accounts.passwords import CHEAPEST_FOR_TESTS, RFC9106_LOW_MEMORY, Hasher, Passwords, argon
from buckler.accounts.passwords.hasher import TOO_LONG, UNREADABLE, spelled
from buckler.accounts.problems import AccountError

if TYPE_CHECKING:
    from collections.abc import Iterator

DJANGO = "pbkdf2_sha256$1000$salt$boRToEKoQr22LeDTyHDsEkHpDsDOTyWJq16HknEiweU="


@pytest.fixture
def pool() -> Iterator[Hasher]:
    made = Hasher(Passwords(profile=CHEAPEST_FOR_TESTS, wait_s=60.0))
    yield made
    made.close()


async def test_a_hash_matches_its_password_and_no_other(pool: Hasher) -> None:
    kept = await pool.hash("correct horse")
    assert kept.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert await pool.verify(kept, "correct horse")
    assert not await pool.verify(kept, "correct horse ")
    assert not await pool.verify(kept, "Correct horse")
    assert kept != await pool.hash("correct horse")


async def test_nobodys_password_is_never_right(pool: Hasher) -> None:
    assert not await pool.verify(None, "")
    assert not await pool.verify("", "")
    assert not await pool.verify("!unusable", "!unusable")


# ---- the same work for everybody: CVE-2024-39329, CVE-2025-13473


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What argon2 is asked to do: the numbers and the length of the hash, without the hash."""
    done: list[tuple[Any, ...]] = []
    verify = argon2.low_level.verify_secret

    def seen(kept: bytes, password: bytes, kind: Any) -> bool:
        *numbers, salt, hashed = kept.split(b"$")
        done.append((*numbers, len(salt), len(hashed), kind))
        return verify(kept, password, kind)

    monkeypatch.setattr(argon, "verify_secret", seen)
    return done


@pytest.mark.parametrize("password", ["wrong password", "x" * 5000, "pässwörd", "pa\u0308sswo\u0308rd", "\ud800", ""])
async def test_unknown_people_cost_what_known_ones_cost(pool: Hasher, work: list[tuple[Any, ...]], password: str) -> None:
    kept = await pool.hash("the right password")
    assert not await pool.verify(kept, password)
    known = list(work)
    work.clear()
    for nobody in (None, "", "no hash", "$argon2id$v=19$m=99999999,t=9999,p=255$c2l4dGVlbiBieXRlcy4uLg$yRUF1bxTXlyyD4hBlrBTUA"):
        assert not await pool.verify(nobody, password)
        assert work == known
        work.clear()
    assert len(known) == (2 if password != normalize("NFC", password) else 1)


# ---- what is hashed


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_what_is_hashed_is_the_password_in_nfc_and_nothing_else(password: str) -> None:
    assert spelled(password, 60) == normalize("NFC", password).encode()


async def test_both_ways_to_write_an_umlaut_are_one_password(pool: Hasher) -> None:
    kept = await pool.hash("pa\u0308sswort im Büro")
    assert await pool.verify(kept, "p\u00e4sswort im Büro")


async def test_a_hash_of_elsewhere_was_made_of_what_was_typed(pool: Hasher) -> None:
    typed = "pa\u0308sswort"
    elsewhere = argon.make(CHEAPEST_FOR_TESTS, typed.encode())
    assert await pool.verify(elsewhere, typed)
    assert not await pool.verify(elsewhere, "p\u00e4sswort")


async def test_too_long_is_told_when_it_is_chosen_and_only_wrong_when_it_is_tried(pool: Hasher) -> None:
    kept = await pool.hash("x" * 1024)
    assert await pool.verify(kept, "x" * 1024)
    assert not await pool.verify(kept, "x" * 1025)
    with pytest.raises(AccountError) as raised:
        await pool.hash("x" * 1025)
    assert raised.value.problem is TOO_LONG
    assert raised.value.fix == "Use at most 1024 characters."


async def test_half_a_character_cannot_be_kept(pool: Hasher) -> None:
    with pytest.raises(AccountError) as raised:
        await pool.hash("password \ud800")
    assert raised.value.problem is UNREADABLE


# ---- hashes of yesterday


async def test_a_hash_of_elsewhere_is_checked_and_outdated(pool: Hasher) -> None:
    assert await pool.verify(DJANGO, "correct horse")
    assert not await pool.verify(DJANGO, "wrong horse")
    assert pool.is_outdated(DJANGO)
    assert pool.can_read(DJANGO)
    assert not pool.can_read("!unusable")
    assert not pool.is_outdated(await pool.hash("correct horse"))


@pytest.mark.parametrize(
    "kept",
    [
        "$argon2i$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcy4uLg$" + "q" * 43,
        "$argon2id$v=16$m=8,t=1,p=1$c2l4dGVlbiBieXRlcy4uLg$" + "q" * 43,
        "$argon2id$v=19$m=9,t=1,p=1$c2l4dGVlbiBieXRlcy4uLg$" + "q" * 43,
        "$argon2id$v=19$m=8,t=2,p=1$c2l4dGVlbiBieXRlcy4uLg$" + "q" * 43,
        "$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXQ$" + "q" * 43,
        "$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcy4uLg$" + "q" * 22,
    ],
    ids=["argon2i", "version", "memory", "passes", "short salt", "short hash"],
)
def test_other_numbers_are_outdated(pool: Hasher, kept: str) -> None:
    assert pool.is_outdated(kept)
    assert not pool.is_outdated(argon.nobodys(CHEAPEST_FOR_TESTS))


async def test_flask_securitys_hashes_need_its_salt() -> None:
    inside = "$argon2id$v=19$m=512,t=3,p=4$"
    with_salt = Hasher(Passwords(profile=CHEAPEST_FOR_TESTS, wait_s=60.0, flask_security_salt="pepper"))
    made = argon.make(RFC9106_LOW_MEMORY._replace(memory_kib=512), b64encode(hmac.digest(b"pepper", b"horse", "sha512")))
    assert made.startswith(inside)
    assert await with_salt.verify("flask-security$" + made, "horse")
    assert not await with_salt.verify(made, "horse")
    assert "pepper" not in repr(with_salt._options)
    with_salt.close()
