"""Hashes of other programs, made by those programs themselves (tools/password_vectors.py), and what a planted one may cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buckler.accounts.passwords import CHEAPEST_FOR_TESTS, RFC9106_HIGH_MEMORY, foreign

KEPT: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text(encoding="utf-8"))
VECTORS = KEPT["vectors"]
SALT = KEPT["flask_salt"]


def _prefixed(by: str, kept: str) -> str:
    return foreign.FLASK_SECURITY + kept if by.startswith("Flask-Security") else kept


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['by']}, {vector['password'][:4]!r}")
def test_the_password_matches_and_no_other(vector: dict[str, str]) -> None:
    check = foreign.read(_prefixed(vector["by"], vector["hash"]), CHEAPEST_FOR_TESTS, flask_security_salt=SALT)
    assert check is not None
    assert check(vector["password"].encode())
    assert not check(vector["password"][1:].encode())


def test_there_is_a_vector_of_every_format() -> None:
    makers = {vector["by"] for vector in VECTORS}
    assert len(makers) == 33
    assert {by.split()[0] for by in makers} == {"Django", "Werkzeug", "passlib", "argon2-cffi", "Flask-Security"}


def _of(by: str) -> str:
    return next(str(vector["hash"]) for vector in VECTORS if vector["by"] == by and vector["password"].startswith("long "))


def test_bcrypt_cuts_after_72_bytes_as_its_makers_did() -> None:
    """Whoever has such a hash signs in with the whole password, and the hash of today is then made of the whole one."""
    check = foreign.read(_of("passlib bcrypt 2b"), CHEAPEST_FOR_TESTS)
    assert check is not None
    long = b"long " * 20
    assert check(long)
    assert check(long[:72])
    assert not check(long[:71])


def test_bcrypt_over_a_digest_does_not_cut() -> None:
    for by in ("Django bcrypt_sha256", "passlib bcrypt_sha256 v1", "passlib bcrypt_sha256 v2"):
        check = foreign.read(_of(by), CHEAPEST_FOR_TESTS)
        assert check is not None
        assert not check(b"long " * 19 + b"lang "), by


@pytest.mark.parametrize("salt", ["CCCCCCCCCCCCCCCCCCCCC.", "CCCCCCCCCCCCCCCCCCCCC/"])
def test_bcrypt_salts_with_stray_bits_are_read(salt: str) -> None:
    """Vector of crypt_blowfish; the second spelling of its salt is one that old programs wrote."""
    check = foreign.read(f"$2a$05${salt}E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", CHEAPEST_FOR_TESTS)
    assert check is not None
    assert check(b"U*U")
    assert not check(b"U*U*")


def test_a_hash_of_bcrypt_with_a_cost_that_does_not_exist_matches_nothing() -> None:
    check = foreign.read("$2b$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", CHEAPEST_FOR_TESTS)
    assert check is not None
    assert not check(b"U*U")


def test_flask_security_normalises_to_nfkd() -> None:
    kept = next(v["hash"] for v in VECTORS if v["by"] == "Flask-Security argon2" and v["password"].startswith("pa"))
    check = foreign.read(foreign.FLASK_SECURITY + kept, CHEAPEST_FOR_TESTS, flask_security_salt=SALT)
    assert check is not None
    assert check("pässwörd".encode())


ARGON_END = "$c2l4dGVlbiBieXRlcy4uLg$yRUF1bxTXlyyD4hBlrBTUA"
B64 = "q" * 43
DEAR = {
    "argon2: 2 GiB": "$argon2id$v=19$m=2097152,t=1,p=1" + ARGON_END,
    "argon2: a thousand passes": "$argon2id$v=19$m=65536,t=1000,p=1" + ARGON_END,
    "argon2: 17 lanes": "$argon2id$v=19$m=65536,t=1,p=17" + ARGON_END,
    "bcrypt: cost 16": "$2b$16$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    "bcrypt: cost 31": "$bcrypt-sha256$v=2,t=2b,r=31$CCCCCCCCCCCCCCCCCCCCC.$E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    "PBKDF2: 99 million": f"pbkdf2_sha256$99000000$salt${B64}=",
    "PBKDF2: four blocks of two million": "pbkdf2:sha1:2000000$salt$" + "ab" * 64,
    "scrypt: 256 MiB": f"$scrypt$ln=18,r=8,p=1$c2FsdA${B64}",
    "scrypt: N = 2⁹⁹": f"$scrypt$ln=99,r=1,p=1$c2FsdA${B64}",
    "scrypt: 64 MiB, a thousand times": f"scrypt$65536$salt$8$1000${B64}=",
    "longer than any": "pbkdf2_sha256$1000$salt$" + "q" * 2000,
}


@pytest.mark.parametrize("kept", DEAR.values(), ids=DEAR.keys())
def test_a_planted_hash_costs_nothing(kept: str) -> None:
    """Whoever can write a hash into the table must not be able to stop the site with it."""
    assert foreign.read(kept, CHEAPEST_FOR_TESTS) is None


def test_the_bound_is_never_under_the_sites_own_profile() -> None:
    assert foreign.read(DEAR["argon2: 2 GiB"], RFC9106_HIGH_MEMORY) is not None


NOT_READ = {
    "nothing": "",
    "unusable, Django": "!vT3pQz",
    "plain": "password",
    "MD5, Django": "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
    "crypt_blowfish's mistake": "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    "bcrypt, cut": "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe",
    "bcrypt-sha256, cut": "$bcrypt-sha256$v=2,t=2b,r=4$CCCC",
    "bcrypt-sha256 of a version to come": "$bcrypt-sha256$v=3,t=2b,r=4$CCCCCCCCCCCCCCCCCCCCC.$E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    "argon2 without passes": "$argon2id$v=19$m=8,t=0,p=1" + ARGON_END,
    "argon2 with less memory than lanes need": "$argon2id$v=19$m=8,t=1,p=4" + ARGON_END,
    "argon2 of a version to come": "$argon2id$v=20$m=8,t=1,p=1" + ARGON_END,
    "PBKDF2 without rounds": f"pbkdf2_sha256$0$salt${B64}=",
    "PBKDF2 of MD5": "pbkdf2:md5:1000$salt$" + "ab" * 16,
    "PBKDF2 with half a byte": "pbkdf2_sha256$1000$salt$" + "q" * 25,
    "PBKDF2 with too short a hash": "pbkdf2_sha256$1000$salt$" + "q" * 20,
    "PBKDF2 with half a byte of hex": "pbkdf2:sha256:1000$salt$" + "a" * 33,
    "PBKDF2 with a salt that is none": "pbkdf2_sha256$1000$\ud800$" + B64,
    "scrypt, not a power of two": f"scrypt:1000:8:1$salt${'ab' * 32}",
    "scrypt, N = 1": f"scrypt:1:8:1$salt${'ab' * 32}",
    "scrypt, r = 0": f"scrypt:1024:0:1$salt${'ab' * 32}",
    "scrypt, p = 0": f"scrypt:1024:8:0$salt${'ab' * 32}",
    "scrypt, unknown form": "scrypt:1024$salt$" + "ab" * 32,
    "of Flask-Security, without its salt": foreign.FLASK_SECURITY + "$2b$04$" + "a" * 53,
}


@pytest.mark.parametrize("kept", NOT_READ.values(), ids=NOT_READ.keys())
def test_what_is_no_hash_is_not_read(kept: str) -> None:
    assert foreign.read(kept, CHEAPEST_FOR_TESTS) is None


def test_a_moved_hash_that_is_none_is_not_read() -> None:
    assert foreign.read(foreign.FLASK_SECURITY + "plain", CHEAPEST_FOR_TESTS, flask_security_salt=SALT) is None


def test_argon2_text_that_argon2_itself_does_not_take_matches_nothing() -> None:
    """The last character holds bits that no byte has."""
    check = foreign.read("$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBieXRlcy4uLh$yRUF1bxTXlyyD4hBlrBTUA", CHEAPEST_FOR_TESTS)
    assert check is not None
    assert not check(b"")


STARTS = [
    "",
    "$",
    "$2b$04$",
    "bcrypt$$2b$04$",
    "$argon2id$v=19$m=8,t=1,p=1$",
    "pbkdf2_sha256$1$",
    "pbkdf2:sha1:1$",
    "$pbkdf2$1$",
    "scrypt$2$",
]


@given(
    start=st.sampled_from([*STARTS, "scrypt:2:1:1$", "$scrypt$ln=1,r=1,p=1$", "$bcrypt-sha256$", foreign.FLASK_SECURITY]), rest=st.text()
)
def test_no_text_breaks_the_reader(start: str, rest: str) -> None:
    check = foreign.read(start + rest, CHEAPEST_FOR_TESTS, flask_security_salt=SALT)
    assert check is None or check(b"password") in {True, False}
