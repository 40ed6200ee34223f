"""The Fundata tables accept new rows and no changes, from any role."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.transform.numbers import parse_number
from sra_shared.kit.db import Pool
from sra_shared.schema.tables import fundata
from sra_testing.fundata import GENERAL_FILE, NAVPS_FILE, load_tree, navps, write_csv


@pytest.fixture(scope="session")
def database_template(whole_template: str) -> str:
    """With every partition that the migrations make, since these tests look at them."""
    return whole_template


@pytest.fixture
async def loaded(database: str, tmp_path: Path, pool: Pool) -> Pool:
    write_csv(tmp_path, NAVPS_FILE, [navps("7", "2025-01-02", "10"), navps("7", "2041-01-02", "11")][:1])
    write_csv(tmp_path, GENERAL_FILE, [{"RecordId": "1", "InstrumentKey": "7", "LegalName": "A"}])
    await load_tree(database, tmp_path)
    return pool


@pytest.mark.parametrize(
    "table",
    [
        "fundata_data",
        "fundata_quotes",
        "fundata_quotes_1980",
        "fundata_quotes_2025",
        "fundata_quotes_2040",
        "fundata_quotes_default",
        "fundata_data_superseded",
        "fundata_quotes_superseded",
    ],
)
async def test_owner_cannot_change_rows(loaded: Pool, table: str) -> None:
    async with loaded.acquire() as connection:
        is_owner = await connection.fetchval(
            "SELECT pg_get_userbyid(relowner) = current_user FROM pg_class WHERE relname = $1", table
        )
        assert is_owner
        for statement in (
            f"UPDATE {table} SET run_id = gen_random_uuid()",  # noqa: S608
            f"DELETE FROM {table}",  # noqa: S608
            f"TRUNCATE {table} CASCADE",
        ):
            with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
                await connection.execute(statement)


async def test_replica_role_cannot_either(loaded: Pool) -> None:
    async with loaded.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        with pytest.raises(asyncpg.RestrictViolationError):
            async with connection.transaction():
                await connection.execute("DELETE FROM fundata_quotes_2025")


async def test_every_partition_has_the_trigger(pool: Pool) -> None:
    async with pool.acquire() as connection:
        bare = await connection.fetch(
            """SELECT c.relname FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
            WHERE i.inhparent = 'fundata_quotes'::regclass
              AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgenabled = 'A')"""
        )
        partitions = await connection.fetchval(
            "SELECT count(*) FROM pg_inherits WHERE inhparent = 'fundata_quotes'::regclass"
        )
    assert not bare
    assert partitions == 2040 - 1980 + 2


async def test_tables_hold_every_catalogued_column() -> None:
    kinds = {"text": sa.Text, "identifier": sa.Text, "number": sa.Numeric, "date": sa.Date}
    for name, table in (("data", fundata.fundata_data), ("quotes", fundata.fundata_quotes)):
        for column, kind in load_catalogue().flattened_columns(name).items():
            assert isinstance(table.c[column].type, kinds[kind]), column
        numbers = [c.type for c in table.c if isinstance(c.type, sa.Numeric)]
        assert {(kind.precision, kind.scale) for kind in numbers} == {(12, 2)}


NUMBERS = [
    "123.456789", "15.7", "0.045", "$1,234.50", "84450.0", "-5", "+5", "-$1,234", "$-5", ".5", "5.", ".", "", " ", "NULL",
    "n/a", "None", "1e5", "1E-3", "1e", "12..5", "#REF!", "n.m.", "--", "(5)", "5%", "1,23", "1,234,567.8", "1234,567",
    "0", "-0", "0.000", "  7.25\t", "1 2", "٣", "9999999999.995", "12345678901.23", "0.00000001", "1e400", "1e-400",
    "\u00a05", "NaN", "Infinity", "0x10", "1_000", "00012.50", "$", "-", "e5", "$$5", "5\n", "1,2345", ",123",
]  # fmt: skip


async def test_sql_reads_numbers_as_the_loader_does(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for text in NUMBERS:
            found = await connection.fetchval("SELECT fundata_parse_number($1)", text)
            parsed = parse_number(text)
            if parsed.reason == "bad_number" or parsed.canonical == "":
                assert found is None, text
            else:
                assert found is not None, text
                assert parse_number(format(found, "f")).canonical == parsed.canonical, text


async def test_no_text_makes_the_sql_function_fail(pool: Pool) -> None:
    async with pool.acquire() as connection:
        for text in ("9" * 200_000, "1e99999", "1e-99999", "0." + "1" * 50_000, "1e" + "9" * 50):
            assert await connection.fetchval("SELECT fundata_parse_number($1)", text) is None
