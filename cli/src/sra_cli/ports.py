"""Free TCP ports of 127.0.0.1, reserved for this process."""

from __future__ import annotations

import secrets
import socket
import sys

_claims: dict[int, int] = {}


def is_port_free(port: int) -> bool:
    """Return whether this TCP port of 127.0.0.1 is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def find_free_port() -> int:
    """Return a free TCP port of 127.0.0.1 and reserve it for this process until it ends.

    The port is below the range for outgoing connections, so that the system does not assign it before it is used.
    """
    while True:
        port = 18_000 + secrets.randbelow(14_000)
        if claim_port(port):
            return port


def claim_port(port: int) -> bool:
    """Return whether this TCP port of 127.0.0.1 is free, and if so reserve it for this process until it ends.

    The claim is a socket name that dies with this process, since a server may be down between two starts.
    """
    if not is_port_free(port):
        return False
    if sys.platform != "linux" or port in _claims:
        return True
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0sra-port-{port}")
    except OSError:
        claim.close()
        return False
    # only the descriptor: it must stay open until the process ends, and a socket object would warn when collected
    _claims[port] = claim.detach()
    return True
