from __future__ import annotations

from typing import Any

import pytest

from buckler.errors import ConfigError
from buckler.protections.permissions import Permissions
from buckler.protections.permissions.features import POWERFUL
from buckler.testing import guarded, only, probe_app

NO_ORIGINS: Any = ["camera"]


def _sent(protection: Any) -> dict[bytes, bytes]:
    return dict(guarded(probe_app, *only(protection)).plan.constant)


def test_permissions() -> None:
    value = _sent(Permissions(allow={"camera": ["self", "https://meet.example"], "usb": ["*"], "fullscreen": ["self"]}))[
        b"permissions-policy"
    ]
    parts = value.decode().split(", ")
    assert 'camera=(self "https://meet.example")' in parts
    assert "usb=*" in parts
    assert "fullscreen=(self)" in parts
    assert "microphone=()" in parts
    assert len(parts) == len(POWERFUL) + 1
    assert _sent(Permissions(report_only=True)) == {}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Permissions(allow={"camra": ["self"]}), "did you mean `camera`"),
        (lambda: Permissions(allow={"camera": ["http://x.example"]}), 'give "self"'),
        (lambda: Permissions(allow={"camera": ['https://x.example"; usb=*']}), 'give "self"'),
        (lambda: Permissions(allow={"camera": ["https://x.example\\"]}), 'give "self"'),
        (lambda: Permissions(allow={"camera": ["https://x.example, usb=*"]}), 'give "self"'),
        (lambda: Permissions(allow={"camera": ["https://bücher.example"]}), 'give "self"'),
        (lambda: Permissions(allow={"camera": "self"}), "list of strings"),
        (lambda: Permissions(allow=NO_ORIGINS), "name feature and origins"),
    ],
)
def test_what_cannot_work_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
