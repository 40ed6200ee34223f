"""Records that an older release stored under odd keys: they are listed, and a reparse moves them to their normal key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.repair.reparse import ReparseWork, make_reparse_request
from fundata_ingest.seed.local_load import run_in_process
from fundata_ingest.store.file_tracker import read_stream
from sra_cli.ledger_view import list_odd_keys
from sra_shared.kit.db import Connection, Pool, open_pool
from sra_shared.migrate import upgrade_database
from sra_testing.fundata import (
    HOLDING_FILE,
    find_broken_keys,
    five,
    load_tree,
    navps,
    read_versions,
    run_cli,
    write_csv,
)
from sra_testing.records import put_data, put_quote, put_run
from view_builder.inprocess import define_missing_views

DAY = date(2025, 1, 2)
HOLDINGS, QUOTES = "FundTopHolding", "FundDailyNAVPS"


async def put_holding(connection: Connection, run: Any, key: str, record_id: str, name: str, **values: Any) -> None:
    raw = {"InstrumentKey": key, "RecordId": record_id, "Security": name, "Date": "2025-01-02"}
    values = {"security": name, "date": DAY, "source_line": 2, "raw_json": raw, **values}
    identifier, record_id = key.strip(" "), record_id.strip(" ")
    await put_data(connection, run, HOLDINGS, identifier, record_id, **values)


async def put_old_rows(connection: Connection) -> None:
    """What the former release kept: keys with a decimal point or invisible characters, and half a file in two streams."""
    run = await put_run(connection, "fundata", [HOLDINGS, QUOTES])
    source = {"source_file": "data/FundTopHoldingSeed.csv"}
    await put_holding(connection, run, "412000", "1", "plain", **source)
    await put_holding(connection, run, "412001.0", "2", "point", **source)
    await put_holding(connection, run, "\u00a0412002", "3", "space", **(source | {"source_line": 3}))
    await put_holding(connection, run, "412003", "\ufeff4", "mark", **source, change_date=date(9999, 12, 31))
    await put_holding(connection, run, "412004", "5", "normal is newer", change_date=date(2025, 3, 1))
    await put_holding(connection, run, "412004.0", "5", "odd is older", change_date=date(2025, 2, 1))
    await put_holding(connection, run, "412008", "8", "for ever", change_date=date(9999, 12, 31))
    raw = {"InstrumentKey": "412005.0", "RecordId": "6", "ratings": ["A", "B"]}
    for ordinal, value in enumerate("AB"):
        await connection.execute(
            "INSERT INTO fundata_data (run_id, data_version, row_ordinal, parser_version, identifier, dataset, record_id,"
            " data_source, content_hash, raw_json, change_date, array_source_field, array_element_index,"
            " array_element_value, execution_id)"
            " VALUES ($1, 1, $2::smallint, 1001, '412005.0', $3, '6', 'API', $4, $5, $6, 'ratings', $2::smallint, $7, 'e1')",
            run, ordinal, HOLDINGS, bytes(16), raw, DAY, value,
        )  # fmt: skip
    await put_holding(connection, run, "412007.0", "", "no id", data_source="API", change_date=DAY)
    quote = {"InstrumentKey": "412001.0", "Date": "2025-01-02", "NAVPS": "10.125"}
    await put_quote(connection, run, "412001.0", DAY, "10.125", raw_json=quote)
    await put_quote(connection, run, "412002", DAY, "11")
    file_id = await connection.fetchval(
        "INSERT INTO file_processing_tracker (file_path, file_hash, dataset, streams)"
        " VALUES ('data/FundTopHoldingSeed.csv', 'abc', $1, 2) RETURNING file_id",
        HOLDINGS,
    )
    await connection.execute(
        "INSERT INTO file_stream (file_id, stream, resume_offset) VALUES ($1, 0, 90), ($1, 1, 0)", file_id
    )
    await put_run(connection, "fundata", [HOLDINGS], status="running")


@pytest.fixture
async def old_pool(empty_database: str) -> AsyncIterator[Pool]:
    """A database that the former release filled, upgraded while a run is open."""
    await upgrade_database(empty_database, revision="0015")
    opened = await open_pool(empty_database, application_name="test", max_size=4)
    try:
        async with opened.acquire() as connection:
            await put_old_rows(connection)
        await upgrade_database(empty_database)
        await define_missing_views(empty_database)
        yield opened
    finally:
        await opened.close()


async def reparse(dsn: str, dataset: str, **options: Any) -> tuple[int, int, int, int, int]:
    work = ReparseWork(load_catalogue(), **options)
    return five(await run_in_process(dsn, make_reparse_request(dataset), work), dataset)


async def read_current(pool: Pool) -> list[tuple[str, ...]]:
    rows = await pool.fetch(
        "SELECT identifier, record_id, security, array_element_value, data_source FROM sra.fundata_data"
        " ORDER BY identifier, record_id, row_ordinal"
    )
    return [tuple(row) for row in rows]


CURRENT = [
    ("412000", "1", "plain", None, "CSV"),
    ("412001", "2", "point", None, "CSV"),
    ("412002", "3", "space", None, "CSV"),
    ("412003", "4", "mark", None, "CSV"),
    ("412004", "5", "normal is newer", None, "CSV"),
    ("412005", "6", None, "A", "API"),
    ("412005", "6", None, "B", "API"),
    ("412007", "", "no id", None, "API"),
    ("412008", "8", "for ever", None, "CSV"),
]


async def test_migration_lists_odd_keys_and_status_shows_the_next_step(old_pool: Pool, empty_database: str) -> None:
    listed = await old_pool.fetch("SELECT * FROM fundata_odd_key ORDER BY dataset, normal_identifier")
    names = ("dataset", "identifier", "record_id", "normal_identifier", "normal_record_id")
    assert [tuple(row[name] for name in names) for row in listed] == [
        (QUOTES, "412001.0", "", "412001", ""),
        (HOLDINGS, "412001.0", "2", "412001", "2"),
        (HOLDINGS, "\u00a0412002", "3", "412002", "3"),
        (HOLDINGS, "412003", "\ufeff4", "412003", "4"),
        (HOLDINGS, "412004.0", "5", "412004", "5"),
        (HOLDINGS, "412005.0", "6", "412005", "6"),
        (HOLDINGS, "412007.0", "", "412007", ""),
    ]
    code, result = await run_cli(empty_database, "status")
    assert code == 1
    problems = [problem for problem in result["problems"] if "normal form" in problem]
    assert [problem.split(":")[0] for problem in problems] == [QUOTES, HOLDINGS]
    assert "6 stored keys" in problems[1]
    assert problems[1].endswith("./sra load --reparse FundTopHolding.")
    # and the half-loaded file continues under its original split
    async with old_pool.acquire() as connection:
        file_id = await connection.fetchval("SELECT file_id FROM file_processing_tracker")
        await connection.execute("INSERT INTO file_stream (file_id, stream) VALUES ($1, 2)", file_id)
        assert [(await read_stream(connection, file_id, stream)).split_rules for stream in (1, 2)] == [1, 2]


async def test_reparse_moves_records_to_their_normal_key(old_pool: Pool, empty_database: str) -> None:
    before = datetime.now(UTC)
    moved = await reparse(empty_database, HOLDINGS, page_rows=2)
    assert (moved[0], moved[1]) == (moved[1] + moved[2], 7)
    assert await read_current(old_pool) == CURRENT
    async with old_pool.acquire() as connection:
        assert await find_broken_keys(connection) == []
        assert [line.split(":")[0] for line in await list_odd_keys(connection)] == [QUOTES]
        as_of = "SELECT DISTINCT identifier FROM sra.fundata_data_as_of('2025-06-01', $1) ORDER BY 1"
        assert [row[0] for row in await connection.fetch(as_of, datetime.now(UTC))] == sorted(
            {row[0] for row in CURRENT}
        )
        assert "412001.0" in [row[0] for row in await connection.fetch(as_of, before)]
    ended = [
        row for row in await read_versions(old_pool, "fundata_data", "record_id") if row["record_state"] == "Rekeyed"
    ]
    assert {(row["identifier"], row["data_version"]) for row in ended} == {
        ("\u00a0412002", 2), ("412001.0", 2), ("412003", 2), ("412004.0", 2), ("412005.0", 2), ("412007.0", 2),
    }  # fmt: skip
    # appended rows are as delivered
    point = await old_pool.fetchrow("SELECT * FROM fundata_data WHERE identifier = '412001'")
    assert (point["source_file"], point["source_line"], point["raw_json"]["InstrumentKey"]) == (
        "data/FundTopHoldingSeed.csv", 2, "412001.0",
    )  # fmt: skip
    assert await old_pool.fetchval("SELECT execution_id FROM fundata_data WHERE identifier = '412005' LIMIT 1") == "e1"
    dates = await old_pool.fetch("SELECT change_date FROM sra.fundata_data WHERE identifier IN ('412003', '412008')")
    assert [row[0] for row in dates] == [None, None]
    # a second time has no effect
    rows = await old_pool.fetchval("SELECT count(*) FROM fundata_data")
    assert (await reparse(empty_database, HOLDINGS, page_rows=2))[1] == 0
    assert await old_pool.fetchval("SELECT count(*) FROM fundata_data") == rows


async def test_quotes_are_moved_and_a_new_delivery_meets_them(
    old_pool: Pool, empty_database: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert await reparse(empty_database, QUOTES) == (2, 1, 1, 0, 0)
    assert [tuple(row) for row in await old_pool.fetch("SELECT identifier, navps::text FROM sra.fundata_quotes ORDER BY 1")] == [
        ("412001", "10.13"), ("412002", "11.00"),
    ]  # fmt: skip
    tree = tmp_path_factory.mktemp("tree")
    record = {"InstrumentKey": "412001", "Date": "2025-01-02", "NAVPS": "10.125"}
    path = "quotes/FundDailyNAVPSSeed.csv"
    write_csv(tree, path, [record, navps("412002.0", "2025-01-02", "12")])
    holding = {"InstrumentKey": "412008", "RecordId": "8", "Security": "changed", "ChangeDate": "2025-06-01"}
    write_csv(tree, HOLDING_FILE, [holding])
    result = await load_tree(empty_database, tree)
    assert five(result, path) == (2, 1, 1, 0, 0)
    # a date that means none does not remain the latest
    assert five(result, HOLDING_FILE) == (1, 1, 0, 0, 0)
    current = "SELECT security FROM sra.fundata_data WHERE identifier = '412008'"
    assert [row[0] for row in await old_pool.fetch(current)] == ["changed"]
    async with old_pool.acquire() as connection:
        assert await find_broken_keys(connection) == []
        assert await list_odd_keys(connection) != []
    assert await old_pool.fetchval("SELECT count(*) FROM sra.fundata_quotes") == 2
