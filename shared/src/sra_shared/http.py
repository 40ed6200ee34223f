"""What every HTTP client of a process shares."""

from __future__ import annotations

from functools import cache
from ssl import SSLContext

import httpx


@cache
def load_certificates(*, trust_env: bool = False) -> SSLContext:
    """Return the context that checks a server's certificate, read once in a process.

    Reading the authorities takes fifty milliseconds of the loop each time. With `trust_env` the operator may name
    others in SSL_CERT_FILE or SSL_CERT_DIR, as for calls that leave our own network.
    """
    return httpx.create_ssl_context(trust_env=trust_env)
