"""A process that loads a seed tree and may connect only to the database: `python -m sra_testing.offline_load DSN DIR`.

It prints, as JSON, the statuses of the files and every other address that it tried to reach.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sra_shared.kit.logs import configure_logs
from sra_testing.fundata import load_tree

_NOWHERE = ("192.0.2.1", 9)
"""An address reserved for documentation, where nothing responds."""


def watch_connections(allowed_port: int) -> list[str]:
    """Refuse and record every connection and name look-up except the database's, for the rest of the process."""
    tried: list[str] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            address = arguments[1]
            if isinstance(address, tuple) and address[1] == allowed_port:
                return
            # a name without a port is a local socket file, not a network connection
            if not isinstance(address, tuple):
                return
        elif event == "socket.getaddrinfo":
            address = arguments[:2]
            if address[1] == allowed_port:
                return
        else:
            return
        tried.append(f"{event} {address}")
        raise PermissionError(f"no network here: {address}")

    sys.addaudithook(hook)
    return tried


def check_watch(tried: list[str]) -> None:
    """Raise AssertionError if a connection to another address is not recorded and refused."""
    with suppress(PermissionError):
        socket.create_connection(_NOWHERE, timeout=0.1).close()
    if not tried:
        raise AssertionError("the watch on connections sees nothing")
    tried.clear()


if __name__ == "__main__":
    dsn, folder = sys.argv[1:]
    configure_logs(service="offline_load")
    attempts = watch_connections(urlsplit(dsn).port or 5432)
    check_watch(attempts)
    result = asyncio.run(load_tree(dsn, Path(folder)))
    json.dump({"files": {file["file"]: file["status"] for file in result.files}, "tried": attempts}, sys.stdout)
