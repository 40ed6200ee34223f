"""No value that the loaders accept makes a build fail or a row unreadable."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Boolean, Date, DateTime, Integer, LargeBinary, Numeric, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

from fundata_ingest.catalogue import load_catalogue
from sra_shared.kit.db import Connection, Pool
from sra_shared.schema.tables import metadata
from sra_testing.fundata import load_tree, write_csv
from sra_testing.publication import build_all
from sra_testing.records import put_profile, put_run
from view_builder.compile import CompiledView
from view_builder.inprocess import check_views

NUMBERS = (
    *("1e-50", "1E-9999", "0", "-0", "0.000", "1e9", "-1e9", "9999999999.99", "1e400", "12.5", "$1,234.50", ".5", "7."),
    *("0." + "1" * 20_000, "1" + "0" * 5_000, "0." + "3" * 5_900 + "e-9999", "1e-41", "4e-41", "n.m.", "NaN", "-3.25"),
    *("1", "2", "0.5", "1000001", "0.0000001", "-2", "1e-7", "", "NULL", "3", "5", "10"),
)
DAYS = (
    *("0001-01-01", "9999-12-31", "2025-02-30", "12:34:56", "2025-09-26T12:34:56", "26/09/2025", "", "09/26/2025"),
    *("2025-09-26", "2025-08-31", "1899-12-31", "tomorrow", "2025-09-26 12:34"),
)
TEXTS = (
    *(
        "EN",
        "FR",
        "en-CA",
        "MER",
        "Active",
        "é" * 300,
        '"quoted", with comma',
        "line\nbreak",
        "\\",
        "{}",
        "[1]",
        "'",
        "%s",
    ),
    *("1", "2", "3", "", "N/A", "\u0130", "\U0001f4c8", "CAD", "USD"),
)
FUNDS = tuple("12345")
LAST = date(2025, 9, 26)


def make_record(chance: random.Random, columns: dict[str, str], number: int) -> dict[str, str]:
    pools = {"number": NUMBERS, "date": DAYS, "text": TEXTS, "identifier": TEXTS}
    record = {name: chance.choice(pools[kind]) for name, kind in columns.items()}
    record |= {"RecordId": str(number), "InstrumentKey": chance.choice(FUNDS)}
    record["RecordState"] = chance.choice(["Active", "", "Active"])
    if "Year" in record:
        record["Year"] = chance.choice(["1", "3", "5", "10", "1e300", "2.5"])
    if "BenchmarkInstrumentKey" in record:
        record["BenchmarkInstrumentKey"] = chance.choice(FUNDS)
    if "NAVPS" in record:
        record["Date"] = (LAST - timedelta(days=number % 12)).isoformat()
    return record


def write_tree(root: Path, chance: random.Random) -> None:
    catalogue = load_catalogue()
    for path in catalogue.files:
        dataset = catalogue.find_file(path)
        assert dataset is not None
        columns = {column.name: str(column.type) for column in dataset.columns}
        write_csv(root, path, [make_record(chance, columns, number) for number in range(60)])


# as FMP's models let them through: below 1e40, of any precision
FMP_NUMBERS = ("1e-60", "0", "-0.5", "9e39", "-9e39", "1e-41", "12.5", "1", "2", "0.0000001", "3.14159", "1e12")
SYMBOLS = ("AAA", "BBB", "CCC", "^GSPC")
CHOICES: tuple[tuple[type, tuple[str, ...]], ...] = (
    (Date, tuple((LAST - timedelta(days=days)).isoformat() for days in (0, 1, 7, 30, 365, 400))),
    (DateTime, tuple(datetime(2025, 9, day, 20, tzinfo=UTC).isoformat() for day in range(1, 27))),
    (Boolean, ("true", "false")),
    (Integer, ("1", "2", "2024", "2025")),
    (LargeBinary, ("", r"\x00", r"\xff01")),
    (JSONB, ('{"beta": "1e-9999", "lastDividend": "n.m.", "ipoDate": "12:34:56", "isin": ""}', "{}")),
)


def choose_value(chance: random.Random, name: str, kind: object) -> str:
    """A value as text, which the database casts."""
    if name.endswith("symbol"):
        return chance.choice(SYMBOLS)
    if isinstance(kind, Numeric):
        value = chance.choice(FMP_NUMBERS)
        return value.lstrip("-") if name == "volume" else value
    for known, values in CHOICES:
        if isinstance(kind, known):
            return chance.choice(values)
    fixed = {"exchange": "NYSE", "period": chance.choice(["FY", "Q1", "Q2", "Q3", "Q4"]), "index_name": "sp500"}
    return fixed.get(name, chance.choice(DAYS if name == "source_updated_at" else TEXTS))


TAKEN_BY_DEFAULT = (
    "row_id",
    "created_at",
    "updated_at",
    "valid_from",
    "valid_to",
    "run_id",
    "ended_run_id",
    "content_hash",
)


async def fill_table(connection: Connection, chance: random.Random, run: UUID, table: Table, rows: int) -> None:
    columns = [column for column in table.columns if column.name not in TAKEN_BY_DEFAULT]
    kept = [column for column in columns if column.name != "market_cap"]
    names = ", ".join(f'"{column.name}"' for column in kept)
    places = ", ".join(
        f"${place}::text::{column.type.compile(dialect=postgresql.dialect())}" for place, column in enumerate(kept, 2)
    )
    hash_name = ', "content_hash"' if "content_hash" in table.columns else ""
    hash_value = ", ''" if hash_name else ""
    for _ in range(rows):
        values = [choose_value(chance, column.name, column.type) for column in kept]
        await connection.execute(
            f"INSERT INTO {table.name} (run_id, {names}{hash_name}) VALUES ($1, {places}{hash_value})"  # noqa: S608
            " ON CONFLICT DO NOTHING",
            run,
            *values,
        )


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.faults) for seed in range(1, 6))])
async def test_no_accepted_value_makes_a_build_fail(
    database: str, pool: Pool, views: tuple[CompiledView, ...], tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - made-up values
    write_tree(tmp_path, chance)
    loaded = await load_tree(database, tmp_path)
    assert min(file["stored"] for file in loaded.files) > 20
    read = {source.table for view in views for source in view.spec.sources}
    async with pool.acquire() as connection:
        datasets = sorted({d for view in views for s in view.spec.sources if s.vendor == "fmp" for d in s.datasets})
        run = await put_run(connection, "fmp", datasets)
        for symbol in SYMBOLS:
            await put_profile(connection, run, symbol, is_etf=symbol == "BBB")
        derived = {
            "fundata_data",
            "fundata_quotes",
            "run_unit",
            "market_session",
            "fmp_symbol_alias",
            "fmp_symbol_period",
            "fmp_row_history",
            "rejected_record",
            "task_execution_log",
        }
        for name in sorted(read - derived):
            await fill_table(connection, chance, run, metadata.tables[name], 60)
    await build_all(pool, views)
    async with pool.acquire() as connection:
        verdicts = await check_views(connection)
        assert {verdict.problems for verdict in verdicts} == {()}
        filled = {verdict.relation: verdict.row_count for verdict in verdicts}
        for view in views:
            # every row of every view can be read through its model
            for row in await connection.fetch(f"SELECT * FROM {view.name}"):  # noqa: S608
                view.model.model_validate(dict(row))
    assert {name for name, rows in filled.items() if rows == 0} <= {"market_movers"}
    assert (filled["fund_quote_history"] or 0) > 20
    # values come late, out of order, and change: the same through incremental builds
    write_tree(tmp_path, random.Random(seed + 100))  # noqa: S311
    await load_tree(database, tmp_path)
    assert not any(built.full for built in (await build_all(pool, views, accept_drop=True)).values())
