"""Seeding by the services: failed files are loaded later on any machine, and loaded files are not fetched again."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.seed import streams
from fundata_ingest.seed.local_load import LoadResult, load_seed_tree, make_load_request, run_in_process
from fundata_ingest.seed.tree import SeedTree
from fundata_ingest.seed.work import SeedWork
from fundata_ingest.update_steps import StepWork
from fundata_ingest.updates.update_api import FundataAccount
from sra_shared.kit.db import Pool
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.settings import SeedStorageSettings
from sra_shared.runs import RunRequest, RunStatus, TaskType, UnitStatus
from sra_stand_in.server import StandIn
from sra_testing.fundata import (
    GENERAL_FILE,
    HOLDING_FILE,
    NAVPS_FILE,
    digest_content,
    five,
    load_first_chunks,
    load_tree,
    make_work,
    navps,
    write_csv,
)
from sra_testing.seed_storage import fill_bucket, make_settings
from sra_testing.stand_in import run_stand_in

EXPENSES_FILE = "data/FundExpensesSeed.csv"
PRICING = load_catalogue().find_dataset("Pricing").files
DAYS = [f"2025-{month:02d}-{day:02d}" for month in range(1, 13) for day in range(1, 29)]


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with run_stand_in(funds=3) as running:
        yield running


def make_step(stand_in: StandIn, root: Path, *, reject_limit: str = "0.001") -> StepWork:
    seed = make_work(root, reject_limit=reject_limit, tables=("quotes",))
    account = FundataAccount(
        key=SecretStr("key-of-a-test"),
        secret=SecretStr("secret-of-a-test"),
        auth_url=stand_in.fundata_auth_url,
        api_url=stand_in.fundata_api_url,
    )
    return StepWork(seed, "quotes", account, overlap_days=7)


async def refresh(dsn: str, step: StepWork) -> LoadResult:
    request = RunRequest(task_type=TaskType.FUNDATA_QUOTES, max_retries=1, timeout_seconds=120)
    return await run_in_process(dsn, request, step)


def write_quotes(root: Path) -> None:
    """The six files of the quotes, two rows each."""
    write_csv(root, NAVPS_FILE, [navps("1", day, "10") for day in DAYS[:2]])
    for number, path in enumerate(PRICING):
        write_csv(root, path, [{"InstrumentKey": "1", "Date": day, "NAVPS": str(number)} for day in DAYS[:2]])


def list_seeds(result: LoadResult) -> dict[str, UnitStatus]:
    return {unit.unit: unit.status for unit in result.units if "export" not in unit.detail}


async def test_a_refresh_loads_the_seed_files_that_the_previous_one_could_not(
    sandbox_database: str, stand_in: StandIn, tmp_path: Path
) -> None:
    write_quotes(tmp_path)
    bad, absent, *good = PRICING
    write_csv(tmp_path, bad, [], header=["InstrumentKey", "Day", "NAVPS"])
    (tmp_path / absent).unlink()
    step = make_step(stand_in, tmp_path)
    first = await refresh(sandbox_database, step)
    loaded = dict.fromkeys((NAVPS_FILE, *good), UnitStatus.COMPLETED)
    assert list_seeds(first) == {**loaded, bad: UnitStatus.REJECTED, absent: UnitStatus.MISSING}
    assert first.task.status == RunStatus.PARTIAL
    # as long as the file is no better, no refresh calls itself a success
    again = await refresh(sandbox_database, step)
    assert list_seeds(again) == {bad: UnitStatus.REJECTED, absent: UnitStatus.MISSING}
    assert again.task.status == RunStatus.PARTIAL
    write_quotes(tmp_path)
    third = await refresh(sandbox_database, step)
    assert list_seeds(third) == dict.fromkeys((bad, absent), UnitStatus.COMPLETED)
    assert third.task.status == RunStatus.COMPLETED, third.errors
    assert five(third, bad) == (2, 2, 0, 0, 0)
    # once all files are loaded, the folder is not read again, and neither is a newer file of the same name
    write_csv(tmp_path, NAVPS_FILE, [navps("2", DAYS[0], "11")])
    shutil.rmtree(tmp_path / PRICING[0].rsplit("/", 1)[0])
    last = await refresh(sandbox_database, step)
    assert (list_seeds(last), last.task.status) == ({}, RunStatus.COMPLETED)


async def test_a_refresh_fails_while_the_rejects_of_the_seed_exceed_the_limit(
    sandbox_database: str, stand_in: StandIn, tmp_path: Path
) -> None:
    write_quotes(tmp_path)
    write_csv(tmp_path, PRICING[0], [{"InstrumentKey": "", "Date": DAYS[0], "NAVPS": "1"} for _ in range(9)])
    for _ in range(2):
        result = await refresh(sandbox_database, make_step(stand_in, tmp_path))
        assert result.task.status == RunStatus.FAILED
        assert "REJECT_LIMIT" in result.errors[-1]
    assert list_seeds(result) == dict.fromkeys((NAVPS_FILE, *PRICING), UnitStatus.SKIPPED)
    good = await refresh(sandbox_database, make_step(stand_in, tmp_path, reject_limit="0.9"))
    assert good.task.status == RunStatus.COMPLETED, good.errors


@pytest.mark.parametrize("elsewhere", [False, True], ids=["after-a-deploy", "another-replica"])
async def test_a_run_continues_without_its_planned_files(
    database: str,
    pool: Pool,
    s3_server: str,
    bucket: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    elsewhere: bool,
) -> None:
    origin, first, second = tmp_path / "origin", tmp_path / "first", tmp_path / "second"
    write_csv(origin, NAVPS_FILE, [navps(str(key), day, "10.5") for key in range(20) for day in DAYS])
    fill_bucket(bucket, origin)
    root = second if elsewhere else first

    def work_on(folder: Path) -> SeedWork:
        work = make_work(origin, batch_rows=500, streams=2, tables=("quotes",), storage=make_settings(s3_server))
        return replace(work, find_tree=lambda _task: SeedTree(folder, folder / "data", folder / "quotes"))

    request = await load_first_chunks(database, pool, work_on(first), monkeypatch)
    assert (first / NAVPS_FILE).exists()
    if not elsewhere:
        shutil.rmtree(first)
    read: list[int] = []
    read_batches = streams.read_batches

    def note_start(*arguments: Any, **options: Any) -> Any:
        read.append(options["start"].offset if options.get("start") else 0)
        return read_batches(*arguments, **options)

    monkeypatch.setattr(streams, "read_batches", note_start)
    done = await run_in_process(database, request, work_on(root))
    # the five other files are not in storage, which is set
    assert done.task.status == RunStatus.PARTIAL
    assert five(done, NAVPS_FILE) == (6720, 6720, 0, 0, 0)
    assert (root / NAVPS_FILE).read_bytes() == (origin / NAVPS_FILE).read_bytes()
    assert [path.name for path in (root / NAVPS_FILE).parent.iterdir()] == [Path(NAVPS_FILE).name]
    assert any(offset > 500 for offset in read), "it resumes at the last committed chunk"
    assert await pool.fetchval("SELECT count(*) FROM fundata_quotes") == 6720
    assert (await digest_content(pool))["fundata_quotes_superseded"][0] == 0


async def test_changed_content_in_storage_fails_that_file(
    database: str, pool: Pool, s3_server: str, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, root = tmp_path / "origin", tmp_path / "root"
    write_csv(origin, NAVPS_FILE, [navps(str(key), day, "10.5") for key in range(20) for day in DAYS])
    fill_bucket(bucket, origin)
    work = make_work(root, batch_rows=500, streams=1, tables=("quotes",), storage=make_settings(s3_server))
    work = replace(work, find_tree=lambda _task: SeedTree(root, root / "data", root / "quotes"))
    request = await load_first_chunks(database, pool, work, monkeypatch)
    write_csv(origin, NAVPS_FILE, [navps("1", DAYS[0], "11")])
    fill_bucket(bucket, origin)
    shutil.rmtree(root)
    done = await run_in_process(database, request, work)
    assert [unit.status for unit in done.units if unit.unit == NAVPS_FILE] == [UnitStatus.FAILED]
    assert any("has changed in storage since this run was planned" in error for error in done.errors)
    assert not (root / NAVPS_FILE).exists()


async def test_without_storage_a_file_that_vanished_fails_that_file(
    database: str, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path, NAVPS_FILE, [navps(str(key), day, "10.5") for key in range(20) for day in DAYS])
    work = make_work(tmp_path, batch_rows=500, streams=1)
    request = await load_first_chunks(database, pool, work, monkeypatch)
    (tmp_path / NAVPS_FILE).unlink()
    done = await run_in_process(database, request, work)
    assert done.task.status == RunStatus.FAILED
    assert any("was deleted after the load started" in error for error in done.errors)


async def test_a_resumed_load_includes_files_that_were_added_since(
    database: str, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path, NAVPS_FILE, [navps(str(key), day, "10.5") for key in range(20) for day in DAYS])
    write_csv(tmp_path, GENERAL_FILE, [], header=["Other"])
    tree, work, request = SeedTree.at(tmp_path), make_work(tmp_path, batch_rows=500), make_load_request(tmp_path)
    await load_first_chunks(database, pool, work, monkeypatch, request)
    write_csv(tmp_path, HOLDING_FILE, [{"RecordId": "1", "InstrumentKey": "1"}])
    write_csv(tmp_path, GENERAL_FILE, [{"RecordId": "1", "InstrumentKey": "1"}])
    result = await load_seed_tree(database, request, tree, work)
    # as if all of it had been there from the beginning
    assert result.task.status == RunStatus.COMPLETED
    assert {file["file"]: (file["status"], file["stored"]) for file in result.files} == {
        GENERAL_FILE: ("completed", 1),
        HOLDING_FILE: ("completed", 1),
        NAVPS_FILE: ("completed", 6720),
    }
    assert len(result.missing) == 23
    assert await pool.fetchval("SELECT count(*) FROM task_execution_log") == 2


async def test_a_resumed_load_is_the_same_run_if_no_file_was_added(
    database: str, pool: Pool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_csv(tmp_path, NAVPS_FILE, [navps(str(key), day, "10.5") for key in range(20) for day in DAYS])
    write_csv(tmp_path, GENERAL_FILE, [], header=["Other"])
    tree, work, request = SeedTree.at(tmp_path), make_work(tmp_path, batch_rows=500), make_load_request(tmp_path)
    await load_first_chunks(database, pool, work, monkeypatch, request)
    result = await load_seed_tree(database, request, tree, work)
    assert (result.task.status, five(result, NAVPS_FILE)) == (RunStatus.PARTIAL, (6720, 6720, 0, 0, 0))
    assert await pool.fetchval("SELECT count(*) FROM task_execution_log") == 1


async def test_loaded_files_are_not_fetched_again(database: str, s3_server: str, bucket: Any, tmp_path: Path) -> None:
    origin, root = tmp_path / "origin", tmp_path / "root"
    write_csv(origin, NAVPS_FILE, [navps("1", DAYS[0], "10")])
    write_csv(origin, HOLDING_FILE, [{"RecordId": "1", "InstrumentKey": "1"}, {"RecordId": "2"}])
    fill_bucket(bucket, origin)
    root.mkdir()
    storage = make_settings(s3_server)
    assert (await load_tree(database, root, reject_limit="0.1", storage=storage)).task.status == RunStatus.FAILED
    shutil.rmtree(root)
    pointer = root / NAVPS_FILE
    pointer.parent.mkdir(parents=True)
    pointer.write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12\n")
    again = await load_tree(database, root, reject_limit="0.1", storage=storage)
    assert {file["file"]: (file["status"], file["read"]) for file in again.files} == {
        HOLDING_FILE: ("skipped", 0),
        NAVPS_FILE: ("skipped", 0),
    }
    assert "REJECT_LIMIT" in again.errors[-1]
    assert not (root / HOLDING_FILE).exists()


async def test_a_missing_file_is_only_a_warning_with_an_lfs_server(database: str, tmp_path: Path) -> None:
    """Of a file without a pointer an LFS server knows nothing; only object storage could have it."""
    write_csv(tmp_path, GENERAL_FILE, [{"RecordId": "1", "InstrumentKey": "1"}])
    storage = SeedStorageSettings.model_validate({"lfs_url": "http://127.0.0.1:9/lfs"})
    result = await load_tree(database, tmp_path, storage=storage)
    assert (result.task.status, len(result.missing)) == (RunStatus.COMPLETED, 25)


def test_a_folder_with_an_undecodable_name_is_refused(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9"))
    folder.mkdir()
    with pytest.raises(ConfigError, match=r"caf\\xe9 is not UTF-8"):
        SeedTree.at(folder)


async def test_roots_may_be_links_and_links_below_them_must_stay_inside(database: str, tmp_path: Path) -> None:
    real, outside, tree = tmp_path / "real", tmp_path / "outside", tmp_path / "tree"
    write_csv(real, NAVPS_FILE, [navps("1", DAYS[0], "10")])
    write_csv(real, GENERAL_FILE, [{"RecordId": "1", "InstrumentKey": "1"}]).rename(real / "general.csv")
    write_csv(real, HOLDING_FILE, [{"RecordId": "1", "InstrumentKey": "1"}])
    write_csv(outside, EXPENSES_FILE, [{"RecordId": "1", "InstrumentKey": "1"}])
    (outside / "pricing").mkdir()
    (real / GENERAL_FILE).symlink_to("../general.csv")
    (real / EXPENSES_FILE).symlink_to(outside / EXPENSES_FILE)
    (real / "quotes/Pricing2015to2025").symlink_to(outside / "pricing")
    (real / "data/again").symlink_to(real / "data")
    tree.symlink_to(real)
    result = await load_tree(database, tree)
    files = {file["file"]: (file["status"], file["stored"]) for file in result.files}
    assert files[NAVPS_FILE] == files[GENERAL_FILE] == files[HOLDING_FILE] == ("completed", 1)
    assert files[EXPENSES_FILE] == files["quotes/Pricing2015to2025"] == ("rejected", 0)
    assert len(files) == 5
    errors = [file["error"] for file in result.files if file["status"] == "rejected"]
    assert all("link that leads outside" in error for error in errors)


async def test_unexpected_names_and_types_of_files_are_only_ignored(database: str, pool: Pool, tmp_path: Path) -> None:
    """A name that is not UTF-8, a pipe in the place of a seed file, a socket, a link to nowhere."""
    write_csv(tmp_path, NAVPS_FILE, [navps("1", DAYS[0], "10")])
    data = tmp_path / "data"
    data.mkdir()
    os.mkfifo(tmp_path / GENERAL_FILE)
    Path(os.fsdecode(bytes(data) + b"/caf\xe9.csv")).write_text("a,b\n")
    (data / "nowhere.csv").symlink_to(tmp_path / "none")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(data / "s.csv"))
        result = await load_tree(database, tmp_path)
    assert result.task.status == RunStatus.PARTIAL
    files = {file["file"]: file for file in result.files}
    assert {name: file["status"] for name, file in files.items()} == {
        "data/caf\\xe9.csv": "rejected",
        GENERAL_FILE: "rejected",
        "data/nowhere.csv": "rejected",
        "data/s.csv": "rejected",
        NAVPS_FILE: "completed",
    }
    assert "is not a regular file" in files[GENERAL_FILE]["error"]
    assert "is not a regular file" in files["data/s.csv"]["error"]
    assert "cannot be read" in files["data/nowhere.csv"]["error"]
    assert json.dumps(result.as_dict()).isascii()
    tracked = await pool.fetch("SELECT file_path FROM file_processing_tracker WHERE status = 'rejected' ORDER BY 1")
    assert [row["file_path"] for row in tracked] == sorted(name for name in files if name != NAVPS_FILE)
