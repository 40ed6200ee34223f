"""When the public could know a statement, when we did, and the figures of a past state, computed by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from sra_shared.kit.db import Connection, Pool, open_connection
from sra_testing.publication import build_all, choose_views, read_rows
from sra_testing.records import put_row, put_run
from sra_testing.statements import put_company, put_quarter
from view_builder.apply import replace_view
from view_builder.compile import CompiledView

ENDS = (date(2024, 3, 31), date(2024, 6, 30), date(2024, 9, 30), date(2024, 12, 31))
DATASETS = (
    "income_statement",
    "balance_sheet",
    "cash_flow",
    "scores",
    "splits",
    "profile",
    "quote",
    "financial_growth",
)
# 16:30 in New York in winter
FILED = datetime(2025, 2, 5, 21, 30, tzinfo=UTC)
STORED = datetime(2025, 2, 7, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
AS_OF = "SELECT * FROM sra.equity_fundamentals_as_of($1, $2, ARRAY['ABC'])"


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_fundamentals")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


TIMES = (
    # acceptance: 18:04:34 is 23:04:34 in UTC in winter, and 22:04:34 in summer
    ("2024-02-01 18:04:34", date(2024, 2, 5), ENDS[0] - timedelta(90), "Q1", "accepted", at("2024-02-01 23:04:34")),
    ("2024-08-01T18:04:34", date(2024, 8, 1), ENDS[1], "Q2", "accepted", at("2024-08-01 22:04:34")),
    # the clocks go forward on 2024-03-10 and back on 2024-11-03
    ("2024-03-08 20:00:00", None, date(2023, 12, 31), "FY", "accepted", at("2024-03-09 01:00:00")),
    ("2024-03-11 20:00:00", None, date(2023, 12, 31), "FY", "accepted", at("2024-03-12 00:00:00")),
    ("2024-11-04 20:00:00", None, ENDS[2], "Q3", "accepted", at("2024-11-05 01:00:00")),
    # the filing day ends at 05:00 in UTC in winter, and at 04:00 in summer
    (None, date(2024, 2, 1), date(2023, 12, 31), "FY", "filing_day", at("2024-02-02 05:00:00")),
    (None, date(2024, 8, 1), ENDS[1], "Q2", "filing_day", at("2024-08-02 04:00:00")),
    # it is summer until 02:00 of the third: the day before ends at 04:00
    (None, date(2024, 11, 2), ENDS[2], "Q3", "filing_day", at("2024-11-03 04:00:00")),
    (None, date(2024, 11, 3), ENDS[2], "Q3", "filing_day", at("2024-11-04 05:00:00")),
    # 31 March + 90 days is 29 June; 31 December + 120 is 30 April; 31 August + 120 is 29 December
    (None, None, ENDS[0], "Q1", "assumed", at("2024-06-30 04:00:00")),
    (None, None, ENDS[3], "FY", "assumed", at("2025-05-01 04:00:00")),
    (None, None, date(2024, 8, 31), "FY", "assumed", at("2024-12-30 05:00:00")),
    # no time of day, not after the period, no day of the calendar, no time at all
    ("2024-08-01 00:00:00", date(2024, 8, 2), ENDS[1], "Q2", "filing_day", at("2024-08-03 04:00:00")),
    ("2024-06-30 20:00:00", date(2024, 8, 2), ENDS[1], "Q2", "filing_day", at("2024-08-03 04:00:00")),
    ("2024-02-30 20:00:00", date(2024, 3, 1), date(2023, 12, 31), "FY", "filing_day", at("2024-03-02 05:00:00")),
    ("0000-00-00 00:00:00", None, ENDS[0], "Q1", "assumed", at("2024-06-30 04:00:00")),
    ("soon", None, ENDS[0], "Q1", "assumed", at("2024-06-30 04:00:00")),
    # a filing day on the last day of the period or before it is none
    (None, ENDS[1], ENDS[1], "Q2", "assumed", at("2024-09-29 04:00:00")),
)


@pytest.mark.parametrize(("accepted", "filed", "end", "period", "basis", "expected"), TIMES)
async def test_a_statement_is_public_from_its_acceptance_its_filing_day_or_an_assumed_day_on(
    pool: Pool, accepted: str | None, filed: date | None, end: date, period: str, basis: str, expected: datetime
) -> None:
    async with pool.acquire() as connection:
        # nothing depends on the time zone of the session
        for zone in ("UTC", "Asia/Tokyo"):
            await connection.execute(f"SET timezone = '{zone}'")
            found = await connection.fetchrow(
                "SELECT core.available_at($1, $2, $3, $4), core.available_basis($1, $2, $3)",
                accepted,
                filed,
                end,
                period,
            )
            assert tuple(found) == (expected, basis)


async def put_year(connection: Connection, **of_newest: Any) -> UUID:
    """Store four quarters: three that were filed and stored in 2024, and the newest as given."""
    run = await put_run(connection, "fmp", DATASETS)
    await put_company(connection, run)
    for place, end in enumerate(ENDS):
        filed = end + timedelta(days=36)
        own: dict[str, Any] = {
            "filing_date": filed,
            "accepted_date": f"{filed} 16:30:00",
            "learnt_at": datetime(filed.year, filed.month, filed.day, 12, tzinfo=UTC) + timedelta(days=2),
        }
        await put_quarter(connection, run, f"Q{place + 1}", end, **(own | (of_newest if end == ENDS[3] else {})))
    return run


async def read_as_of(pool: Pool, moment: datetime, mode: str) -> dict[str, Any] | None:
    rows = await read_rows(pool, AS_OF, moment, mode)
    assert len(rows) <= 1
    return rows[0] if rows else None


async def test_strict_needs_both_times_and_reported_only_the_public_one(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        await put_year(connection)
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.equity_fundamentals")
    assert (row["available_at"], row["available_basis"], row["known_at"]) == (FILED, "accepted", STORED)
    whole, part = ("quarters", Decimal(400)), ("no_whole_period", None)
    expected = [
        (FILED - SECOND, "reported", part, False),
        # public, and stored two days later
        (FILED, "reported", whole, True),
        (FILED, "strict", part, False),
        (STORED - SECOND, "reported", whole, True),
        (STORED - SECOND, "strict", part, False),
        (STORED, "strict", whole, False),
        (STORED, "reported", whole, False),
        (datetime.now(UTC) + timedelta(days=9), "strict", whole, False),
    ]
    for moment, mode, figures, is_backfilled in expected:
        found = await read_as_of(pool, moment, mode)
        assert found is not None
        result = (found["fundamentals_basis"] or found["fundamentals_reason"], found["revenue_ttm"])
        assert (*result, found["is_backfilled"]) == (*figures, is_backfilled), (moment, mode)
    # before the first statement there is nothing to show
    for mode in ("strict", "reported"):
        assert await read_as_of(pool, at("2024-04-01 00:00:00"), mode) is None


async def test_of_several_versions_the_newest_of_the_state_counts(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    restated = at("2025-03-12 12:00:00")
    async with pool.acquire() as connection:
        run = await put_year(connection)
        for accepted, learnt, version, revenue in (
            ("2025-03-10 09:00:00", restated, 2, "130"),
            # restated in place: the vendor leaves the former time
            ("2025-02-05 16:30:00", restated + timedelta(days=30), 3, "150"),
        ):
            await put_quarter(
                connection, run, "Q4", ENDS[3], version=version, learnt_at=learnt, accepted_date=accepted,
                filing_date=date(2025, 2, 5), revenue=revenue,
            )  # fmt: skip
    await build_all(pool, views)
    # 3 x 100, and 100, 130 or 150
    for moment, mode, revenue, is_backfilled in (
        (STORED, "strict", 400, False),
        (restated - SECOND, "strict", 400, False),
        (restated, "strict", 430, False),
        (restated + timedelta(days=30), "strict", 450, False),
        # what the vendor says today was public then, and may hold restated values
        (STORED, "reported", 450, True),
        (restated + timedelta(days=30), "reported", 450, False),
    ):
        found = await read_as_of(pool, moment, mode)
        assert found is not None
        assert (found["revenue_ttm"], found["is_backfilled"]) == (revenue, is_backfilled), (moment, mode)


async def test_a_balance_sheet_has_times_of_its_own(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_year(connection)
        await put_row(
            connection, run, "fmp_balance_sheet", symbol="ABC", period="Q4", date=ENDS[3], fiscal_year=2024, version=2,
            reported_currency="USD", total_assets="510", accepted_date="2025-02-20 16:30:00",
            learnt_at=at("2025-02-21 00:00:00"),
        )  # fmt: skip
    await build_all(pool, views)
    (row,) = await read_rows(pool, "SELECT * FROM sra.equity_fundamentals")
    # the last of the row's statements
    assert (row["available_at"], row["known_at"]) == (at("2025-02-20 21:30:00"), at("2025-02-21 00:00:00"))
    for moment, assets in ((STORED, Decimal(500)), (at("2025-02-21 00:00:00"), Decimal(510))):
        found = await read_as_of(pool, moment, "strict")
        assert found is not None
        assert (found["revenue_ttm"], found["total_assets"]) == (Decimal(400), assets)


async def test_a_split_leaves_the_shares_of_a_past_state_open(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_year(connection)
        await put_row(
            connection, run, "fmp_split", symbol="ABC", date=date(2025, 5, 1), numerator="4", denominator="1",
            valid_from=at("2025-04-20 00:00:00"),
        )  # fmt: skip
        # another that we learn of later, and that takes effect before
        await put_row(
            connection, run, "fmp_split", symbol="ABC", date=date(2025, 6, 2), numerator="2", denominator="1",
            valid_from=at("2025-06-10 00:00:00"),
        )  # fmt: skip
        # restated after both, in shares of that day: 1 / 8
        await put_quarter(
            connection, run, "Q4", ENDS[3], version=2, learnt_at=at("2025-07-01 12:00:00"), filing_date=date(2025, 2, 5),
            accepted_date="2025-02-05 16:30:00", eps="0.125",
        )  # fmt: skip
    await build_all(pool, views)
    eighth, whole, once, twice = Decimal("0.125"), [1], [1, 4], [1, 2, 8]
    for moment, mode, eps, factors, of_newest in (
        # 4 x 1, and the split is announced
        (at("2025-04-25 00:00:00"), "strict", Decimal(4), None, None),
        # 1 May begins at 04:00 in UTC
        (at("2025-05-01 03:59:59"), "strict", Decimal(4), None, None),
        (at("2025-05-01 04:00:00"), "strict", None, once, (1, once)),
        (at("2025-06-05 00:00:00"), "strict", None, once, (1, once)),
        (at("2025-06-10 00:00:00"), "strict", None, twice, (1, twice)),
        # the vendor may have restated it or not: 0.125, 0.125 / 2 or 0.125 / 8
        (at("2025-07-02 00:00:00"), "strict", None, twice, (eighth, twice)),
        # the split of June took effect, whenever we learnt of it
        (at("2025-06-05 00:00:00"), "reported", None, twice, (eighth, twice)),
        # stored after the split of June, the newest quarter may be in shares of that day: 1 / 2
        (at("2025-05-15 00:00:00"), "reported", None, once, (eighth, [1, 4, Decimal("0.5")])),
        # or of May: 1 / 4, and 1 / 8 with June; the others were stored before
        (at("2025-04-25 00:00:00"), "reported", None, whole, (eighth, [1, Decimal("0.25"), eighth])),
    ):
        found = await read_as_of(pool, moment, mode)
        assert found is not None
        assert found["eps_ttm"] == eps, (moment, mode)
        parts = [(part["eps"], part["factors"]) for part in found["split_parts"]]
        assert parts == ([] if factors is None else [*[(1, factors)] * 3, of_newest]), (moment, mode)


async def test_scores_and_figures_of_the_vendor_are_those_of_the_state(
    pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        run = await put_year(connection)
        await put_row(connection, run, "fmp_score", symbol="ABC", altman_z_score="3", piotroski_score="7")
        await connection.execute("UPDATE fmp_score SET updated_at = '2025-03-01'")
        await connection.execute(
            "INSERT INTO fmp_row_history (known_from, known_until, created_at, run_id, replaced_by, table_name, symbol,"
            " content_hash, key, row_values, raw_json)"
            " VALUES ('2025-02-10', '2025-03-01', '2025-02-10', $1, $1, 'fmp_score', 'ABC', '', '{}', $2, '{}')",
            run,
            {"altman_z_score": 2.5, "piotroski_score": 6},
        )
        # 31 December + 120 days is 30 April
        await put_row(
            connection, run, "fmp_financial_growth", symbol="ABC", fiscal_year=2024, period="FY", date=ENDS[3], version=1,
            learnt_at=STORED, revenue_growth="0.1",
        )  # fmt: skip
    await build_all(pool, views)
    for moment, score, growth in (
        (at("2025-02-09 00:00:00"), None, None),
        (at("2025-02-10 00:00:00"), Decimal("2.5"), None),
        (at("2025-02-28 23:59:59"), Decimal("2.5"), None),
        (at("2025-03-01 00:00:00"), Decimal(3), None),
        (at("2025-05-01 03:59:59"), Decimal(3), None),
        (at("2025-05-01 04:00:00"), Decimal(3), Decimal("0.1")),
    ):
        for mode in ("strict", "reported"):
            found = await read_as_of(pool, moment, mode)
            assert found is not None
            assert (found["altman_z_score"], found["revenue_growth"]) == (score, growth), (moment, mode)


async def test_the_state_of_now_is_the_view(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    async with pool.acquire() as connection:
        run = await put_year(connection)
        await put_quarter(connection, run, "Q4", ENDS[3], "DEF")
        await put_row(connection, run, "fmp_score", symbol="GHI", altman_z_score="3")
    await build_all(pool, views)
    of_view = await read_rows(
        pool, "SELECT to_jsonb(v) - 'last_run_id' AS row FROM sra.equity_fundamentals v ORDER BY symbol"
    )
    assert [row["row"]["symbol"] for row in of_view] == ["ABC", "DEF", "GHI"]
    for mode in ("strict", "reported"):
        of_now = await read_rows(
            pool,
            "SELECT to_jsonb(v) - 'is_backfilled' AS row FROM sra.equity_fundamentals_as_of(now(), $1) v ORDER BY symbol",
            mode,
        )
        assert of_now == of_view


async def test_a_new_column_of_a_view_reaches_its_function(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    await build_all(pool, views)
    arguments = "timestamptz, text, text[]"
    await pool.execute(f"DROP FUNCTION sra.equity_fundamentals_as_of({arguments})")
    await pool.execute(
        f"CREATE FUNCTION sra.equity_fundamentals_as_of({arguments}) RETURNS TABLE (symbol text) LANGUAGE sql AS 'SELECT 1::text'"
    )
    async with pool.acquire() as connection, connection.transaction():
        await replace_view(connection, next(view for view in views if view.relation == "equity_fundamentals"))
        await connection.execute("SET LOCAL ROLE sra_reader")
        assert await connection.fetch("SELECT f.known_at FROM sra.equity_fundamentals_as_of(now(), 'strict') f") == []


@pytest.mark.parametrize("mode", ["Strict", "", None])
async def test_another_mode_is_refused(pool: Pool, views: tuple[CompiledView, ...], mode: str | None) -> None:
    await build_all(pool, views)
    with pytest.raises(asyncpg.InvalidParameterValueError, match=r"There is no mode .*\. Modes: strict, reported\."):
        await read_as_of(pool, STORED, mode)  # type: ignore[arg-type]


async def test_a_reader_calls_it_and_statements_are_looked_up_by_index(
    pool: Pool, database: str, views: tuple[CompiledView, ...]
) -> None:
    async with pool.acquire() as connection:
        await put_year(connection)
    await build_all(pool, views)
    # a session of its own counts what it scans itself
    session = await open_connection(database, application_name="test")
    async with session.transaction():
        await session.execute("SET LOCAL enable_seqscan = off")
        await session.execute("SET LOCAL timezone = 'Asia/Tokyo'")
        await session.execute("SET LOCAL ROLE sra_reader")
        (row,) = await session.fetch(AS_OF, STORED, "strict")
        assert row["revenue_ttm"] == Decimal(400)
        with pytest.raises(asyncpg.NullValueNotAllowedError, match="The argument at is NULL"):
            async with session.transaction():
                await session.fetch(AS_OF, None, "strict")
        await session.execute("RESET ROLE")
        scanned = await session.fetch(
            "SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0 AND relname ~ '^fmp_'"
        )
        assert [row["relname"] for row in scanned] == []
    await session.close()
