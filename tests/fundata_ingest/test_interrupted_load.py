"""A load that is killed or paused ends in the same state as an undisturbed one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from fundata_ingest.store.chunk_loader import CHUNK_ROWS
from sra_cli.postgres import EmbeddedPostgres
from sra_cli.settings import build_environment
from sra_shared.kit.db import open_pool
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming
from sra_shared.migrate import upgrade_database
from sra_testing.databases import create_database, drop_database
from sra_testing.fundata import (
    GENERAL_FILE,
    HOLDING_FILE,
    NAVPS_FILE,
    digest_content,
    find_broken_keys,
    navps,
    write_csv,
)
from sra_testing.product_process import SUPPORT, make_command
from sra_testing.timings import BRIEF_LEASES

SEED = 20251123


@dataclass(frozen=True)
class Size:
    """How many quotes a tree has, and of how many lines a chunk is; 0 is the product's own number."""

    rows: int
    chunk_rows: int = 0

    @property
    def broken_stretch(self) -> int:
        """More than a chunk of broken lines, so that the share of a stream is empty for once."""
        return (self.chunk_rows or CHUNK_ROWS) * 5 // 4


SMALL, LARGE = Size(16_000, 1_600), Size(100_000)


def write_tree(root: Path, size: Size) -> None:
    """About so many quotes with repeats, changes, odd keys, bad values and damaged lines, and two data files."""
    dice = random.Random(SEED)  # noqa: S311
    records = []
    for number in range(size.rows):
        key, day = str(1000 + number % 500), number // 500
        record = navps(
            key, f"{2024 - day // 336}-{1 + day // 28 % 12:02d}-{1 + day % 28:02d}", f"{dice.uniform(5, 60):.8f}"
        )
        records.append(record)
        chance = dice.random()
        if chance < 0.01:
            records.append(dict(record))
        elif chance < 0.02:
            records.append(record | {"NAVPS": f"{dice.uniform(5, 60):.8f}"})
        else:
            record |= next((odd for below, odd in list_oddities(key) if chance < below), {})
    target = write_csv(root, NAVPS_FILE, records)
    lines = target.read_text(encoding="utf-8").splitlines(keepends=True)
    damage = ["broken,line\n", '1,"The "Big" Bank"\n', lines[0], '1,"no end\n']
    for place in dice.sample(range(1, len(lines)), 200):
        lines[place] = dice.choice(damage)
    for _ in range(2):
        lines.insert(dice.randrange(1, len(lines)), "z" * (2 << 20) + "\n")
    middle = len(lines) // 2
    lines[middle:middle] = ["broken,line\n"] * size.broken_stretch
    target.write_text("".join(lines), encoding="utf-8")
    write_csv(root, GENERAL_FILE, ({"RecordId": str(n), "InstrumentKey": str(n % 500)} for n in range(3000)))
    write_csv(root, HOLDING_FILE, ({"RecordId": str(n), "InstrumentKey": str(n % 500)} for n in range(3000)))


def list_oddities(key: str) -> list[tuple[float, dict[str, str]]]:
    """Return what is odd about a record, each with the chance below which it comes about."""
    return [
        (0.03, {"NAVPSPercentChange": "n.m."}),
        (0.035, {"NAVPS": "-1"}),
        (0.04, {"InstrumentKey": ""}),
        (0.045, {"InstrumentKey": f"{key}.0"}),
        (0.05, {"InstrumentKey": f"\u00a0{key}\u200b"}),
        (0.055, {"PreviousDate": "0001-01-01"}),
    ]


def start_load(
    dsn: str, root: Path, size: Size = SMALL, *, timing: LeaseTiming = BRIEF_LEASES
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        make_command("sra", "load", str(root), "--json", timing=timing, chunk_rows=size.chunk_rows),
        env=build_environment({"DATABASE_URL": dsn, "REJECT_LIMIT": "1", "PYTHONPATH": SUPPORT}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


async def finish_load(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    output, log = await asyncio.to_thread(process.communicate, timeout=300)
    assert process.returncode == 0, log.decode()[-3000:]
    result: dict[str, Any] = json.loads(output)
    return result


@contextlib.asynccontextmanager
async def watch(dsn: str) -> AsyncIterator[Any]:
    pool = await open_pool(dsn, application_name="test", max_size=2)
    try:
        yield pool
    finally:
        await pool.close()


async def wait_for_records(pool: Any, wanted: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        if (await pool.fetchval("SELECT coalesce(sum(read_count), 0) FROM file_stream")) >= wanted:
            return
        await asyncio.sleep(0.005)
    raise AssertionError("the load ended before it could be interrupted")


@pytest.fixture
def other_database(postgres_server: EmbeddedPostgres, database_template: str) -> Iterator[str]:
    """A second migrated database, for the load that is left alone."""
    dsn = create_database(postgres_server, template=database_template)
    yield dsn
    drop_database(postgres_server, dsn)


async def load_undisturbed(dsn: str, root: Path, size: Size) -> tuple[dict[str, Any], dict[str, tuple[int, str]]]:
    result = await finish_load(start_load(dsn, root, size))
    async with watch(dsn) as pool:
        return result, await digest_content(pool)


def strip_times(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name not in ("seconds", "peak_rss_mb")}


@dataclass(frozen=True)
class Ordeal:
    """How loads with this timing are disturbed: kills spread over a tree, each within `pause` seconds after a moment, and
    what happens to the server then."""

    kills: int
    size: Size
    restarts: tuple[str, ...]
    pause: float
    timing: LeaseTiming = BRIEF_LEASES


def restart_server(server: EmbeddedPostgres, how: str) -> None:
    """End the server in an orderly way or, for a crash, at once, and start it again."""
    if how == "crash" and server.pid is not None:
        os.kill(server.pid, signal.SIGQUIT)
    if how != "none":
        server.stop()
        server.start()


async def disturb(dsn: str, server: EmbeddedPostgres, root: Path, ordeal: Ordeal) -> None:
    """Kill loads of a tree at seeded moments spread over all of it; restart the server under or after every one."""
    dice = random.Random(SEED)  # noqa: S311
    share = 0.9 * ordeal.size.rows / ordeal.kills
    for number in range(ordeal.kills):
        how = ordeal.restarts[number % len(ordeal.restarts)]
        process = start_load(dsn, root, ordeal.size, timing=ordeal.timing)
        try:
            async with watch(dsn) as pool:
                await wait_for_records(pool, int((number + dice.random()) * share), process)
            # somewhere within a chunk: its COPY, its commit, or the preparation of the next
            await asyncio.sleep(dice.uniform(0, ordeal.pause))
            if how == "under":
                await asyncio.to_thread(restart_server, server, "orderly")
                await asyncio.sleep(dice.uniform(0, 1))
        finally:
            process.kill()
            await asyncio.to_thread(process.communicate)
        if how != "under":
            await asyncio.to_thread(restart_server, server, how)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server that a test may restart, with the promises of a real one."""
    server = EmbeddedPostgres(tmp_path / "own_server")
    server.start()
    yield server
    server.stop()


@pytest.mark.parametrize(
    "ordeal",
    [
        pytest.param(Ordeal(1, SMALL, ("crash",), 0.05), id="one"),
        pytest.param(Ordeal(3, SMALL, ("none", "crash", "under"), 0.05), id="three", marks=pytest.mark.faults),
        pytest.param(
            Ordeal(25, Size(300_000), ("orderly", "crash", "under"), 0.4, DEFAULT_TIMING),
            id="twenty-five",
            marks=[pytest.mark.faults, pytest.mark.timeout(1800)],
        ),
    ],
)
async def test_killed_load_resumes_without_loss_or_duplicates(
    other_database: str, own_server: EmbeddedPostgres, tmp_path: Path, ordeal: Ordeal
) -> None:
    tree = tmp_path / "tree"
    write_tree(tree, ordeal.size)
    expected, content = await load_undisturbed(other_database, tree, ordeal.size)
    dsn = create_database(own_server)
    await upgrade_database(dsn)
    await disturb(dsn, own_server, tree, ordeal)
    resumed = await finish_load(start_load(dsn, tree, ordeal.size, timing=ordeal.timing))
    assert strip_times(resumed) == strip_times(expected)
    async with watch(dsn) as pool:
        assert await digest_content(pool) == content
        assert not await find_broken_keys(pool)
        runs = await pool.fetch("SELECT status FROM task_execution_log")
        assert [run["status"] for run in runs] == ["completed"]
        assert await pool.fetchval("SELECT count(*) FROM completion_outbox") == 1


@pytest.mark.faults
@pytest.mark.parametrize("size", [pytest.param(SMALL, id="small"), pytest.param(LARGE, id="large")])
async def test_paused_load_finds_its_commit_refused(
    database: str, other_database: str, tmp_path: Path, size: Size
) -> None:
    write_tree(tmp_path, size)
    expected, content = await load_undisturbed(other_database, tmp_path, size)
    async with watch(database) as pool:
        paused = start_load(database, tmp_path, size)
        try:
            await wait_for_records(pool, size.rows // 5, paused)
            paused.send_signal(signal.SIGSTOP)
            successor = await finish_load(start_load(database, tmp_path, size))
            assert strip_times(successor) == strip_times(expected)
            paused.send_signal(signal.SIGCONT)
            _, log = await asyncio.to_thread(paused.communicate, timeout=120)
        finally:
            with contextlib.suppress(ProcessLookupError):
                paused.kill()
        assert b"unit_taken_over" in log or b"unit_will_be_retried" in log
        assert await digest_content(pool) == content
        assert not await find_broken_keys(pool)
        assert await pool.fetchval("SELECT max(epoch) FROM run_unit") >= 2


async def test_commit_under_a_lost_lease_leaves_nothing(database: str, tmp_path: Path) -> None:
    """The rows of a chunk are in its transaction and still go with it when the lease is gone."""
    write_csv(tmp_path, NAVPS_FILE, [navps("1", "2025-01-02", "10")])
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(
            """CREATE FUNCTION steal() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN UPDATE run_unit SET epoch = epoch + 1, owner = 'thief',
                    lease_expires_at = now() + interval '1 hour', heartbeat_at = now() + interval '1 hour'
                  WHERE unit <> '(plan)' AND owner <> 'thief'; RETURN NULL; END $$;
            CREATE TRIGGER steal AFTER INSERT ON fundata_quotes FOR EACH STATEMENT EXECUTE FUNCTION steal()"""
        )
        process = start_load(database, tmp_path)
        try:
            line = b""
            while b"unit_taken_over" not in line:
                line = await asyncio.to_thread(process.stderr.readline)  # type: ignore[union-attr]
                assert line, "the load ended without losing its lease"
        finally:
            process.kill()
            await asyncio.to_thread(process.communicate)
        assert await connection.fetchval("SELECT count(*) FROM fundata_quotes") == 0
        assert await connection.fetchval("SELECT sum(read_count) FROM file_stream") == 0
    finally:
        await connection.close()
