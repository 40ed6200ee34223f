"""Seed files from a real S3 server: manifest, resume, checks, missing files."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from fundata_ingest.seed.manifest import ManifestFile, write_manifest
from fundata_ingest.seed.sources import WantedFile
from fundata_ingest.seed.storage import Fetched, SeedStore, download_file, fetch_files
from sra_cli.settings import build_environment, read_settings
from sra_shared.kit.db import Pool
from sra_shared.kit.errors import ConfigError, FatalError, RetryableError
from sra_shared.kit.retry import Backoff
from sra_shared.kit.settings import SeedStorageSettings
from sra_testing.fundata import GENERAL_FILE, HOLDING_FILE, NAVPS_FILE, navps, write_csv
from sra_testing.seed_storage import fill_bucket, make_settings
from sra_testing.small_server import QuietHandler, serve

AT_ONCE = Backoff(0.0, 0.0, attempts=5)
BODY = b"RecordId,InstrumentKey\n" + b"1,412003\n" * 300_000


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for path, body in {"data/FundGeneralSeed.csv": BODY, "quotes/a/b.csv": b"x\n", "data/notes.txt": b"n"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(body)
    return root


async def fetch(settings: SeedStorageSettings, *wanted: WantedFile) -> list[str | None]:
    return [fetched.problem for fetched in await fetch_files(settings, wanted)]


def test_manifest_lists_every_csv_with_size_and_hash(tree: Path) -> None:
    assert [(file.path, file.size) for file in write_manifest(tree).files] == [
        ("data/FundGeneralSeed.csv", len(BODY)),
        ("quotes/a/b.csv", 2),
    ]
    assert write_manifest(tree).files[0].sha256 == hashlib.sha256(BODY).hexdigest()


@pytest.mark.parametrize("path", ["/etc/passwd", "../x.csv", "data/../../x.csv", "data\\x.csv", ""])
def test_manifest_cannot_name_a_path_outside_the_tree(path: str) -> None:
    with pytest.raises(ValueError, match="is not a path below"):
        ManifestFile(path=path, size=1, sha256="0" * 64)


@pytest.mark.parametrize("folder", ["", "licensee/2026/"])
async def test_missing_file_comes_from_the_bucket(
    s3_server: str, bucket: Any, tree: Path, tmp_path: Path, folder: str
) -> None:
    fill_bucket(bucket, tree, folder=folder)
    target = tmp_path / "new" / "data" / "FundGeneralSeed.csv"
    seen: list[int] = []
    fetched = await fetch_files(
        make_settings(s3_server, seed_manifest=f"{folder}manifest.json"),
        [WantedFile("data/FundGeneralSeed.csv", target)],
        on_progress=lambda _path, done, _total: seen.append(done),
    )
    assert fetched == [Fetched("data/FundGeneralSeed.csv", None)]
    assert target.read_bytes() == BODY
    assert seen == sorted(seen)
    assert seen[-1] == len(BODY)
    assert not list(target.parent.glob(".*"))


async def test_a_broken_download_resumes(s3_server: str, bucket: Any, tree: Path, tmp_path: Path) -> None:
    fill_bucket(bucket, tree)
    target = tmp_path / "FundGeneralSeed.csv"
    (tmp_path / ".FundGeneralSeed.csv.part").write_bytes(BODY[:1_000_000])
    seen: list[int] = []
    await fetch_files(
        make_settings(s3_server),
        [WantedFile("data/FundGeneralSeed.csv", target)],
        on_progress=lambda _path, done, _total: seen.append(done),
    )
    assert target.read_bytes() == BODY
    assert min(seen) > 1_000_000


async def test_content_that_differs_from_the_manifest_is_refused(
    s3_server: str, bucket: Any, tree: Path, tmp_path: Path
) -> None:
    fill_bucket(bucket, tree)
    bucket.put_object(Key="data/FundGeneralSeed.csv", Body=BODY[:-9] + b"1,999999\n")
    target = tmp_path / "FundGeneralSeed.csv"
    (problem,) = await fetch(make_settings(s3_server), WantedFile("data/FundGeneralSeed.csv", target))
    assert problem is not None
    assert "does not match the manifest" in problem
    assert list(tmp_path.glob("*FundGeneral*")) == []


async def test_unavailable_files_are_named_and_the_rest_is_loaded(
    s3_server: str, bucket: Any, tree: Path, tmp_path: Path
) -> None:
    fill_bucket(bucket, tree)
    bucket.Object("data/FundGeneralSeed.csv").delete()
    problems = await fetch(
        make_settings(s3_server),
        WantedFile("data/FundGeneralSeed.csv", tmp_path / "a.csv"),
        WantedFile("data/Unknown.csv", tmp_path / "b.csv"),
        WantedFile("quotes/a/b.csv", tmp_path / "c.csv"),
    )
    assert problems[0] is not None
    assert "The bucket does not have" in problems[0]
    assert problems[1] is not None
    assert "has no entry in a manifest" in problems[1]
    assert problems[2] is None
    assert (tmp_path / "c.csv").read_bytes() == b"x\n"


async def test_load_fetches_what_is_missing_or_a_pointer(
    database: str, pool: Pool, s3_server: str, bucket: Any, tmp_path: Path
) -> None:
    """Through the command: a missing file, a pointer, a download that broke off, and one that was spoilt on its way."""
    origin, root = tmp_path / "origin", tmp_path / "root"
    quotes = [navps(str(key), "2025-01-02", "10") for key in range(60_000)]
    whole = write_csv(origin, NAVPS_FILE, quotes).read_bytes()
    general = write_csv(origin, GENERAL_FILE, [{"RecordId": "1", "InstrumentKey": "1"}]).read_bytes()
    holding = write_csv(origin, HOLDING_FILE, [{"RecordId": "1", "InstrumentKey": "1"}]).read_bytes()
    fill_bucket(bucket, origin)
    bucket.put_object(Key=HOLDING_FILE, Body=holding.replace(b"1,1,", b"1,2,"))
    for path, content in (
        (GENERAL_FILE, f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12\n".encode()),
        (str(Path(NAVPS_FILE).with_name(f".{Path(NAVPS_FILE).name}.part")), whole[:1_000_000]),
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    settings = {"SEED_BASE_URL": s3_server, "SEED_BUCKET": "seed", "SEED_ACCESS_KEY_ID": "k"}
    settings |= {"SEED_SECRET_ACCESS_KEY": "s", "DATABASE_URL": database}

    async def load() -> tuple[int, dict[str, Any], str]:
        words = [sys.executable, "-m", "sra_cli", "load", str(root), "--json"]
        done = await asyncio.to_thread(
            subprocess.run, words, env=build_environment(settings), capture_output=True, timeout=120, check=False
        )
        return done.returncode, json.loads(done.stdout), done.stderr.decode()

    code, result, log = await load()
    # object storage is set, so that an unavailable file is more than a warning
    assert (code, result["status"]) == (2, "partial")
    assert {file["file"]: (file["status"], file["stored"]) for file in result["files"]} == {
        GENERAL_FILE: ("completed", 1),
        NAVPS_FILE: ("completed", 60_000),
    }
    assert (root / NAVPS_FILE).read_bytes() == whole
    assert (root / GENERAL_FILE).read_bytes() == general
    assert HOLDING_FILE in result["missing"]
    assert len(result["missing"]) == 24
    assert "does not match the manifest" in log
    assert all(path in log for path in result["missing"])
    fill_bucket(bucket, origin)
    code, result, _ = await load()
    assert (code, len(result["missing"])) == (2, 23)
    assert [file["status"] for file in result["files"]] == ["skipped", "completed", "skipped"]
    assert await pool.fetchval("SELECT count(*) FROM fundata_quotes") == 60_000


async def test_no_manifest_and_no_bucket_are_reported_clearly(s3_server: str, bucket: Any, tmp_path: Path) -> None:
    wanted = WantedFile("data/a.csv", tmp_path / "a.csv")
    (problem,) = await fetch(make_settings(s3_server), wanted)
    assert problem is not None
    assert "manifest.json could not be read" in problem
    (problem,) = await fetch(SeedStorageSettings.model_validate({}), wanted)
    assert problem is not None
    assert "neither object storage nor an LFS server is configured" in problem


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"SEED_BASE_URL": "http://127.0.0.1:1"}, "SEED_BUCKET"),
        ({"SEED_ACCESS_KEY_ID": "k", "SEED_SECRET_ACCESS_KEY": "s"}, "SEED_BUCKET"),
        ({"SEED_BUCKET": "b", "SEED_ACCESS_KEY_ID": "k"}, "SEED_SECRET_ACCESS_KEY"),
        ({"SEED_BUCKET": "b", "SEED_SECRET_ACCESS_KEY": "canary-of-a-secret"}, "SEED_ACCESS_KEY_ID"),
        ({"LFS_TOKEN": "canary-of-a-secret"}, "LFS_URL"),
    ],
)
def test_contradictory_settings_are_refused(
    settings: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SeedStorageSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=named) as refused:
        read_settings(SeedStorageSettings)
    assert refused.value.exit_code == 5
    assert "canary" not in str(refused.value)


@dataclass
class FlakySource:
    """Breaks off after so many bytes, so many times."""

    body: bytes
    breaks: int
    step: int
    offsets: list[int] = field(default_factory=list)

    async def find_file(self, wanted: WantedFile) -> ManifestFile:
        return ManifestFile(path=wanted.path, size=len(self.body), sha256=hashlib.sha256(self.body).hexdigest())

    async def open_from(self, _file: ManifestFile, offset: int) -> AsyncIterator[bytes]:
        self.offsets.append(offset)
        yield self.body[offset : offset + self.step]
        if len(self.offsets) <= self.breaks:
            raise RetryableError("The connection broke.")
        yield self.body[offset + self.step :]


async def test_a_download_survives_broken_connections_without_requesting_a_byte_twice(tmp_path: Path) -> None:
    source = FlakySource(b"0123456789" * 10, breaks=3, step=20)
    file = await source.find_file(WantedFile("data/a.csv", tmp_path / "a.csv"))
    await download_file(source, file, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_bytes() == source.body
    assert source.offsets == [0, 20, 40, 60]


async def test_an_unavailable_storage_is_requested_once(tmp_path: Path) -> None:
    requested: list[str] = []

    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requested.append(self.path)
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with serve(Handler) as url:
        wanted = [WantedFile(f"data/{name}.csv", tmp_path / name) for name in "abcd"]
        problems = await fetch(make_settings(url), *wanted)
    assert [path.partition("?")[0] for path in requested] == ["/seed/manifest.json"]
    assert ["manifest.json could not be read" in str(problem) for problem in problems] == [True] * 4


async def test_a_server_that_breaks_off_gets_fewer_retries_for_the_next_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fundata_ingest.seed.storage.SEED_FILE", AT_ONCE)
    source = FlakySource(b"0123456789" * 10, breaks=10_000, step=0)
    store = SeedStore([source])
    for number, attempts in enumerate((5, 6, 7)):
        fetched = await store.fetch(WantedFile("data/a.csv", tmp_path / str(number)))
        assert (fetched.is_retryable, len(source.offsets)) == (True, attempts)
    source.breaks = 0
    assert (await store.fetch(WantedFile("data/a.csv", tmp_path / "0"))).problem is None


async def test_concurrent_loads_of_one_file_download_it_once(tmp_path: Path) -> None:
    """Streams of one file, or services that share a disk, may want it at the same time."""
    arrived = asyncio.Event()

    class SlowSource(FlakySource):
        async def open_from(self, _file: ManifestFile, offset: int) -> AsyncIterator[bytes]:
            self.offsets.append(offset)
            arrived.set()
            yield self.body[:50]
            await asyncio.sleep(0.3)
            yield self.body[50:]

    source = SlowSource(b"0123456789" * 10, breaks=0, step=0)
    file = await source.find_file(WantedFile("data/a.csv", tmp_path / "a.csv"))
    first = asyncio.create_task(download_file(source, file, tmp_path / "a.csv"))
    await arrived.wait()

    def stop(*_: Any) -> None:
        raise LookupError("stopped by the test")

    with pytest.raises(LookupError):
        await download_file(source, file, tmp_path / "a.csv", stop)
    await download_file(source, file, tmp_path / "a.csv")
    await first
    assert ((tmp_path / "a.csv").read_bytes(), source.offsets) == (source.body, [0])
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


async def test_wrong_size_never_becomes_the_file(tmp_path: Path) -> None:
    source = FlakySource(b"abc", breaks=0, step=3)
    file = ManifestFile(path="data/a.csv", size=2, sha256="0" * 64)
    with pytest.raises((FatalError, RetryableError)):
        await download_file(source, file, tmp_path / "a.csv")
    assert not (tmp_path / "a.csv").exists()


class HostileBucket:
    """A bucket whose manifest and objects are what a test says, with the headers that it says."""

    def __init__(self, manifest: bytes, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.manifest, self.body, self.headers = manifest, body, headers or {}

    @contextmanager
    def serve(self) -> Iterator[str]:
        outer = self

        class Handler(QuietHandler, BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = outer.manifest if "manifest" in self.path else outer.body
                self.send_response(200)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with suppress(OSError):
                    self.wfile.write(body)

        with serve(Handler) as url:
            yield url


def describe(size: int, body: bytes = b"") -> bytes:
    entry = {"path": "data/a.csv", "size": size, "sha256": hashlib.sha256(body).hexdigest()}
    return json.dumps({"files": [entry]}).encode()


@pytest.mark.parametrize(
    ("bucket", "words"),
    [
        (HostileBucket(b"[" + b"{}," * 100_000 + b"{}]"), "not valid"),
        (HostileBucket(b'{"files":[' + b"{}," * 100_000 + b"{}]}"), "not valid"),
        (HostileBucket(b" " * (2 << 20)), "more than 1,048,576 bytes"),
        (HostileBucket(gzip.compress(gzip.compress(b"{}")), headers={"Content-Encoding": "gzip, gzip"}), "2 times"),
        (HostileBucket(b"\xff\xfe{}"), "not valid"),
        (HostileBucket(describe(10), b"x" * 11), "more than the expected 10 bytes"),
        (HostileBucket(describe(10), b"x" * 5_000_000), "more than the expected 10 bytes"),
        (HostileBucket(describe(10), b"x" * 10), "does not match the manifest"),
        (HostileBucket(b"{}", headers={"Location": "http://[::1"}), "not valid"),
    ],
)
async def test_hostile_bucket_is_a_problem_of_the_file_and_leaves_nothing(
    tmp_path: Path, bucket: HostileBucket, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fundata_ingest.seed.storage.SEED_FILE", AT_ONCE)
    monkeypatch.setattr("fundata_ingest.seed.sources.SEED_MANIFEST", AT_ONCE)
    with bucket.serve() as url:
        (problem,) = await fetch(make_settings(url), WantedFile("data/a.csv", tmp_path / "a.csv"))
    assert words in str(problem)
    assert str(problem).isprintable()
    assert list(tmp_path.iterdir()) == []


async def test_refusal_keeps_the_part_that_is_there(tmp_path: Path) -> None:
    """A server that says no for a while is no reason to fetch gigabytes again."""
    part = tmp_path / ".a.csv.part"
    part.write_bytes(b"12345")

    class Refusing(FlakySource):
        async def open_from(self, _file: ManifestFile, offset: int) -> AsyncIterator[bytes]:
            raise FatalError("no")
            yield b""

    source = Refusing(b"0123456789", breaks=0, step=1)
    file = await source.find_file(WantedFile("data/a.csv", tmp_path / "a.csv"))
    with pytest.raises(FatalError):
        await download_file(source, file, tmp_path / "a.csv")
    assert part.read_bytes() == b"12345"
