from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from buckler.core.options import need, need_one_of, need_positive, need_strings, options
from buckler.errors import ConfigError, MissingExtraError, UnknownOptionError


@options
class Sample:
    max_age_s: int = 5
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        need_positive(self, max_age_s=self.max_age_s)
        need_strings(self, "names", self.names)


@options
class Nothing:
    pass


def test_options_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Sample().max_age_s = 6  # type: ignore[misc]  # that is the test


def test_an_unknown_option_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownOptionError, match=r"Sample\.max_age = .*did you mean `max_age_s`\?"):
        Sample(max_age=3)  # type: ignore[call-arg]  # that is the test


def test_an_unknown_option_without_a_near_one_is_answered_with_the_list() -> None:
    with pytest.raises(UnknownOptionError, match="the options are max_age_s, names"):
        Sample(zzz=3)  # type: ignore[call-arg]  # that is the test
    with pytest.raises(UnknownOptionError, match="the options are none"):
        Nothing(zzz=3)  # type: ignore[call-arg]  # that is the test


def test_options_are_named() -> None:
    with pytest.raises(ConfigError, match="options are named: max_age_s, names"):
        Sample(3)  # type: ignore[call-arg]  # that is the test


@pytest.mark.parametrize("value", [0, -1, "5", None, True])
def test_need_positive(value: object) -> None:
    with pytest.raises(ConfigError, match=r"Sample\.max_age_s = .*number over zero") as caught:
        Sample(max_age_s=value)  # type: ignore[arg-type]  # that is the test
    assert caught.value.option == "Sample.max_age_s"
    assert caught.value.value == value
    assert caught.value.code == "config"


@pytest.mark.parametrize("value", ["shop", [1], None])
def test_need_strings_refuses_a_lone_string(value: object) -> None:
    with pytest.raises(ConfigError, match="list of strings"):
        Sample(names=value)  # type: ignore[arg-type]  # that is the test


def test_need_one_of() -> None:
    need_one_of(Sample(), "mode", "a", ("a", "b"))
    with pytest.raises(ConfigError, match="choose one of a, b"):
        need_one_of(Sample(), "mode", "c", ("a", "b"))


def test_need() -> None:
    need(condition=True, option="x", value=1, fix="")
    with pytest.raises(ConfigError):
        need(condition=False, option="x", value=1, fix="")


def test_a_missing_extra_names_the_command() -> None:
    assert 'pip install "buckler[redis]"' in str(MissingExtraError("stores.redis", "redis"))
