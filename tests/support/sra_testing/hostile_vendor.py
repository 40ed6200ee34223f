"""One server that is FMP, Fundata, a Git LFS server and a bucket at once, and sends bodies that no client should accept.

Everything except the data is correct: logins, polls, manifests, the LFS batch API.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from sra_testing.small_server import QuietHandler, serve

TWICE, LINE, OBJECTS, HUGE, DRIP, ROWS = (
    "compressed twice",
    "one long line",
    "[{},{},...]",
    "2 GB",
    "a slow drip",
    "many good rows",
)
KINDS = (TWICE, LINE, OBJECTS, HUGE, DRIP, ROWS)
MEGABYTE = 1 << 20
NAVPS_PATH = "quotes/FundDailyNAVPSSeed.csv"
NAVPS_HEADER = (
    b"RecordId,InstrumentKey,CurrentYield,CurrentYieldPercentChange,Date,NAVPS,NAVPSPennyChange,NAVPSPercentChange,"
    b"PreviousDate,PreviousNAVPS,Split,RecordState,ChangeDate\n"
)
NAVPS_ROW = b"1,412003,,,2025-01-02,10.1234,,,2025-01-01,10.1,,Active,2025-01-02\n"
PROFILE_HEADER = b"symbol,companyName,price,exchange,currency\n"
PROFILE_ROW = b"E001,A company,12.5,NYSE,USD\n"


@dataclass(frozen=True)
class Sizes:
    """How much of each kind is sent, in megabytes; `pause` is the seconds between the bytes of a slow body."""

    twice: int = 1024
    line: int = 700
    objects: int = 60
    huge: int = 2048
    rows: int = 20
    pause: float = 0.05


SMALL_SIZES = Sizes(twice=64, line=6, objects=4, huge=24, rows=3, pause=0.02)


@dataclass(frozen=True)
class _Form:
    """The beginning, middle and end of good data of a place."""

    begin: bytes
    row: bytes
    end: bytes = b""


_JSON_ROWS = {
    "treasury-rates": b'{"date":"2026-01-05","month1":4.1},',
    "etf/holdings": b'{"symbol":"%s","asset":"AAPL","weightPercentage":1.5},',
}
_CSV = _Form(NAVPS_HEADER, NAVPS_ROW)
_PROFILES = _Form(PROFILE_HEADER, PROFILE_ROW)


@dataclass
class HostileVendor:
    """The kind of its current responses, and its address."""

    sizes: Sizes
    kind: str = ROWS
    url: str = ""
    requested: dict[str, int] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)
    """When each place sent the first body of the kind, by the monotonic clock."""
    _packed: dict[str, bytes] = field(default_factory=dict)
    _seeds: dict[str, tuple[int, str]] = field(default_factory=dict)

    def turn_to(self, kind: str) -> None:
        """Switch to another kind of response and forget earlier requests."""
        self.kind = kind
        self.requested.clear()
        self.began.clear()

    def make_settings(self, root: Path) -> dict[str, str]:
        """Return the settings that point every service and command here."""
        return {
            "FMP_API_KEY": "made-up-key",
            "FMP_BASE_URL": f"{self.url}/stable",
            "FMP_BULK_CALLS_PER_MINUTE": "6000",
            "FUNDATA_ACCESS_KEY_ID": "made-up-key",
            "FUNDATA_SECRET_ACCESS_KEY": "made-up-secret",
            "FUNDATA_AUTH_URL": f"{self.url}/auth",
            "FUNDATA_API_URL": f"{self.url}/api",
            "FUNDATA_BASE_PATH": str(root),
            **self.make_storage("bucket"),
        }

    def make_storage(self, place: str) -> dict[str, str]:
        """Return the settings of one source of seed files."""
        if place == "lfs":
            return {"LFS_URL": f"{self.url}/lfs"}
        return {"SEED_BASE_URL": self.url, "SEED_BUCKET": "bucket"}

    def write_pointer(self, root: Path) -> None:
        """Write the pointer of the quotes into a tree."""
        size, digest = self.describe_seed()
        target = root / NAVPS_PATH
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {size}\n")

    def describe_seed(self) -> tuple[int, str]:
        """Return size and SHA-256 of the seed file: the true ones if it may be loaded, false ones if it must be aborted."""
        if self.kind not in (LINE, ROWS):
            return min(self.sizes.huge // 8, 50) * MEGABYTE, "0" * 64
        if self.kind not in self._seeds:
            digest, size = hashlib.sha256(), 0
            for piece in self.iterate_plain(_CSV):
                digest.update(piece)
                size += len(piece)
            self._seeds[self.kind] = size, digest.hexdigest()
        return self._seeds[self.kind]

    def iterate_plain(self, form: _Form) -> Iterator[bytes]:
        """Yield a body of a kind that is sent uncompressed."""
        if self.kind == OBJECTS:
            block = b"{}," * (MEGABYTE // 3)
            yield b"["
            for _ in range(self.sizes.objects):
                yield block
            yield b"{}]"
            return
        yield form.begin
        if self.kind == LINE:
            yield form.row[: max(1, form.row.find(b":") + 1)] + b'"'
            for _ in range(self.sizes.line):
                yield b"x" * MEGABYTE
            yield b'"\n' if not form.end else b'"},\n'
            yield form.row
        else:
            block = form.row * (MEGABYTE // len(form.row))
            for _ in range(self.sizes.huge if self.kind == HUGE else self.sizes.rows):
                yield block
        if form.end:
            yield form.row[:-1]
        yield form.end

    def pack(self, form: _Form, times: int) -> bytes:
        """Return a large body that is compressed several times, created once.

        It is one stream of gzip whose middle is one compressed block, repeated.
        """
        name = f"{form.begin!r}{times}"
        if name not in self._packed:
            block = form.row * (MEGABYTE // len(form.row))
            tail = form.row[:-1] + form.end if form.end else form.row
            check = zlib.crc32(form.begin)
            for _ in range(self.sizes.twice):
                check = zlib.crc32(block, check)
            size = len(form.begin) + self.sizes.twice * len(block) + len(tail)
            trailer = struct.pack("<II", zlib.crc32(tail, check), size & 0xFFFF_FFFF)
            parts = _deflate(form.begin), _deflate(block) * self.sizes.twice, _deflate(tail, zlib.Z_FINISH)
            once = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03" + b"".join(parts) + trailer
            self._packed[name] = gzip.compress(once) if times > 1 else once
        return self._packed[name]


def _deflate(body: bytes, flush: int = zlib.Z_FULL_FLUSH) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(body) + packer.flush(flush)


class _Handler(QuietHandler):
    vendor: HostileVendor

    def do_POST(self) -> None:  # noqa: N802 - a name of http.server
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.endswith("/authenticate"):
            self.respond({"token": "made-up-token"})
            return
        href = f"{self.vendor.url}/objects/x"
        self.respond({"objects": [{"oid": "x", "size": 1, "actions": {"download": {"href": href}}}]})

    def do_GET(self) -> None:  # noqa: N802 - a name of http.server
        path, _, query = self.path.partition("?")
        place = path.removeprefix("/").removeprefix("stable/")
        self.vendor.requested[place] = self.vendor.requested.get(place, 0) + 1
        size, digest = self.vendor.describe_seed() if place == "bucket/manifest.json" else (0, "")
        if place == "bucket/manifest.json":
            self.respond({"files": [{"path": NAVPS_PATH, "size": size, "sha256": digest}]})
        elif place.startswith("api/getresults/"):
            self.respond({"status": "Succeeded", "url": f"{self.vendor.url}/api/download/x"})
        elif place.startswith("api/download/") or place.startswith(("bucket/", "objects/")):
            self.send_hostile(_CSV)
        elif place.startswith("api/"):
            self.respond({"execution_id": f"execution-{time.monotonic_ns()}"})
        elif place == "profile-bulk":
            self.send_hostile(_PROFILES)
        elif place in _JSON_ROWS:
            symbol = query.partition("symbol=")[2].partition("&")[0].encode()
            row = _JSON_ROWS[place]
            self.send_hostile(_Form(b"[", row % symbol if b"%" in row else row, b"]"))
        else:
            self.respond([])

    def respond(self, value: object) -> None:
        """Send what a correct server would send."""
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_hostile(self, form: _Form) -> None:
        """Send a body of the kind as long as the client reads it; a bulk file has one part."""
        vendor = self.vendor
        if "part=" in self.path and "part=0" not in self.path:
            self.send_error(400)
            return
        vendor.began.setdefault(self.path.partition("?")[0], time.monotonic())
        self.send_response(200)
        # alternates: compressed twice and declared so, and compressed twice but declared once
        times = 1 + sum(vendor.requested.values()) % 2
        if vendor.kind == TWICE:
            self.send_header("Content-Encoding", "gzip, gzip" if times > 1 else "gzip")
        self.end_headers()
        with suppress(OSError):
            if vendor.kind == TWICE:
                self.wfile.write(vendor.pack(form, times))
                return
            if vendor.kind == DRIP:
                for byte in form.begin + form.row * 100_000:
                    self.wfile.write(bytes([byte]))
                    time.sleep(vendor.sizes.pause)
                return
            for piece in vendor.iterate_plain(form):
                self.wfile.write(piece)


@contextmanager
def run_hostile_vendor(sizes: Sizes = Sizes()) -> Iterator[HostileVendor]:
    """A vendor that is stopped at the end."""
    vendor = HostileVendor(sizes)
    with serve(type("Handler", (_Handler,), {"vendor": vendor})) as url:
        vendor.url = url
        yield vendor
