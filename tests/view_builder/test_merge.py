"""The merge of rows by key: its cost follows the changed rows, whatever statistics the planner has."""

from __future__ import annotations

from datetime import date

from sra_shared.kit.db import Pool
from sra_testing.publication import build_all, build_group, read_rows
from sra_testing.records import put_quote, put_run
from view_builder import merge
from view_builder.build import build_views, look_up_only
from view_builder.compile import CompiledView

QUOTES = """
INSERT INTO fundata_quotes (run_id, identifier, date, dataset, data_source, data_version, row_ordinal, parser_version,
  content_hash, navps, raw_json)
SELECT $1, f::text, date '2025-09-26' - d, 'FundDailyNAVPS', 'CSV', 1, 0, 1, '', f, '{}'
FROM generate_series(1, 10) f, generate_series(0, 299) d
"""

WHOLE_READS = "SELECT sum(seq_scan) FROM pg_stat_xact_user_tables WHERE relname LIKE 'fundata_quotes%'"


async def test_many_rows_into_an_empty_table_are_inserted_without_scans(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    view = next(view for view in views if view.relation == "fund_quote_history")
    await build_all(pool, views)
    # a table that is known to be empty is cheap to read whole, as it seems
    await pool.execute(f"VACUUM (ANALYZE) {view.table}")
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        await connection.execute(QUOTES, run)
        await connection.execute(merge.create_affected_keys(view))
        await connection.execute(merge.fill_affected_keys(view), [run])
        await connection.execute(merge.create_staging(view, full=False))
        for statement in merge.index_keys_and_staging(view):
            await connection.execute(statement)
        await connection.execute("ANALYZE staging")
        assert await connection.fetchval("SELECT count(*) FROM staging") == 3000
        await look_up_only(connection)
        for statement in (merge.update_changed(view), merge.insert_new(view)):
            plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {statement}", run))
            assert f"Seq Scan on {view.relation}" not in plan, plan
            assert "Index" in plan, plan


async def test_the_rows_of_a_run_are_found_without_reading_those_of_others(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    view = next(view for view in views if view.relation == "run_contents")
    async with pool.acquire() as connection:
        seed = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        await connection.execute(QUOTES, seed)
        # all that the planner knows is that every row is of one run
        await connection.execute("ANALYZE fundata_quotes")
    await build_group(pool, [view])
    async with pool.acquire() as connection:
        later = await put_run(connection, "fundata", ["FundDailyNAVPS"])
        await put_quote(connection, later, "1", date(2025, 9, 27), "10")
        async with connection.transaction():
            # what is not reported yet of the session counts too
            before = await connection.fetchval(WHOLE_READS)
            (built,) = await build_views(connection, [view], build_id=later)
            assert await connection.fetchval(WHOLE_READS) == before
    assert (built.computed, built.full) == (1, False)
    (row,) = await read_rows(pool, "SELECT newest_record FROM sra.run_contents WHERE task_id = $1", later)
    assert row["newest_record"] == date(2025, 9, 27)
