"""The start of the requested changes: the seed, the last success, a given day, and no gap between them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sra_shared.kit.db import Pool
from sra_shared.runs import RunStatus
from sra_stand_in.server import StandIn
from sra_testing.fundata import NAVPS_FILE, load_tree, navps, read_versions, write_csv
from sra_testing.stand_in import run_stand_in
from sra_testing.updates import make_step, update


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with run_stand_in(funds=3) as running:
        yield running


async def test_cursor_starts_at_the_seed_and_moves_with_success(
    sandbox_database: str, pool: Pool, stand_in: StandIn, tmp_path: Path
) -> None:
    write_csv(tmp_path, NAVPS_FILE, [navps("1", "2025-12-20", "10", ChangeDate="2025-12-22")])
    step = make_step(stand_in, tmp_path)
    first = await update(sandbox_database, step)
    assert first.task.status == RunStatus.COMPLETED, first.errors
    assert await pool.fetchval("SELECT from_date FROM fundata_export") == date(2025, 12, 15)
    today = datetime.now(UTC).date()
    assert await pool.fetchval("SELECT changed_until FROM fundata_cursor") == today
    await update(sandbox_database, step)
    assert await pool.fetchval("SELECT max(from_date) FROM fundata_export") > date(2025, 12, 15)
    assert (await read_versions(pool, "fundata_quotes", "date"))[0]["data_source"] == "CSV"


async def read_cursor(pool: Pool) -> date | None:
    day: date | None = await pool.fetchval("SELECT changed_until FROM fundata_cursor")
    return day


async def test_later_first_day_leaves_the_cursor_where_it_was(
    sandbox_database: str, pool: Pool, stand_in: StandIn, tmp_path: Path
) -> None:
    """Changes between the cursor and that day are still missing; otherwise they would never be requested."""
    write_csv(tmp_path, NAVPS_FILE, [navps("1", "2025-12-20", "10", ChangeDate="2025-12-22")])
    step = make_step(stand_in, tmp_path)
    await load_tree(sandbox_database, tmp_path)
    narrow = await update(sandbox_database, step, **{"from": "2026-01-03"})
    assert (narrow.task.status, await read_cursor(pool)) == (RunStatus.COMPLETED, None)
    assert await pool.fetchval("SELECT max(change_date) FROM fundata_quotes") > date(2025, 12, 30)
    ordinary = await update(sandbox_database, step)
    assert ordinary.task.status == RunStatus.COMPLETED, ordinary.errors
    assert await pool.fetchval("SELECT from_date FROM fundata_export ORDER BY export_id DESC LIMIT 1") == date(
        2025, 12, 15
    )
    today = datetime.now(UTC).date()
    assert await read_cursor(pool) == today
    await pool.execute("UPDATE fundata_cursor SET changed_until = '2025-12-25'")
    await update(sandbox_database, step, **{"from": "2025-12-26"})
    assert await read_cursor(pool) == date(2025, 12, 25)
    await update(sandbox_database, step, **{"from": "2025-12-25"})
    assert await read_cursor(pool) == today


async def test_first_day_that_is_given_without_a_seed_begins_the_cursor(
    sandbox_database: str, pool: Pool, stand_in: StandIn, tmp_path: Path
) -> None:
    step = make_step(stand_in, tmp_path)
    await update(sandbox_database, step, **{"from": "2026-01-03"})
    assert await read_cursor(pool) == datetime.now(UTC).date()
    assert (await update(sandbox_database, step)).task.status == RunStatus.COMPLETED


@pytest.mark.parametrize("noted", [True, False], ids=["noted-while-loading", "of-an-older-release"])
async def test_first_update_reaches_back_from_the_newest_credible_change_of_the_seed(
    sandbox_database: str, pool: Pool, stand_in: StandIn, tmp_path: Path, noted: bool
) -> None:
    changes = ["2025-12-20", "2025-12-22", "2199-01-01", "", "notaday"]
    records = [navps("1", f"2025-12-{day:02d}", "10", ChangeDate=change) for day, change in enumerate(changes, start=1)]
    write_csv(tmp_path, NAVPS_FILE, records)
    await load_tree(sandbox_database, tmp_path, batch_rows=1)
    newest = await pool.fetch("SELECT newest_change FROM file_stream")
    assert [row["newest_change"] for row in newest] == [date(2025, 12, 22)]
    if not noted:
        await pool.execute("UPDATE file_stream SET newest_change = NULL")
    result = await update(sandbox_database, make_step(stand_in, tmp_path))
    assert result.task.status == RunStatus.COMPLETED, result.errors
    assert await pool.fetchval("SELECT from_date FROM fundata_export") == date(2025, 12, 15)
