"""A real HTTP server whose responses come from a test's handler."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class QuietHandler(BaseHTTPRequestHandler):
    """A handler that does not write to the tests' output."""

    def log_message(self, *_: object) -> None:
        """Write nothing."""


@contextmanager
def serve(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Address of a server that is stopped at the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    # the server checks this often whether to stop, and each test waits for that
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
