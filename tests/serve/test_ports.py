"""A port that cannot be had: one line that says why, and who has it."""

from __future__ import annotations

import os
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from buckler.errors import ConfigError
from buckler.serve.ports import _who_to_ask, _why, bind, holder_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def taken() -> int:
    made = socket.create_server(("127.0.0.1", 0))
    port: int = made.getsockname()[1]
    test_socket[port] = made
    return port


test_socket: dict[int, socket.socket] = {}


@pytest.fixture(autouse=True)
def closed() -> object:
    yield
    for made in test_socket.values():
        made.close()
    test_socket.clear()


def test_a_free_port_is_ours() -> None:
    with bind("127.0.0.1", 0, 8) as made:
        assert made.getsockname()[1]
    with bind("::1", 0, 8) as made:
        assert made.family == socket.AF_INET6


def test_a_taken_port_names_itself_its_holder_and_the_option(taken: int) -> None:
    with pytest.raises(ConfigError) as failure:
        bind("127.0.0.1", taken, 8, option="--http-port")
    said = str(failure.value)
    assert said.startswith(f"--http-port = {taken}: the port is taken")
    assert said.endswith("give another with --http-port")
    if sys.platform == "linux":
        assert f"by process {os.getpid()}" in said


def test_an_address_of_another_machine() -> None:
    with pytest.raises(ConfigError, match="give an address of this machine with --host"):
        bind("192.0.2.1", 0, 8)


def test_a_port_that_needs_rights() -> None:
    assert "under 1024" in _why(PermissionError(13, "Permission denied"), "127.0.0.1", 80, "--port")


def test_a_holder_that_cannot_be_seen_is_to_be_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("buckler.serve.ports.holder_of", lambda _port: "")
    assert "`ss -ltnp" in _why(OSError(98, "in use"), "127.0.0.1", 80, "--port") or sys.platform != "linux"
    assert holder_of(80, tmp_path) == "", "there is no /proc"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert _who_to_ask(8443) == "lsof -nP -iTCP:8443 -sTCP:LISTEN"


def test_a_process_that_may_not_be_looked_into(tmp_path: Path) -> None:
    row = "0: 0100007F:0050 00000000:0000 0A 0:0 0:0 0 0 0 4711"
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text(f"header\n{row}\n")
    (tmp_path / "12").mkdir()  # without fd: as one of another account
    (tmp_path / "34" / "fd").mkdir(parents=True)
    (tmp_path / "34" / "fd" / "3").symlink_to("socket:[4711]")
    (tmp_path / "34" / "comm").write_text("nginx\n")
    assert holder_of(80, tmp_path) == "process 34 (nginx)"
    (tmp_path / "34" / "fd" / "3").unlink()
    assert holder_of(80, tmp_path) == ""
