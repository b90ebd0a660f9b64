from __future__ import annotations

import pytest

from buckler.core.sign import Keys, fingerprint
from buckler.errors import ConfigError

OLD, NEW = "o" * 32, b"n" * 32


def test_a_proof_verifies_for_its_purpose_alone() -> None:
    """CVE-2026-6873: values signed for different purposes never verify for each other."""
    keys = Keys([NEW])
    proof = keys.prove("session", b"7")
    assert keys.proves("session", b"7", proof)
    assert not keys.proves("csrf", b"7", proof)
    assert not keys.proves("session", b"8", proof)
    assert not keys.proves("session", b"7", b"")


def test_keys_rotate() -> None:
    proof = Keys([OLD]).prove("session", b"7")
    assert Keys([NEW, OLD]).proves("session", b"7", proof)
    assert not Keys([NEW]).proves("session", b"7", proof)
    assert Keys([NEW, OLD]).prove("session", b"7") == Keys([NEW]).prove("session", b"7")


@pytest.mark.parametrize("secrets", [[], ["short"], [NEW, b"short"]])
def test_weak_secrets_stop_the_start(secrets: list[str | bytes]) -> None:
    with pytest.raises(ConfigError, match=r"Guard\.secrets") as caught:
        Keys(secrets)
    assert "short'" not in str(caught.value)


def test_keys_are_never_printed() -> None:
    assert repr(Keys([OLD])) == "Keys(1)"


def test_fingerprint() -> None:
    assert fingerprint(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
