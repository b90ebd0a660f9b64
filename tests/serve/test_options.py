from __future__ import annotations

import pytest

from buckler.errors import ConfigError
from buckler.serve.options import Serving


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"server": "gunicorn"}, "choose one of uvicorn, granian"),
        ({"tls": "1.1"}, r"choose one of 1\.2, 1\.3"),
        ({"workers": 0}, "Serving.workers"),
        ({"head_s": 0}, "Serving.head_s"),
        ({"port": 70_000}, "give a port from 1 to 65535"),
        ({"http_port": 0}, "give a port from 1 to 65535"),
        ({"http_port": 8443}, "another port than the one for HTTPS"),
        ({"max_head_bytes": 100}, "give at least 8192"),
        ({"key": "k.pem"}, "both --certificate and --key"),
        ({"workes": 2}, "did you mean `workers`"),
    ],
)
def test_what_cannot_work_is_said_at_once(given: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Serving(app="shop:app", **given)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://localhost:8443"),
        ({"port": 443}, "https://localhost"),
        ({"host": "0.0.0.0"}, "https://localhost:8443"),
        ({"host": "192.0.2.7"}, "https://192.0.2.7:8443"),
        ({"host": "2001:db8::7"}, "https://[2001:db8::7]:8443"),
    ],
)
def test_the_address_to_type(given: dict[str, object], url: str) -> None:
    assert Serving(app="shop:app", **given).url == url  # type: ignore[arg-type]  # a table
