"""A delivery that would empty the current views is held until a person releases it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fundata_ingest.seed.local_load import LoadResult, make_load_request, run_in_process
from sra_cli.output import choose_exit_code
from sra_shared.kit.db import Pool
from sra_shared.kit.errors import ConfigError
from sra_shared.runs import RunStatus
from sra_shared.runs.release import make_release_request
from sra_testing.fundata import HOLDING_FILE, find_broken_keys, five, load_tree, make_work, read_versions, write_csv

RECORDS = 2000


def write_holdings(root: Path, gone: int, *, note: str = "") -> Path:
    """Records of which the last so many are no longer active."""
    write_csv(
        root,
        HOLDING_FILE,
        (
            {
                "RecordId": str(number),
                "InstrumentKey": str(number % 50),
                "Security": note,
                "RecordState": "Deleted" if number >= RECORDS - gone else "Active",
                "ChangeDate": "2025-01-02",
            }
            for number in range(RECORDS)
        ),
    )
    return root


async def count_current(pool: Pool) -> int:
    rows = await read_versions(pool, "fundata_data", "record_id")
    return sum(row["superseded_by"] is None and row["record_state"] == "Active" for row in rows)


async def load(dsn: str, root: Path, *, batch_rows: int = 500, **options: Any) -> LoadResult:
    return await load_tree(dsn, root, drop_limit=Decimal("0.1"), batch_rows=batch_rows, **options)


@pytest.fixture
async def seeded(database: str, pool: Pool, tmp_path: Path) -> Pool:
    assert five(await load(database, write_holdings(tmp_path / "first", 0)), HOLDING_FILE) == (2000, 2000, 0, 0, 0)
    return pool


async def test_a_few_may_leave(database: str, seeded: Pool, tmp_path: Path) -> None:
    result = await load(database, write_holdings(tmp_path / "few", 200))
    assert (result.task.status, five(result, HOLDING_FILE)) == (RunStatus.COMPLETED, (2000, 200, 1800, 0, 0))
    assert await count_current(seeded) == 1800


@pytest.mark.parametrize("streams", [1, 2])
async def test_many_are_held_and_released_by_a_person(
    database: str, seeded: Pool, tmp_path: Path, streams: int
) -> None:
    root = write_holdings(tmp_path / "many", 700)
    held = await load(database, root, streams=streams)
    assert held.task.status == RunStatus.HELD
    assert choose_exit_code(held.task.status.value) == 4
    assert "would leave the current views" in str(held.files[0]["error"])
    assert held.files[0]["status"] == "held"
    assert await count_current(seeded) >= RECORDS * 0.9
    # another request, in steps of any size, changes nothing; it resumes from the held part
    current = await count_current(seeded)
    again = await load(database, root, batch_rows=50, streams=streams)
    assert again.task.status == RunStatus.HELD
    assert await count_current(seeded) == current
    with pytest.raises(ConfigError, match="--release"):
        make_release_request(held.task, held.units)
    work = make_work(root, batch_rows=500, streams=streams, drop_limit=Decimal("0.1"))
    released = await run_in_process(database, make_load_request(root, released=True), work)
    assert (released.task.status, five(released, HOLDING_FILE)) == (RunStatus.COMPLETED, (2000, 700, 1300, 0, 0))
    assert await count_current(seeded) == 1300
    assert not await find_broken_keys(seeded)


async def test_returning_records_offset_missing_ones(database: str, seeded: Pool, tmp_path: Path) -> None:
    await load(database, write_holdings(tmp_path / "few", 150))
    # the same records again, with other changes: none of them disappears a second time
    result = await load(database, write_holdings(tmp_path / "same", 150, note="x"))
    assert (result.task.status, five(result, HOLDING_FILE)) == (RunStatus.COMPLETED, (2000, 2000, 0, 0, 0))
    assert (await load(database, write_holdings(tmp_path / "back", 0, note="x"))).task.status == RunStatus.COMPLETED
    assert await count_current(seeded) == RECORDS
