"""A real S3 server and a bucket with a seed tree, for tests of downloads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from fundata_ingest.seed.manifest import write_manifest
from sra_shared.kit.settings import SeedStorageSettings


@contextmanager
def serve_s3() -> Iterator[str]:
    """Address of an S3 server."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@contextmanager
def make_bucket(url: str) -> Iterator[Any]:
    """An empty bucket named `seed`, which is deleted at the end."""
    session = boto3.session.Session(aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1")
    made = session.resource("s3", endpoint_url=url).Bucket("seed")
    made.create()
    yield made
    made.objects.all().delete()
    made.delete()


def make_settings(url: str, **more: str) -> SeedStorageSettings:
    """Settings that name that bucket."""
    values = {"seed_base_url": url, "seed_bucket": "seed", "seed_access_key_id": "k", "seed_secret_access_key": "s"}
    return SeedStorageSettings.model_validate(values | more)


def fill_bucket(bucket: Any, tree: Path, *, folder: str = "") -> None:
    """Upload every file of a tree and the manifest."""
    manifest = write_manifest(tree)
    for file in manifest.files:
        bucket.put_object(Key=folder + file.path, Body=(tree / file.path).read_bytes())
    bucket.put_object(Key=f"{folder}manifest.json", Body=manifest.model_dump_json().encode())
