"""Versions: the latest by default, all on request, and any past state by valid date and storage time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from sra_shared.kit.db import Connection, Pool
from sra_testing.publication import build_all, read_rows
from sra_testing.records import put_data, put_fund, put_quote, put_run
from view_builder.compile import CompiledView

DAY = date(2025, 9, 26)
T0 = datetime(2025, 10, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def put_versions(connection: Connection) -> None:
    """A seed version, an API correction, a second one, then a late seed version of the same day."""
    run = await put_run(connection, "fundata", ["FundDailyNAVPS"])
    api = {"data_source": "API"}
    await put_quote(connection, run, "1", DAY, "10", change_date=DAY, processed_at=T0)
    await put_quote(connection, run, "1", DAY, "11", change_date=date(2025, 9, 28), processed_at=T0 + HOUR, **api)
    await put_quote(connection, run, "1", DAY, "12", change_date=date(2025, 9, 29), processed_at=T0 + 2 * HOUR, **api)
    await put_quote(connection, run, "1", DAY, "13", change_date=date(2025, 9, 30), processed_at=T0 + 3 * HOUR)


async def read_navps(pool: Pool, relation: str, *arguments: object) -> list[Decimal]:
    rows = await read_rows(pool, f"SELECT navps FROM sra.{relation} ORDER BY data_version", *arguments)  # noqa: S608
    return [row["navps"] for row in rows]


AS_OF = "fundata_quotes_as_of($1, $2)"


async def test_latest_is_api_even_after_a_late_seed(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        await put_versions(connection)
    await build_all(pool, views)
    assert await read_navps(pool, "fundata_quotes") == [Decimal(12)]
    assert await read_navps(pool, "fundata_quotes_history") == [Decimal(n) for n in (10, 11, 12, 13)]


async def test_past_states_of_quotes(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        await put_versions(connection)
    await build_all(pool, views)
    assert await read_navps(pool, AS_OF, DAY, T0 - HOUR) == []
    assert await read_navps(pool, AS_OF, DAY, T0) == [Decimal(10)]
    assert await read_navps(pool, AS_OF, DAY, T0 + HOUR) == [Decimal(11)]
    assert await read_navps(pool, AS_OF, DAY, T0 + 2 * HOUR) == [Decimal(12)]
    # the late seed version is known by then, and API goes before CSV
    assert await read_navps(pool, AS_OF, DAY, T0 + 3 * HOUR) == [Decimal(12)]
    assert await read_navps(pool, AS_OF, DAY - timedelta(days=1), T0 + 3 * HOUR) == []


async def test_past_states_of_data_go_by_change_date(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundGeneral"])
        await put_fund(connection, run, "1", name="Undated", processed_at=T0)
        await put_fund(connection, run, "1", name="March", change_date=date(2025, 3, 1), processed_at=T0)
        await put_fund(connection, run, "1", name="May", change_date=date(2025, 5, 1), processed_at=T0 + HOUR)
        gone = {"change_date": date(2025, 7, 1), "processed_at": T0 + 2 * HOUR, "record_state": "Deleted"}
        await put_fund(connection, run, "1", name="Gone", **gone)
    await build_all(pool, views)

    async def read(valid_on: date, known_at: datetime) -> list[str]:
        rows = await read_rows(pool, "SELECT legal_name FROM sra.fundata_data_as_of($1, $2)", valid_on, known_at)
        return [row["legal_name"] for row in rows]

    assert await read(date(2025, 1, 1), T0) == ["Undated"]
    assert await read(date(2025, 4, 1), T0) == ["March"]
    assert await read(date(2025, 6, 1), T0) == ["March"]
    assert await read(date(2025, 6, 1), T0 + HOUR) == ["May"]
    assert await read(date(2025, 8, 1), T0 + HOUR) == ["May"]
    assert await read(date(2025, 8, 1), T0 + 2 * HOUR) == []
    assert await read(date(2025, 6, 1), T0 + 2 * HOUR) == ["May"]
    assert await read_rows(pool, "SELECT * FROM sra.fundata_data") == []
    assert len(await read_rows(pool, "SELECT * FROM sra.fundata_data_history")) == 4


async def test_a_version_is_the_whole_record(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundTopHolding"])
        for name in ("one", "two"):
            await put_data(connection, run, "FundTopHolding", "1", "", array_element_value=name, processed_at=T0)
            # a second element of the same version
            await connection.execute(
                "INSERT INTO fundata_data (run_id, data_version, row_ordinal, parser_version, identifier, dataset, data_source,"
                " content_hash, raw_json, array_element_value, processed_at) SELECT run_id, data_version, 1, 1, identifier,"
                " dataset, data_source, content_hash, raw_json, array_element_value || ' more', processed_at FROM fundata_data"
                " WHERE array_element_value = $1",
                name,
            )
    await build_all(pool, views)
    for relation in ("sra.fundata_data", "sra.fundata_data_as_of('infinity', 'infinity')"):
        rows = await read_rows(pool, f"SELECT array_element_value AS value FROM {relation} ORDER BY row_ordinal")  # noqa: S608
        assert [row["value"] for row in rows] == ["two", "two more"]


async def test_the_state_of_now_is_the_latest(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        await put_versions(connection)
        run = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        for number in range(20):
            source = "API" if number % 3 else "CSV"
            state = "Deleted" if number % 7 == 6 else "Active"
            changed = date(2025, 9, 1 + number % 5) if number % 4 else None
            day = DAY - timedelta(days=number % 6)
            await put_quote(
                connection, run, "2", day, str(number), data_source=source, record_state=state, change_date=changed
            )
    await build_all(pool, views)
    for table in ("fundata_quotes", "fundata_data"):
        latest = f"SELECT to_jsonb(v)::text AS row FROM sra.{table} v ORDER BY 1"  # noqa: S608
        as_of = f"SELECT to_jsonb(v)::text AS row FROM sra.{table}_as_of('infinity', 'infinity') v ORDER BY 1"  # noqa: S608
        assert await read_rows(pool, latest) == await read_rows(pool, as_of)


async def test_functions_inline_and_use_the_index(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        for fund in range(30):
            await put_quote(connection, run, str(fund), DAY, "1")
    await build_all(pool, views)
    async with pool.acquire() as connection:
        await connection.execute("SET enable_seqscan = off")
        await connection.execute("SET ROLE sra_reader")
        for name, index in (("quotes", "date_dataset_data_version"), ("data", "pk_fundata_data")):
            plan = await connection.fetch(
                f"EXPLAIN SELECT * FROM sra.fundata_{name}_as_of('2025-09-26', now()) WHERE identifier = '7'"  # noqa: S608
            )
            text = "\n".join(row[0] for row in plan)
            assert "Function Scan" not in text
            assert index in text or "_pkey" in text
            assert "Seq Scan on fundata" not in text
