"""The update API against the stand-in: cursors, restarts in every state, exactly one load per execution."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.seed.local_load import LoadResult, run_in_process
from fundata_ingest.store import chunk_loader
from fundata_ingest.updates import exports
from fundata_ingest.updates.update_api import UpdateApi
from sra_shared.kit.db import Pool
from sra_shared.kit.errors import FatalError
from sra_shared.runs import RunStatus
from sra_stand_in.server import StandIn
from sra_testing.fundata import find_broken_keys, write_csv
from sra_testing.small_server import QuietHandler, serve
from sra_testing.stand_in import run_stand_in
from sra_testing.timings import QUICK
from sra_testing.updates import QUICK_API, make_step, request, update


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with run_stand_in(funds=3) as running:
        yield running


@pytest.mark.parametrize("form", ["csv", "json"])
async def test_updates_of_all_datasets(sandbox_database: str, pool: Pool, tmp_path: Path, form: str) -> None:
    with run_stand_in(funds=3, fundata_format=form) as stand_in:
        # the JSON form groups lists without a record id, and two of them of one instrument cannot be distinguished
        step = make_step(stand_in, tmp_path, table="data", reject_limit="1" if form == "json" else "0")
        data = await update(sandbox_database, step, **{"from": "1990-01-01"})
        quotes = await update(sandbox_database, make_step(stand_in, tmp_path), **{"from": "1990-01-01"})
        assert (data.task.status, quotes.task.status) == (RunStatus.COMPLETED, RunStatus.COMPLETED), data.errors
        reasons = {reason for unit in data.units for reason in unit.counts.rejected_by}
        assert reasons <= {"ambiguous_key"}
        exports = await pool.fetch("SELECT * FROM fundata_export")
        offered = [dataset for dataset in load_catalogue().datasets if dataset.endpoint is not None]
        assert len(exports) == sum(len(dataset.languages) or 1 for dataset in offered)
        assert {row["state"] for row in exports} == {"loaded"}
        assert await pool.fetchval("SELECT count(DISTINCT dataset) FROM fundata_cursor") == len(offered)
        assert await pool.fetchval(
            "SELECT bool_and(data_source = 'API' AND execution_id IS NOT NULL) FROM fundata_data"
        )
        assert await pool.fetchval("SELECT count(*) FROM fundata_quotes") > 0
        again = await update(sandbox_database, make_step(stand_in, tmp_path), **{"from": "1990-01-01"})
        counts = again.units[0].counts
        assert (counts.stored, counts.unchanged + counts.duplicate) == (0, counts.read)
    assert not await find_broken_keys(pool)


async def test_without_seed_or_first_day_is_refused(sandbox_database: str, stand_in: StandIn, tmp_path: Path) -> None:
    result = await update(sandbox_database, make_step(stand_in, tmp_path), datasets=["FundDailyNAVPS"])
    assert result.task.status == RunStatus.FAILED
    assert "never seeded" in result.errors[0]


@pytest.mark.parametrize(
    "faults",
    [
        {"pending_polls": 5},
        {"fail_next": 1},
        {"expire_next": 1},
        {"cut_next": 1},
        {"revoke_next": 2},
        {"token_seconds": 0.5},
    ],
)
async def test_temporary_faults_are_overcome(
    sandbox_database: str, pool: Pool, stand_in: StandIn, tmp_path: Path, faults: dict[str, Any]
) -> None:
    stand_in.set_fundata(**faults)
    result = await update(sandbox_database, make_step(stand_in, tmp_path), **{"from": "2025-01-01"})
    assert result.task.status == RunStatus.COMPLETED, result.errors
    await check_one_load(pool, result)


async def check_one_load(pool: Pool, *results: LoadResult) -> None:
    """Each execution in the ledger was loaded exactly once, and nothing else was loaded."""
    exports = await pool.fetch("SELECT * FROM fundata_export WHERE state <> 'repeated'")
    assert {row["state"] for row in exports} == {"loaded"}
    executions = {row["execution_id"] for row in exports}
    files = await pool.fetch(
        "SELECT t.file_path, t.status, t.processing_count, t.file_hash, s.read_count, s.stored_count, s.done"
        " FROM file_processing_tracker t JOIN file_stream s USING (file_id) WHERE t.file_path LIKE 'api/%'"
    )
    assert sorted(row["file_path"].rsplit("/", 1)[1] for row in files) == sorted(executions)
    assert {(row["status"], row["done"]) for row in files} == {("completed", True)}
    assert {row["file_hash"] for row in files} == {row["file_hash"] for row in exports}
    rows = await pool.fetch(
        "SELECT execution_id, count(*) AS rows FROM fundata_quotes WHERE data_source = 'API' GROUP BY 1"
    )
    assert {row["execution_id"] for row in rows} == executions
    read = sum(unit.counts.read for result in results for unit in result.units if "export" in unit.detail)
    assert read == sum(row["read_count"] for row in files) == sum(row["rows"] for row in rows) > 0
    assert not await find_broken_keys(pool)


@pytest.mark.parametrize("faults", [{"cut_next": 2}, {"expire_next": 2, "fail_next": 1}])
async def test_temporary_faults_of_the_json_form_are_overcome(
    sandbox_database: str, pool: Pool, tmp_path: Path, faults: dict[str, Any]
) -> None:
    with run_stand_in(funds=3, fundata_format="json") as stand_in:
        stand_in.set_fundata(**faults)
        result = await update(sandbox_database, make_step(stand_in, tmp_path), **{"from": "2025-01-01"})
    assert result.task.status == RunStatus.COMPLETED, result.errors
    await check_one_load(pool, result)


async def test_empty_export_is_a_success(sandbox_database: str, pool: Pool, stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.set_fundata(empty_next=1)
    result = await update(sandbox_database, make_step(stand_in, tmp_path), **{"from": "2025-01-01"})
    assert result.task.status == RunStatus.COMPLETED, result.errors
    assert result.units[0].counts.read == 0
    assert await pool.fetchval("SELECT count(*) FROM fundata_cursor") == 1


async def test_same_execution_is_loaded_once(
    sandbox_database: str, pool: Pool, stand_in: StandIn, tmp_path: Path
) -> None:
    stand_in.set_fundata(same_execution=True)
    step = make_step(stand_in, tmp_path)
    first = await update(sandbox_database, step, **{"from": "2025-01-01"})
    second = await update(sandbox_database, step, **{"from": "2025-01-01"})
    assert first.units[0].counts.read > 0
    assert (second.task.status, second.units[0].counts.read) == (RunStatus.COMPLETED, 0)
    rows = await pool.fetch("SELECT export_id, state, repeats, execution_id FROM fundata_export ORDER BY export_id")
    assert [row["state"] for row in rows] == ["loaded", "repeated"]
    assert (rows[1]["repeats"], rows[1]["execution_id"]) == (rows[0]["export_id"], None)


async def test_execution_of_a_run_that_ended_is_loaded_by_the_next(
    sandbox_database: str, pool: Pool, stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in.set_fundata(same_execution=True)
    step = make_step(stand_in, tmp_path)

    async def refuse(*_: Any) -> str:
        raise FatalError("no link today", next_step="Wait.")

    with monkeypatch.context() as patched:
        patched.setattr(UpdateApi, "download", refuse)
        assert (await update(sandbox_database, step, **{"from": "2025-01-01"})).task.status == RunStatus.FAILED
    row = await pool.fetchrow("SELECT state, execution_id IS NOT NULL AS known FROM fundata_export")
    assert tuple(row) == ("failed", True)
    second = await update(sandbox_database, step, **{"from": "2025-01-01"})
    assert second.task.status == RunStatus.COMPLETED, second.errors
    counts = second.units[0].counts
    assert counts.read == counts.stored == await pool.fetchval("SELECT count(*) FROM fundata_quotes") > 0
    states = await pool.fetch("SELECT state, execution_id IS NOT NULL AS known FROM fundata_export ORDER BY export_id")
    assert [tuple(row) for row in states] == [("failed", False), ("loaded", True)]


async def test_two_runs_that_get_one_execution_load_it_once(
    sandbox_database: str, pool: Pool, stand_in: StandIn, tmp_path: Path
) -> None:
    stand_in.set_fundata(same_execution=True, pending_seconds=1.0)
    step = make_step(stand_in, tmp_path)
    # other parameters, so that they are two runs
    results = await asyncio.gather(
        update(sandbox_database, step, **{"from": "2025-01-01"}),
        update(sandbox_database, step, **{"from": "2025-01-01", "datasets": ["FundDailyNAVPS"]}),
    )
    assert [result.task.status for result in results] == [RunStatus.COMPLETED] * 2
    assert sorted(row["state"] for row in await pool.fetch("SELECT state FROM fundata_export")) == [
        "loaded",
        "repeated",
    ]
    assert sum(result.units[0].counts.read for result in results) == await pool.fetchval(
        "SELECT count(*) FROM fundata_quotes"
    )


async def test_exports_are_prepared_concurrently_after_the_seed(
    sandbox_database: str, pool: Pool, stand_in: StandIn, tmp_path: Path
) -> None:
    stand_in.set_fundata(pending_seconds=1.0, pending_polls=2)
    write_csv(tmp_path, "data/FundLoadsSeed.csv", [{"RecordId": "1", "InstrumentKey": "1", "ChangeDate": "2025-12-22"}])
    names = ["FundAssets", "FundDistribution", "FundExpenses", "FundLoads"]
    step = make_step(stand_in, tmp_path, table="data")
    result = await update(sandbox_database, step)
    exports = {row["dataset"]: row for row in await pool.fetch("SELECT * FROM fundata_export")}
    # only the dataset with a seed has a first day of changes: its seed was loaded before the request
    assert exports["FundLoads"]["state"] == "loaded"
    assert exports["FundLoads"]["from_date"] == date(2025, 12, 15)
    assert result.task.status != RunStatus.COMPLETED
    again = await update(sandbox_database, step, **{"from": "2025-12-01", "datasets": names})
    assert again.task.status == RunStatus.COMPLETED, again.errors
    spans = await pool.fetch("SELECT started_at, completed_at FROM run_unit WHERE task_id = $1", again.task.task_id)
    spans = [row for row in spans if (row["completed_at"] - row["started_at"]).total_seconds() > 0.9]
    together = max(sum(o["started_at"] <= row["started_at"] < o["completed_at"] for o in spans) for row in spans)
    assert (len(spans), together) == (4, 3)


async def test_an_export_that_never_completes_is_abandoned_at_the_deadline(
    sandbox_database: str, pool: Pool, stand_in: StandIn, tmp_path: Path
) -> None:
    stand_in.set_fundata(pending_seconds=600.0)
    run = request(**{"from": "2025-01-01"}).model_copy(update={"max_retries": 0})
    step = make_step(stand_in, tmp_path, timing=replace(QUICK_API, poll_deadline=0.5))
    result = await run_in_process(sandbox_database, run, step, timing=QUICK)
    assert result.task.status == RunStatus.FAILED
    assert "was not ready after" in result.errors[0]
    assert await pool.fetchval("SELECT state FROM fundata_export") == "failed"


@pytest.mark.parametrize(
    "point", ["request_export", "record_execution", "wait_for_export", "record_ready", "download", "store_chunk"]
)
async def test_an_attempt_interrupted_after_any_step_leads_to_one_load(
    sandbox_database: str, pool: Pool, stand_in: StandIn, tmp_path: Path, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection breaks right after a step; the next attempt continues with the stored state."""
    left = [1]
    calls: list[str] = []
    request_export = UpdateApi.request_export

    async def count_requests(self: UpdateApi, *arguments: Any) -> str:
        calls.append("request")
        return await request_export(self, *arguments)

    monkeypatch.setattr(UpdateApi, "request_export", count_requests)
    owner: Any = next(one for one in (UpdateApi, exports, chunk_loader) if hasattr(one, point))
    whole = getattr(owner, point)

    async def vanish(*arguments: Any, **options: Any) -> Any:
        done = await whole(*arguments, **options)
        if left and left.pop():
            raise ConnectionResetError("the connection broke")
        return done

    monkeypatch.setattr(owner, point, vanish)
    result = await update(sandbox_database, make_step(stand_in, tmp_path), **{"from": "2025-01-01"})
    assert result.task.status == RunStatus.COMPLETED, result.errors
    assert not left
    # only an execution that was never recorded is requested again
    assert len(calls) == (2 if point == "request_export" else 1)
    await check_one_load(pool, result)


async def test_stand_in_is_refused_by_a_database_for_real_data(
    database: str, pool: Pool, stand_in: StandIn, tmp_path: Path
) -> None:
    result = await update(database, make_step(stand_in, tmp_path), **{"from": "2025-01-01"})
    assert result.task.status == RunStatus.FAILED
    assert "stand-in" in result.errors[0]
    assert await pool.fetchval("SELECT count(*) FROM fundata_quotes") == 0


async def test_vendor_is_refused_by_a_sandbox(sandbox_database: str, stand_in: StandIn, tmp_path: Path) -> None:
    step = make_step(stand_in, tmp_path, api_url="https://dbsync.fundataapi.com")
    result = await update(sandbox_database, step, **{"from": "2025-01-01"})
    assert result.task.status == RunStatus.FAILED
    assert "sandbox" in result.errors[0]


async def test_a_download_is_in_tmpdir_while_it_is_loaded(
    sandbox_database: str, stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setenv("TMPDIR", str(room))
    monkeypatch.setattr(tempfile, "tempdir", None)
    seen: list[Path] = []
    download = UpdateApi.download

    async def note(self: UpdateApi, execution_id: str, target: Path) -> str:
        digest = await download(self, execution_id, target)
        seen.extend(path for path in room.rglob("*") if path.is_file())
        return digest

    monkeypatch.setattr(UpdateApi, "download", note)
    result = await update(sandbox_database, make_step(stand_in, tmp_path), **{"from": "2025-01-01"})
    assert result.task.status == RunStatus.COMPLETED, result.errors
    assert len(seen) == 1
    assert list(room.iterdir()) == []


async def test_an_endless_response_is_not_read_to_its_end(
    sandbox_database: str, stand_in: StandIn, tmp_path: Path
) -> None:
    """The login responds with an endless body: little of it is read, and the run ends with an error."""
    sent: list[int] = []
    released = threading.Event()

    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            sent.append(0)
            with suppress(OSError):
                while not released.is_set():
                    self.wfile.write(b" " * 65_536)
                    sent[-1] += 65_536

    with serve(Handler) as url:
        step = make_step(stand_in, tmp_path, auth_url=url)
        run = request(**{"from": "2025-01-01"}).model_copy(update={"max_retries": 0})
        result = await run_in_process(sandbox_database, run, step, timing=QUICK)
        released.set()
    assert result.task.status == RunStatus.FAILED
    assert "login returned no usable response" in result.errors[0]
    assert len(sent) == 5
    # the server sent only what was read and what the sockets buffer
    assert max(sent) < 64 << 20


async def test_wrong_credentials_end_the_run_with_one_error(
    sandbox_database: str, stand_in: StandIn, tmp_path: Path
) -> None:
    step = make_step(stand_in, tmp_path, secret=SecretStr("invalid"))
    result = await update(sandbox_database, step, **{"from": "2025-01-01"})
    assert result.task.status == RunStatus.FAILED
    assert len(result.errors) == 1
    assert "credentials" in result.errors[0]
