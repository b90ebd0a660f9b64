"""What may be chosen about passwords, and what Buckler does not let anybody choose."""

from __future__ import annotations

import pytest

from buckler.accounts.passwords import (
    CHEAPEST_FOR_TESTS,
    OWASP_2025,
    RFC9106_HIGH_MEMORY,
    RFC9106_LOW_MEMORY,
    Passwords,
    Profile,
    PwnedRange,
)
from buckler.errors import ConfigError


def test_profiles_are_what_their_sources_say() -> None:
    assert OWASP_2025 == (2, 19 * 1024, 1)
    assert RFC9106_LOW_MEMORY == (3, 64 * 1024, 4)
    assert RFC9106_HIGH_MEMORY == (1, 2 * 1024 * 1024, 4)
    assert Passwords().profile == RFC9106_LOW_MEMORY
    assert (Passwords().min_chars, Passwords().max_chars) == (8, 1024)


@pytest.mark.parametrize("profile", [OWASP_2025, RFC9106_LOW_MEMORY, RFC9106_HIGH_MEMORY, Profile(1, 47104, 1), CHEAPEST_FOR_TESTS])
def test_profiles_that_are_enough(profile: Profile) -> None:
    assert Passwords(profile=profile).profile == profile


@pytest.mark.parametrize(
    "profile",
    [
        Profile(1, 19 * 1024, 1),
        Profile(2, 18 * 1024, 1),
        Profile(99, 8 * 1024, 1),
        Profile(2, 19 * 1024, 0),
        Profile(1, 9, 1),
        (3, 65536, 4),
    ],
)
def test_nothing_under_owasps_minimum(profile: Profile) -> None:
    with pytest.raises(ConfigError, match=r"Passwords\.profile = .*OWASP"):
        Passwords(profile=profile)


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"workers": 0}, "workers"),
        ({"workers": 65}, "workers"),
        ({"workers": 1.5}, "workers"),
        ({"wait_s": 0}, "wait_s"),
        ({"min_chars": 7}, "min_chars"),
        ({"max_chars": 63}, "max_chars"),
        ({"min_chars": 100, "max_chars": 99}, "max_chars"),
        ({"max_chars": 5000}, "max_chars"),
        ({"min_strength": 5}, "min_strength"),
        ({"min_strenght": 2}, "min_strenght"),
    ],
)
def test_what_cannot_be(given: dict[str, float], option: str) -> None:
    with pytest.raises(ConfigError, match=rf"Passwords\.{option} = "):
        Passwords(**given)  # type: ignore[arg-type]  # wrong on purpose


def test_options_are_a_default_of_other_options() -> None:
    """A dataclass takes as a default only what can be hashed."""
    assert hash(Passwords()) == hash(Passwords())
    assert hash(Passwords(breached=PwnedRange())) != hash(Passwords())
