"""Object storage that containers can reach, and a seed tree in it that takes a while to load."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import boto3
import docker
from moto.server import ThreadedMotoServer

from sra_cli.settings import ROOT
from sra_testing.fundata import GENERAL_FILE, NAVPS_FILE, navps, write_csv
from sra_testing.stack_processes import call_command

SAMPLE = ROOT / "fundata" / "sample"
KEY, SECRET, BUCKET = "made-up-key", "made-up-secret", "seed"


@dataclass(frozen=True)
class Storage:
    """A running server: its address as containers see it, and its bucket."""

    url: str
    bucket: Any

    def make_settings(self) -> dict[str, str]:
        """Return the settings that point to the bucket."""
        return {
            "SEED_BASE_URL": self.url,
            "SEED_BUCKET": BUCKET,
            "SEED_ACCESS_KEY_ID": KEY,
            "SEED_SECRET_ACCESS_KEY": SECRET,
        }

    def upload_tree(self, root: Path) -> None:
        """Follow docs/operations.md: write the manifest, upload it and the folders next to it."""
        code, _, result = call_command("load", "--write-manifest", str(root))
        assert code == 0, result
        for path in sorted(file for file in root.rglob("*") if file.is_file()):
            self.bucket.upload_file(str(path), path.relative_to(root).as_posix())


@contextmanager
def run_storage() -> Iterator[Storage]:
    """A server on the engine's own bridge, which every container can reach and nothing outside the machine."""
    bridge = docker.from_env().networks.get("bridge")
    address = bridge.attrs["IPAM"]["Config"][0]["Gateway"]
    server = ThreadedMotoServer(ip_address=address, port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        url = f"http://{address}:{port}"
        session = boto3.session.Session(KEY, SECRET, region_name="us-east-1")
        bucket = session.resource("s3", endpoint_url=url).Bucket(BUCKET)
        bucket.create()
        yield Storage(url, bucket)
    finally:
        server.stop()


def make_tree(root: Path, *, days: int) -> int:
    """Write a whole seed tree, not marked as a sample, with many quotes, and return their number."""
    shutil.copytree(SAMPLE, root, ignore=shutil.ignore_patterns("SAMPLE"), dirs_exist_ok=True)
    with (SAMPLE / GENERAL_FILE).open(encoding="utf-8", newline="") as stream:
        keys = sorted({record["InstrumentKey"] for record in csv.DictReader(stream)})
    first = date(2000, 1, 1)
    quotes = (
        navps(key, (first + timedelta(days=day)).isoformat(), f"{10 + (day * 7 + int(key)) % 900 / 100:.4f}")
        for key in keys
        for day in range(days)
    )
    write_csv(root, NAVPS_FILE, quotes)
    return len(keys) * days
