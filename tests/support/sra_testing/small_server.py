"""A real HTTP server that answers as a test's handler says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class QuietHandler(BaseHTTPRequestHandler):
    """A handler that leaves the tests' output clean."""

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@contextmanager
def serve(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Address of a server that is gone at the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    # it looks that often whether it is to end, and each test waits for that
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
