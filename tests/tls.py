"""A TLS connection for tests."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl


def tls_connection(context: ssl.SSLContext, address: tuple[str, int], name: str, *, timeout_s: float = 30.0) -> ssl.SSLSocket:
    """Connect to `address`, which has to prove that it is `name`; `OSError` when it does not, and then no socket is left.

    Wrapped before it connects: Python 3.11 forgets to close what a server resets between the two, and a server that starts does that.
    """
    wire = context.wrap_socket(socket.socket(), server_hostname=name)
    try:
        wire.settimeout(timeout_s)
        wire.connect(address)
    except BaseException:
        wire.close()
        raise
    return wire
