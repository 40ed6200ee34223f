"""Steps of external_api_integration.feature."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pytest_bdd import given, parsers, scenarios, then, when

from fmp_collectors.datasets import DATASETS
from fmp_collectors.datasets.profile import EquityProfile
from fmp_collectors.records import Accepted, parse_row
from fundata_ingest.seed.manifest import Manifest, write_manifest
from fundata_ingest.seed.sources import WantedFile
from fundata_ingest.seed.storage import fetch_files
from sra_shared.kit.db import load_json, open_connection
from sra_shared.kit.settings import SeedStorageSettings
from sra_shared.runs import TaskType
from sra_stand_in.server import StandIn
from sra_testing.databases import run_async
from sra_testing.fmp_runs import Ended, make_settings, run_fmp
from sra_testing.fundata import GENERAL_FILE, HOLDING_FILE, NAVPS_FILE, counts_of, navps, write_csv
from sra_testing.scenes import Scene
from sra_testing.stand_in import run_stand_in

scenarios("external_api_integration.feature")
UNKNOWN_KEY = "invalid"


@dataclass
class Story:
    """What happened so far."""

    ended: Ended | None = None
    seconds: float = 0.0

    @property
    def run(self) -> Ended:
        """The run that the scenario started."""
        assert self.ended is not None
        return self.ended


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
def vendor() -> Iterator[StandIn]:
    with run_stand_in(securities=60) as running:
        yield running


async def fetch(dsn: str, query: str) -> list[Any]:
    connection = await open_connection(dsn, application_name="test")
    try:
        return [row[0] for row in await connection.fetch(query)]
    finally:
        await connection.close()


@given(parsers.parse("a stand-in for FMP with {number:d} securities"))
def given_a_stand_in(vendor: StandIn, number: int) -> None:
    assert len(vendor.app.fmp.session.world.universe.in_scope) == number


@given(parsers.parse('FMP answers "Limit Reach" to the first {times:d} quote calls'))
def given_throttling(vendor: StandIn, times: int) -> None:
    vendor.set_faults({"match": "/stable/batch-exchange-quote", "kind": "429", "times": times})


@when(parsers.parse("the profiles of {number:d} symbols are collected one by one"))
def when_profiles_are_collected(sandbox_database: str, vendor: StandIn, story: Story, number: int) -> None:
    settings = make_settings(vendor.fmp_base_url)
    run_async(run_fmp(sandbox_database, settings, "universe"))
    vendor.set_fmp(plan="premium")
    symbols = run_async(fetch(sandbox_database, "SELECT symbol FROM fmp_universe ORDER BY symbol"))[:number]
    started = time.monotonic()
    story.ended = run_async(
        run_fmp(sandbox_database, settings, "profile", task_type=TaskType.WEEKLY_FUNDAMENTALS, symbols=symbols)
    )
    story.seconds = time.monotonic() - started


@when("a daily run uses a key that FMP does not know")
def when_the_key_is_unknown(sandbox_database: str, vendor: StandIn, story: Story) -> None:
    settings = make_settings(vendor.fmp_base_url, fmp_api_key=UNKNOWN_KEY)
    story.ended = run_async(run_fmp(sandbox_database, settings))


@when("quotes are collected")
def when_quotes_are_collected(sandbox_database: str, vendor: StandIn, story: Story) -> None:
    story.ended = run_async(run_fmp(sandbox_database, make_settings(vendor.fmp_base_url), "quote"))


@then(parsers.parse("{number:d} profiles are stored"))
def then_profiles_are_stored(sandbox_database: str, number: int) -> None:
    assert run_async(fetch(sandbox_database, "SELECT count(*) FROM equity_profile")) == [number]


@then("every one of them is a valid equity profile")
def then_all_are_valid(sandbox_database: str) -> None:
    for raw in run_async(fetch(sandbox_database, "SELECT raw_json::text FROM equity_profile")):
        assert isinstance(parse_row(EquityProfile, load_json(raw)), Accepted)


@then(parsers.parse("collecting them took less than {seconds:d} seconds"))
def then_it_was_quick(story: Story, seconds: int) -> None:
    assert story.seconds < seconds


@then("the run ends failed with exactly one error")
def then_one_error(story: Story) -> None:
    assert story.run.task.status == "failed"
    assert len(story.run.task.error_details) == 1


@then("the error names FMP_API_KEY and not the key")
def then_the_error_is_clear(story: Story) -> None:
    message = story.run.task.error_details[0]["message"]
    assert "FMP_API_KEY" in message
    # the address of FMP's own help ends with the same word
    assert not re.search(rf"(?<![\w-]){UNKNOWN_KEY}(?![\w-])", message)


@then("nothing is stored")
def then_nothing_is_stored(sandbox_database: str) -> None:
    for dataset in DATASETS:
        assert run_async(fetch(sandbox_database, f"SELECT count(*) FROM {dataset.table}")) == [0], dataset.name  # noqa: S608


@then("the run ends completed")
def then_completed(story: Story) -> None:
    assert story.run.task.status == "completed", story.run.task.error_details


@then("the ledger knows that calls were throttled and repeated")
def then_the_ledger_knows(story: Story) -> None:
    figures = story.run.task.details["fmp"]
    assert figures["throttled"] >= 3
    assert figures["retried"] >= 3


@dataclass
class SeedStory:
    """An object storage with a seed tree, and where its files go."""

    scene: Scene
    origin: Path
    settings: SeedStorageSettings
    bucket: Any
    manifest: Manifest


@pytest.fixture
def storage_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@given("an object storage with three seed files and their manifest", target_fixture="seed_story")
def given_a_storage(database: str, tmp_path: Path, storage_server: str) -> SeedStory:
    origin = tmp_path / "origin"
    write_csv(origin, GENERAL_FILE, [{"RecordId": "1", "InstrumentKey": "412003", "LegalName": "Alpha"}])
    write_csv(origin, HOLDING_FILE, [{"RecordId": "2", "InstrumentKey": "412003", "Security": "Enbridge"}])
    write_csv(origin, NAVPS_FILE, [navps("412003", "2025-01-02", "10.5")])
    session = boto3.session.Session(aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1")
    bucket = session.resource("s3", endpoint_url=storage_server).Bucket("seed")
    bucket.create()
    settings = SeedStorageSettings.model_validate(
        {
            "seed_base_url": storage_server,
            "seed_bucket": "seed",
            "seed_access_key_id": "k",
            "seed_secret_access_key": "s",
        }
    )
    local = tmp_path / "local"
    (local / "data").mkdir(parents=True)
    return SeedStory(Scene(database, local), origin, settings, bucket, Manifest(files=[]))


@when("the seed tree is listed")
def when_listed(seed_story: SeedStory) -> None:
    seed_story.manifest = write_manifest(seed_story.origin)
    for file in seed_story.manifest.files:
        seed_story.bucket.put_object(Key=file.path, Body=(seed_story.origin / file.path).read_bytes())
    seed_story.bucket.put_object(Key="manifest.json", Body=seed_story.manifest.model_dump_json().encode())


@then("each file is named with its size and its SHA-256")
def then_listed(seed_story: SeedStory) -> None:
    assert [file.path for file in seed_story.manifest.files] == [GENERAL_FILE, HOLDING_FILE, NAVPS_FILE]
    for file in seed_story.manifest.files:
        body = (seed_story.origin / file.path).read_bytes()
        assert (file.size, file.sha256) == (len(body), hashlib.sha256(body).hexdigest())


@when("the files are fetched from the storage and loaded from disk")
def when_fetched(seed_story: SeedStory) -> None:
    result = seed_story.scene.load(storage=seed_story.settings)
    assert {counts_of(result, path)["status"] for path in (GENERAL_FILE, HOLDING_FILE, NAVPS_FILE)} == {"completed"}


@then("the ledger knows each file by the size and the SHA-256 of the manifest")
def then_ledger_knows(seed_story: SeedStory) -> None:
    rows = seed_story.scene.fetch(
        "SELECT file_path, file_size_bytes, file_hash FROM file_processing_tracker WHERE status = 'completed' ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [(file.path, file.size, file.sha256) for file in seed_story.manifest.files]


@then("a file that the storage delivers with other bytes is refused by its checksum")
def then_refused(seed_story: SeedStory, tmp_path: Path) -> None:
    body = (seed_story.origin / NAVPS_FILE).read_bytes().replace(b"10.5", b"99.5")
    seed_story.bucket.put_object(Key=NAVPS_FILE, Body=body)
    target = tmp_path / "again.csv"
    (fetched,) = run_async(fetch_files(seed_story.settings, [WantedFile(NAVPS_FILE, target)]))
    assert "does not match the manifest" in str(fetched.problem)
    assert not target.exists()
