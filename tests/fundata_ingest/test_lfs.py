"""Seed files from a real Git LFS server, with pointers made by git-lfs, and from one with invalid responses."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.formats.batches import FileProblem
from fundata_ingest.formats.file_heads import HEAD_BYTES, inspect_file
from fundata_ingest.seed.sources import WantedFile
from fundata_ingest.seed.storage import fetch_files
from sra_shared.kit.settings import SeedStorageSettings
from sra_testing.small_server import QuietHandler, serve

BODY = b"RecordId,InstrumentKey\n" + b"1,412003\n" * 300_000


async def fetch(settings: SeedStorageSettings, *wanted: WantedFile) -> list[str | None]:
    return [fetched.problem for fetched in await fetch_files(settings, wanted)]


class LfsHandler(QuietHandler, BaseHTTPRequestHandler):
    """The batch API and basic downloads, over the objects of a real repository's .git/lfs."""

    objects: Path
    token = "lfs-token-0123456789"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers.get("Authorization") != f"Bearer {self.token}":
            self.respond(401, {"message": "Credentials needed"})
            return
        requested = body["objects"][0]
        found: dict[str, Any] = {"oid": requested["oid"], "size": requested["size"]}
        if self.find(requested["oid"]) is None:
            found["error"] = {"code": 404, "message": "Object does not exist"}
        else:
            href = f"http://{self.headers['Host']}/objects/{requested['oid']}"
            found["actions"] = {"download": {"href": href, "header": {"X-Ticket": "1"}}}
        self.respond(200, {"transfer": "basic", "objects": [found]})

    def do_GET(self) -> None:
        path = self.find(self.path.rsplit("/", 1)[-1])
        assert path is not None
        assert self.headers["X-Ticket"] == "1"
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        body = path.read_bytes()[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def find(self, oid: str) -> Path | None:
        return next(iter(self.objects.rglob(oid)), None)

    def respond(self, status: int, body: object) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/vnd.git-lfs+json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextmanager
def serve_lfs(objects: Path) -> Iterator[str]:
    with serve(type("Handler", (LfsHandler,), {"objects": objects})) as url:
        yield f"{url}/team/repo.git/info/lfs"


def run_git(folder: Path, *arguments: str) -> None:
    login = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_LFS_SKIP_SMUDGE": "1"}  # noqa: TID251 - for git
    subprocess.run(["git", *login, *arguments], cwd=folder, check=True, capture_output=True, env=environment)


@pytest.fixture
def lfs_clone(tmp_path: Path) -> tuple[Path, Path]:
    """A clone whose seed files are pointers made by git-lfs, and the origin's objects."""
    if shutil.which("git-lfs") is None:
        pytest.skip("git-lfs is not installed")
    origin, clone = tmp_path / "origin", tmp_path / "clone"
    origin.mkdir()
    run_git(origin, "init", "--quiet", "--initial-branch=main")
    run_git(origin, "lfs", "install", "--local")
    (origin / ".gitattributes").write_text("fundata/data/**/*.csv filter=lfs diff=lfs merge=lfs -text\n")
    (origin / "fundata" / "data").mkdir(parents=True)
    (origin / "fundata" / "data" / "FundGeneralSeed.csv").write_bytes(BODY)
    run_git(origin, "add", ".")
    run_git(origin, "commit", "--quiet", "-m", "seed")
    run_git(tmp_path, "clone", "--quiet", str(origin), str(clone))
    return clone / "fundata", origin / ".git" / "lfs" / "objects"


def read_pointer(root: Path, path: str) -> WantedFile:
    problem = inspect_file((root / path).read_bytes()[:HEAD_BYTES], path, load_catalogue())
    assert isinstance(problem, FileProblem)
    assert problem.kind == "lfs_pointer"
    return WantedFile(path, root / path, oid=str(problem.details["oid"]), size=int(str(problem.details["size"])))


async def test_pointer_made_by_git_lfs_is_replaced_by_its_content(lfs_clone: tuple[Path, Path]) -> None:
    root, objects = lfs_clone
    wanted = read_pointer(root, "data/FundGeneralSeed.csv")
    with serve_lfs(objects) as url:
        settings = SeedStorageSettings.model_validate({"lfs_url": url, "lfs_token": LfsHandler.token})
        assert await fetch(settings, wanted) == [None]
    assert (root / "data/FundGeneralSeed.csv").read_bytes() == BODY


async def test_lfs_server_that_refuses_or_lacks_the_object_is_a_problem_of_that_file(
    lfs_clone: tuple[Path, Path],
) -> None:
    root, objects = lfs_clone
    wanted = read_pointer(root, "data/FundGeneralSeed.csv")
    with serve_lfs(objects) as url:
        (problem,) = await fetch(SeedStorageSettings.model_validate({"lfs_url": url, "lfs_token": "wrong"}), wanted)
        assert problem is not None
        assert "returned status 401" in problem
        shutil.rmtree(objects)
        settings = SeedStorageSettings.model_validate({"lfs_url": url, "lfs_token": LfsHandler.token})
        (problem,) = await fetch(settings, wanted)
        assert problem is not None
        assert "does not have data/FundGeneralSeed.csv" in problem
    assert (root / "data/FundGeneralSeed.csv").read_bytes().startswith(b"version https://git-lfs")


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (200, b"<html>Sign in</html>", "not a response of the batch API"),
        (200, b'{"objects": []}', "offers no download"),
        (200, b'{"objects": [{"oid": "x", "size": 1}]}', "offers no download"),
        (200, b'{"objects": [{"actions": {"upload": {"href": "http://x"}}}]}', "offers no download"),
        (200, b'{"objects": "none"}', "not a response of the batch API"),
        (200, b"[]", "not a response of the batch API"),
        (200, b'{"objects": [{"actions": {"download": {"href": "ftp://x/y"}}}]}', "no usable URL"),
        (200, b'{"objects": [{"actions": {"download": {"href": "http://x:port/"}}}]}', "no usable URL"),
        (404, b"", "returned status 404"),
    ],
)
async def test_an_invalid_lfs_response_is_a_problem_of_that_file(
    tmp_path: Path, status: int, body: bytes, words: str
) -> None:
    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    wanted = [WantedFile(f"data/{name}.csv", tmp_path / name, oid="0" * 64, size=3) for name in "ab"]
    with serve(Handler) as url:
        problems = await fetch(SeedStorageSettings.model_validate({"lfs_url": url}), *wanted)
    assert [words in str(problem) for problem in problems] == [True, True]
    assert "data/a.csv" in str(problems[0])
    assert not list(tmp_path.iterdir())


async def test_dead_server_is_reported_clearly(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    wanted = WantedFile("data/a.csv", tmp_path / "a.csv", oid="0" * 64, size=3)
    (problem,) = await fetch(SeedStorageSettings.model_validate({"lfs_url": url}), wanted)
    assert problem is not None
    assert "did not respond" in problem
