"""Steps of database_performance_optimization.feature: plans and pages, without a clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from sra_cli.postgres import EmbeddedPostgres
from sra_shared.kit.db import open_connection, open_pool
from sra_testing.databases import create_database, drop_database, run_async
from sra_testing.publication import build_one
from sra_testing.records import put_run
from view_builder.apply import define_views
from view_builder.compile import compile_views
from view_builder.marts import MARTS

scenarios("database_performance_optimization.feature")

FUNDS, DAYS, SYMBOLS = 80, 1000, 1000
NEEDED = ("security_master", "fund_quote_history", "daily_market_summary", "fundata_quotes")

FILL_FUNDS = """
INSERT INTO fundata_data (run_id, identifier, dataset, record_id, data_source, data_version, row_ordinal, parser_version,
  content_hash, language, legal_name, currency, raw_json)
SELECT $1, (412000 + f)::text, 'FundGeneral', f::text, 'CSV', 1, 0, 1, '\\x00', 'EN', 'Fund ' || f,
  CASE f % 4 WHEN 0 THEN 'USD' ELSE 'CAD' END, '{}' FROM generate_series(1, $2::int) f
"""
# day after day, as quotes come in
FILL_QUOTES = """
INSERT INTO fundata_quotes (run_id, identifier, date, dataset, record_id, data_source, data_version, row_ordinal,
  parser_version, content_hash, navps, navps_penny_change, raw_json)
SELECT $1, (412000 + f)::text, day, 'FundDailyNAVPS', '', 'CSV', 1, 0, 1, '\\x00', value, (f + n) % 3 - 1,
  jsonb_build_object('InstrumentKey', (412000 + f)::text, 'Date', day, 'NAVPS', value::text)
FROM (SELECT n, f, date '2022-01-03' + n::int AS day, 10 + ((f * 37 + n * 13) % 1000) / 100.0 AS value
      FROM generate_series(0, $3::int - 1) n, generate_series(1, $2::int) f) made
"""
FILL_EQUITIES = """
INSERT INTO fmp_quote (run_id, symbol, quoted_at, exchange, price, raw_json, content_hash)
SELECT $1, 'S' || s, timestamptz '2025-01-02 21:00+00' + n * interval '1 day', 'NYSE', s + n, '{}', '\\x00'
FROM generate_series(0, 99) n, generate_series(1, $2::int) s
"""
ASKED = {
    "identifier": "SELECT date, navps FROM sra.fundata_quotes WHERE identifier = '412077' ORDER BY date DESC LIMIT 100",
    "date": "SELECT identifier, navps FROM sra.fundata_quotes WHERE date = '2024-05-06'",
    "symbol": "SELECT quoted_at, price FROM public.fmp_quote WHERE symbol = 'S77' AND quoted_at >= '2025-03-15'"
    " AND quoted_at < '2026-01-01' ORDER BY quoted_at DESC",
}
COLUMNS = "date, currency, total_symbols, avg_navps, median_navps, advancers, decliners"
YEAR = "date BETWEEN '2023-01-01' AND '2023-12-31'"
FROM_VIEW = f"SELECT {COLUMNS} FROM sra.daily_market_summary WHERE {YEAR} ORDER BY 1, 2"  # noqa: S608
FROM_TABLES = f"""
SELECT q.date, coalesce(m.currency, 'XXX'), count(*), round(avg(q.navps), 6),
  round((percentile_cont(0.5) WITHIN GROUP (ORDER BY q.navps::float8))::numeric, 6),
  count(*) FILTER (WHERE q.navps_penny_change > 0), count(*) FILTER (WHERE q.navps_penny_change < 0)
FROM public.fundata_quotes q LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = q.identifier
WHERE {YEAR} AND NOT EXISTS (SELECT FROM public.fundata_quotes_superseded x
  WHERE (x.identifier, x.date, x.dataset, x.data_version) = (q.identifier, q.date, q.dataset, q.data_version))
GROUP BY 1, 2 ORDER BY 1, 2
"""  # noqa: S608


@dataclass
class Large:
    """The filled database, and the queries on it."""

    dsn: str
    rows: list[Any] = field(default_factory=list)
    nodes: list[dict[str, Any]] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)

    def fetch(self, sql: str, *arguments: object) -> list[Any]:
        async def read() -> list[Any]:
            connection = await open_connection(self.dsn, application_name="feature")
            try:
                return await connection.fetch(sql, *arguments)
            finally:
                await connection.close()

        return run_async(read())

    def explain(self, sql: str) -> None:
        """Run a query and note its rows, the nodes of its plan and the pages that it read."""
        self.rows = self.fetch(sql)
        found = self.fetch(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}")[0][0]
        plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
        self.nodes = list(walk_plan(plan))
        self.pages.append(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])

    def count_pages(self, table: str) -> int:
        """The pages of a table with all its partitions, without indexes."""
        found: int = self.fetch(
            "SELECT sum(pg_relation_size(relid)) ::bigint / 8192 FROM pg_partition_tree($1::text::regclass)", table
        )[0][0]
        return found


def walk_plan(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from walk_plan(child)


async def fill(dsn: str) -> None:
    pool = await open_pool(dsn, application_name="feature", max_size=4)
    try:
        async with pool.acquire() as connection, connection.transaction():
            run = await put_run(connection, "fundata", ["FundGeneral", "FundDailyNAVPS"])
            await connection.execute(FILL_FUNDS, run, FUNDS)
            await connection.execute(FILL_QUOTES, run, FUNDS, DAYS)
            await connection.execute(FILL_EQUITIES, run, SYMBOLS)
        await pool.execute("VACUUM ANALYZE")
        views = [view for view in compile_views(MARTS) if view.relation in NEEDED]
        await define_views(pool, views)
        for view in views:
            await build_one(pool, view)
        await pool.execute("VACUUM ANALYZE")
    finally:
        await pool.close()


@pytest.fixture(scope="session")
def database_template(whole_template: str) -> str:
    """With every partition that the migrations make, since these tests look at them."""
    return whole_template


@pytest.fixture(scope="module")
def filled(postgres_server: EmbeddedPostgres, database_template: str) -> Iterator[str]:
    """One database for all scenarios: they only read."""
    dsn = create_database(postgres_server, template=database_template)
    run_async(fill(dsn))
    yield dsn
    drop_database(postgres_server, dsn)


@given("a database with 80,000 quotes of funds and 100,000 quotes of equities", target_fixture="large")
def open_large(filled: str) -> Large:
    large = Large(filled)
    counts = large.fetch("SELECT (SELECT count(*) FROM fundata_quotes), (SELECT count(*) FROM fmp_quote)")
    assert [tuple(row) for row in counts] == [(80_000, 100_000)]
    return large


@when(parsers.parse("the newest rows are requested by {what}"))
def ask(large: Large, what: str) -> None:
    large.explain(ASKED[what])


@then(parsers.parse('rows of "{table}" are found'))
def check_rows(large: Large, table: str) -> None:
    assert large.rows, table


@then(parsers.parse('the plan goes through "{index}" and reads no table from end to end'))
def check_plan(large: Large, index: str) -> None:
    scanned = [node["Index Name"] for node in large.nodes if "Index Name" in node and node["Actual Loops"]]
    # an index of a partition bears a name of its own and hangs on the parent's
    parents = large.fetch(
        "SELECT c.relname FROM pg_class c WHERE c.oid = ANY(SELECT pg_partition_root(oid) FROM pg_class"
        " WHERE relname = ANY($1::text[]) AND relkind IN ('i', 'I'))",
        scanned,
    )
    assert index in {row["relname"] for row in parents} | set(scanned)
    full = [n for n in large.nodes if n["Node Type"] == "Seq Scan" and n["Actual Loops"] and n["Actual Rows"] > 1000]
    assert full == []


@then(parsers.parse('it reads less than {share:d} percent of the pages of "{table}"'))
def check_pages(large: Large, share: int, table: str) -> None:
    total = large.count_pages(table)
    assert large.pages[-1] * 100 < share * total, f"{large.pages[-1]} of {total} pages"


@when("a year of the market summary is requested, from the view and from the raw tables")
def time_both(large: Large) -> None:
    large.explain(FROM_VIEW)
    from_view = large.rows
    large.explain(FROM_TABLES)
    large.nodes = [{"view": [tuple(row) for row in from_view], "raw": [tuple(row) for row in large.rows]}]


@then("both give the same figures")
def check_figures(large: Large) -> None:
    (found,) = large.nodes
    assert found["view"] == found["raw"]
    assert len(found["view"]) == 365 * 2


@then(parsers.parse("the view reads at least {factor:d} times fewer pages"))
def check_factor(large: Large, factor: int) -> None:
    of_view, of_tables = large.pages
    assert of_view * factor <= of_tables, f"{of_view} pages against {of_tables}"
