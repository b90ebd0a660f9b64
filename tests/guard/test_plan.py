from __future__ import annotations

from typing import Any

import pytest

from buckler import CSRF, Guard, Hosts, NoSniff, off
from buckler.errors import ConfigError, UnknownOptionError
from buckler.protections import DEFAULTS
from buckler.testing import SECRET, guarded, probe_app


def test_everything_is_on_by_default_in_its_order() -> None:
    guard = Guard(probe_app, hosts=["Shop.Example."], secrets=[SECRET])
    assert [item.card.name for item in guard.plan.protections] == [kind.card.name for kind in DEFAULTS]
    assert guard.plan.site.hosts == ("shop.example",)


def test_an_option_object_replaces_its_default_in_place() -> None:
    own = CSRF(trusted_origins=["https://pay.example"])
    names = [item.card.name for item in guarded(probe_app, own).plan.protections]
    assert own in guarded(probe_app, own).plan.protections
    assert names == [item.card.name for item in guarded(probe_app).plan.protections]


def test_off_is_a_liability_with_a_reason() -> None:
    plan = guarded(probe_app, off(NoSniff, because="the CDN sends it")).plan
    assert [(item.name, item.because) for item in plan.liabilities] == [("nosniff", "the CDN sends it")]
    assert "nosniff" not in [item.card.name for item in plan.protections]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: off(NoSniff, because=" "), "say in a sentence"),
        (lambda: off(int, because="x"), "give a protection's class"),  # type: ignore[arg-type]  # that is the test
        (lambda: guarded(probe_app, CSRF), r"as in CSRF\(\)"),  # type: ignore[arg-type]  # that is the test
        (lambda: guarded(probe_app, "csrf"), r"as in CSRF\(\)"),  # type: ignore[arg-type]  # that is the test
        (lambda: guarded(probe_app, Hosts(), Hosts()), "is given twice"),
        (lambda: Guard(probe_app, secrets=[SECRET]), "name the hosts"),
        (lambda: Guard(probe_app, hosts="shop.example", secrets=[SECRET]), "list of strings"),
        (lambda: Guard(probe_app, hosts=["shop.example"]), "at least one secret"),
        (lambda: guarded(probe_app, trusted_proxies=-1), "number of hops"),
        (lambda: guarded(probe_app, trusted_proxies=["10.0.0/8"]), "a network such as"),
    ],
)
def test_a_setting_that_cannot_work_stops_the_start(change: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        change()


def test_an_unknown_fact_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownOptionError, match="did you mean `hosts`"):
        guarded(probe_app, host=["x"])


def test_development_needs_nothing() -> None:
    plan = Guard(probe_app, development=True).plan
    assert "localhost" in plan.site.hosts
    assert plan.site.development
