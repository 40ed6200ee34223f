"""Hand-made seed trees, loads of them in this process, and the resulting content of the database."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.seed.local_load import LoadResult, make_load_request, run_in_process
from fundata_ingest.seed.tree import SeedTree
from fundata_ingest.seed.work import SeedWork
from fundata_ingest.store import chunk_loader
from sra_cli.commands.test import GENERATOR
from sra_shared.kit.db import Pool
from sra_shared.runs import RunRequest, RunStatus, TaskType, Worker, execute_run, request_run
from sra_testing.command_line import carry_out
from sra_testing.timings import QUICK

NAVPS_FILE = "quotes/FundDailyNAVPSSeed.csv"
GENERAL_FILE = "data/FundGeneralSeed.csv"
HOLDING_FILE = "data/FundTopHoldingSeed.csv"
needs_generator = pytest.mark.skipif(
    not GENERATOR.exists(), reason="the generator of seed trees is next to the clone only"
)


def write_csv(
    root: Path, path: str, records: Iterable[Mapping[str, str]], *, header: Sequence[str] | None = None
) -> Path:
    """Write records as a seed file with the catalogued header; missing values are empty."""
    dataset = load_catalogue().find_file(path)
    assert dataset is not None
    columns = list(header or dataset.column_names)
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([[record.get(column, "") for column in columns] for record in records])
    return target


def navps(key: str, day: str, value: str, **others: str) -> dict[str, str]:
    """A record of FundDailyNAVPS."""
    record = {"RecordId": f"{key}{day.replace('-', '')}", "InstrumentKey": key, "Date": day, "NAVPS": value}
    return record | {"RecordState": "Active", "ChangeDate": day} | others


def make_work(root: Path, *, reject_limit: str = "1", **options: Any) -> SeedWork:
    """The work on a tree; by default no share of rejects fails it."""
    return SeedWork(
        catalogue=load_catalogue(),
        find_tree=lambda _task: SeedTree.at(root),
        reject_limit=Decimal(reject_limit),
        **{"drop_limit": Decimal("0.02"), **options},
    )


async def load_tree(dsn: str, root: Path, **options: Any) -> LoadResult:
    """Load a tree in this process."""
    return await run_in_process(dsn, make_load_request(root), make_work(root, **options), timing=QUICK)


async def run_cli(dsn: str, *words: str, **settings: str) -> tuple[int, dict[str, Any]]:
    """Execute a command on a database; return its exit code and its JSON."""
    code, result, _ = await carry_out(*words, settings={"DATABASE_URL": dsn, **settings})
    return code, result


async def load_first_chunks(
    dsn: str, pool: Pool, work: SeedWork, monkeypatch: pytest.MonkeyPatch, request: RunRequest | None = None
) -> RunRequest:
    """Plan a run and commit the first chunk of each stream, then stop as a service does on SIGTERM; return the request."""
    request = request or RunRequest(task_type=TaskType.CSV_IMPORT)
    async with pool.acquire() as connection, connection.transaction():
        task_id = (await request_run(connection, request, source=work.source)).task.task_id
    store_chunk = chunk_loader.store_chunk
    async with Worker(dsn, "first", timing=QUICK) as worker:

        async def store_and_stop(*arguments: Any) -> Any:
            worker.stopping.set()
            return await store_chunk(*arguments)

        with monkeypatch.context() as patched:
            patched.setattr(chunk_loader, "store_chunk", store_and_stop)
            execution = await execute_run(pool, task_id, work, worker)
    assert execution.task.status == RunStatus.RUNNING
    assert await pool.fetchval("SELECT sum(read_count) FROM run_unit WHERE task_id = $1", task_id) > 0
    return request


def counts_of(result: LoadResult, path: str) -> dict[str, Any]:
    """The entry of one file in the result."""
    return next(file for file in result.files if file["file"] == path)


def five(result: LoadResult, path: str) -> tuple[int, int, int, int, int]:
    """The five counts of one file: read, stored, unchanged, duplicate, rejected."""
    file = counts_of(result, path)
    return file["read"], file["stored"], file["unchanged"], file["duplicate"], file["rejected"]


async def read_versions(connection: Any, table: str, key: str) -> list[asyncpg.Record]:
    """All rows of a table with whether they are superseded, ordered by key and version; `key` is its second key column."""
    rows: list[asyncpg.Record] = await connection.fetch(
        f"""SELECT t.*, s.superseded_by FROM {table} t
        LEFT JOIN {table}_superseded s USING (identifier, {key}, dataset, data_version)
        ORDER BY t.dataset, t.identifier, t.{key}, t.data_version, t.row_ordinal"""  # noqa: S608
    )
    return rows


async def digest_content(connection: Any) -> dict[str, tuple[int, str]]:
    """Row count and hash of each Fundata table and of the quarantine, without values that differ between runs."""
    shapes = {
        "fundata_data": "to_jsonb(t) - '{run_id,processed_at,updated_at}'::text[]",
        "fundata_quotes": "to_jsonb(t) - '{run_id,processed_at,updated_at}'::text[]",
        "fundata_data_superseded": "to_jsonb(t) - '{run_id,superseded_at}'::text[]",
        "fundata_quotes_superseded": "to_jsonb(t) - '{run_id,superseded_at}'::text[]",
        "rejected_record": "to_jsonb(t) - '{reject_id,run_id,created_at,delivered_on,last_seen_at,last_run_id}'::text[]",
        "field_warning": "to_jsonb(t) - '{warning_id,run_id,created_at}'::text[]",
    }
    found = {}
    for table, shape in shapes.items():
        row = await connection.fetchrow(
            f"""SELECT count(*), coalesce(md5(string_agg(line, '' ORDER BY line)), '')
            FROM (SELECT md5(({shape})::text) AS line FROM {table} t) AS lines"""  # noqa: S608
        )
        found[table] = (row[0], row[1])
    return found


async def find_broken_keys(connection: Any) -> list[asyncpg.Record]:
    """Keys that do not have exactly one latest version, or whose versions have gaps."""
    broken = []
    for table, key in (("fundata_data", "record_id"), ("fundata_quotes", "date")):
        broken += await connection.fetch(
            f"""SELECT identifier, {key}::text AS part, dataset, count(*) AS versions, max(data_version) AS newest,
                  count(*) FILTER (WHERE s.data_version IS NULL) AS latest
            FROM (SELECT DISTINCT identifier, {key}, dataset, data_version FROM {table}) t
            LEFT JOIN {table}_superseded s USING (identifier, {key}, dataset, data_version)
            GROUP BY identifier, {key}, dataset
            HAVING count(*) <> max(data_version) OR count(*) FILTER (WHERE s.data_version IS NULL) <> 1"""  # noqa: S608
        )
    return broken
