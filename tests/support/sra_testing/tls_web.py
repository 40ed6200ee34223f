"""A single TLS server under a name that only a test can resolve, for downloads from untrusted addresses."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sra_shared.kit.http import RefusedAddressError
from sra_shared.kit.http.addresses import AddressRules, IpAddress, is_public
from sra_shared.kit.http.public_download import PublicDownloads
from sra_testing.small_server import QuietHandler

ANY = AddressRules()
NAME = "exports.example"


def write_certificate(folder: Path, name: str) -> Path:
    """Write a key and a self-signed certificate for the name."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


class Handler(QuietHandler):
    """Responds with a redirect below `/go`, else with the body."""

    body = b"data"
    seen: list[tuple[str, dict[str, str]]]
    location = ""

    def do_GET(self) -> None:  # noqa: N802 - a name of http.server
        self.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        is_redirect = self.path.startswith("/go")
        self.send_response(302 if is_redirect else 200)
        if is_redirect:
            self.send_header("Location", self.location)
        self.send_header("Set-Cookie", "a=b")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)


@contextmanager
def serve_tls(pem: Path, handler: type[Handler]) -> Iterator[int]:
    """Port of a server that is stopped at the end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Web:
    """The downloads' view of the network: one TLS server under a name, and how that name is resolved."""

    def __init__(self, pem: Path, port: int, handler: type[Handler]) -> None:
        self.base = f"https://exports.example:{port}"
        self.handler = handler
        self.requested: list[str] = []
        self.trusted = ssl.create_default_context(cafile=str(pem))

    async def look_up(self, host: str, _port: int) -> Sequence[IpAddress]:
        """Resolve every name to this machine, except one that also has an internal address."""
        self.requested.append(host)
        if host == "inside.example":
            return [ipaddress.ip_address("8.8.8.8"), ipaddress.ip_address("10.0.0.7")]
        return [ipaddress.ip_address("127.0.0.1")]

    def check(self, host: str, found: Sequence[IpAddress]) -> None:
        """Treat the test's own server as public."""
        for one in found:
            if not one.is_loopback and not is_public(one):
                raise RefusedAddressError(f"{host} is refused")

    def open(
        self, rules: AddressRules = ANY, _certificates: object = None, *, is_checked: bool = False, **_: object
    ) -> PublicDownloads:
        """Downloads with this view; `is_judged`: as in production, where this machine is not public."""
        if is_checked:
            return PublicDownloads(rules, self.trusted, look_up=self.look_up)
        return PublicDownloads(
            rules, self.trusted, look_up=self.look_up, check=self.check, find_proxy=lambda _url: None
        )


@contextmanager
def run_tls_web(folder: Path) -> Iterator[Web]:
    """The server and its name; it is stopped at the end."""
    pem = write_certificate(folder, NAME)
    handler = type("Seeing", (Handler,), {"seen": []})
    with serve_tls(pem, handler) as port:
        yield Web(pem, port, handler)
