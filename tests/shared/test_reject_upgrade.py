"""The upgrade of a database with rejects and an active run: all stay, and the newest are counted afterwards."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from fundata_ingest.store.chunk_commit import SOURCE, name_place
from sra_shared.kit.database.revision import read_newest_revision
from sra_shared.kit.db import Connection, open_connection
from sra_shared.migrate import upgrade_database
from sra_shared.runs.rejects import Deliverer, Sighting, keep_sightings, make_identity

BEFORE = "0019"
EXPORT = "api/FundGeneral.en/{}"


async def put_reject(connection: Connection, run: UUID, source: str, path: str, raw: bytes, **values: Any) -> int:
    """Store a reject as the former code did."""
    columns = {
        **{"run_id": run, "source": source, "dataset": "FundGeneral", "file_path": path, "raw": raw},
        **{"reason": "field_count", "data_source": "API" if path.startswith("api/") else "CSV"},
        **values,
    }
    number: int = await connection.fetchval(
        f"INSERT INTO rejected_record ({', '.join(columns)}, created_at)"  # noqa: S608 - names of this test
        f" VALUES ({', '.join(f'${place}' for place in range(1, len(columns) + 1))}, now() - interval '3 days')"
        " RETURNING reject_id",
        *columns.values(),
    )
    return number


async def test_earlier_rejects_stay_and_the_newest_of_equal_ones_is_incremented(empty_database: str) -> None:
    await upgrade_database(empty_database, revision=BEFORE)
    connection = await open_connection(empty_database, application_name="test")
    first, second = uuid4(), uuid4()
    await connection.execute(
        "INSERT INTO task_execution_log (task_id, task_type, status, work_key, source)"
        " VALUES ($1, 'fundata_data', 'running', 'x', 'fundata')",
        second,
    )
    await connection.execute(
        "INSERT INTO run_unit (task_id, unit, dataset, status, resume) VALUES ($1, 'u', 'FundGeneral', 'running', $2)",
        second,
        {"offset": 9},
    )
    old = [await put_reject(connection, first, SOURCE, EXPORT.format("a"), b'{"x": 1}', file_hash="h1")]
    new = [
        await put_reject(connection, second, SOURCE, EXPORT.format("b"), b'{"x": 1}', file_hash="h2", line=line)
        for line in (4, 7)
    ]
    line = await put_reject(connection, second, SOURCE, "data/général.csv", b"1,\xff,2", file_hash="h3")
    fmp = await put_reject(connection, second, "fmp", "profile", b'{"symbol": "A"}')
    before = await connection.fetch("SELECT * FROM rejected_record ORDER BY reject_id")

    await upgrade_database(empty_database)
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == read_newest_revision()
    after = await connection.fetch("SELECT * FROM rejected_record ORDER BY reject_id")
    former = set(dict(before[0]))
    kept = [{name: value for name, value in row.items() if name in former} for row in after]
    assert kept == [dict(row) for row in before]
    assert [(row["reject_id"], row["occurrence"]) for row in after] == [
        *((number, None) for number in old),
        *((number, place) for place, number in enumerate(new, 1)),
        (line, 1),
        (fmp, None),
    ]
    assert {(row["seen_count"], row["last_seen_at"] == row["created_at"]) for row in after} == {(1, True)}
    assert await connection.fetchval("SELECT resume FROM run_unit") == {"offset": 9}

    # rows of the earlier code while it is replaced, and the same rows delivered with the present code
    await put_reject(connection, second, SOURCE, EXPORT.format("b"), b"old code")
    for path, raw, delivery in ((EXPORT.format("c"), b'{"x": 1}', "c"), ("data/général.csv", b"1,\xff,2", "d")):
        data_source = "API" if path.startswith("api/") else "CSV"
        identity = make_identity(SOURCE, "FundGeneral", name_place(path, data_source), raw=raw)  # type: ignore[arg-type]
        by = Deliverer(uuid4(), SOURCE, "FundGeneral", data_source, delivery)
        await keep_sightings(connection, by, [Sighting(identity, "field_count", "", raw, file_path=path)])
    counted = await connection.fetch(
        "SELECT reject_id, seen_count FROM rejected_record WHERE seen_count > 1 ORDER BY 1"
    )
    assert [tuple(row) for row in counted] == [(new[0], 2), (line, 2)]
    assert await connection.fetchval("SELECT count(*) FROM rejected_record") == 6
    await connection.close()
