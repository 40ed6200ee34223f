"""The periods of a company's twelve months, by SQL and in plain Python, for arbitrary statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from sra_shared.kit.db import open_connection
from sra_testing.databases import run_async
from sra_testing.examples import examples
from sra_testing.records import put_row
from sra_testing.twelve_months import Choice, Statement, choose_twelve_months

FIRST = date(2019, 12, 31)
STORED = datetime(2025, 1, 1, tzinfo=UTC)
# days between two ends: usual ones, and those at the limits of a rule
QUARTERS = (91, 91, 91, 92, 84, 98, 112)
ODD = (0, 3, 14, 15, 61, 74, 75, 125, 126, 164, 165, 182, 200, 201, 273)
REVENUES = tuple(map(Decimal, (0, 100, 101, 200, 300, 400, 404, 405)))
QUERY = "SELECT basis, reason, first_date, date, parts FROM core.twelve_months('ABC')"


@st.composite
def draw_company(draw: st.DrawFn) -> Sequence[Statement]:
    """Quarters or halves, mostly regular, with fiscal years at some of their ends."""
    steps = draw(st.sampled_from([QUARTERS, QUARTERS, (*QUARTERS, *ODD), (181, 184), (181, 184, 91), ODD]))
    revenues = draw(st.sampled_from([(Decimal(100),), (Decimal(100),), REVENUES]))
    currencies = draw(st.sampled_from([("USD",), ("USD",), ("USD",) * 5 + ("CAD", None)]))
    places = draw(st.integers(0, 3))
    found, day = list[Statement](), FIRST
    for place in range(draw(st.integers(0, 11))):
        day += timedelta(days=draw(st.sampled_from(steps)))
        found.append(_draw_statement(draw, f"Q{place % 4 + 1}", day, revenues, currencies))
        if (place % 4 == places or draw(st.integers(0, 9)) == 0) and draw(st.integers(0, 5)):
            end = day + timedelta(days=draw(st.sampled_from([0, 0, 0, 0, 2, 14, 15])))
            totals = draw(st.sampled_from([(Decimal(400),), (Decimal(200), Decimal(400)), (*REVENUES, None)]))
            found.append(_draw_statement(draw, "FY", end, totals, currencies))
    # the prior year, without its quarters, proves the first year
    if found and draw(st.booleans()):
        found.append(_draw_statement(draw, "FY", found[-1].date - timedelta(days=365), (Decimal(400),), currencies))
    return _number_versions(found)


def _draw_statement(
    draw: st.DrawFn,
    period: str,
    day: date,
    revenues: Sequence[Decimal | None],
    currencies: Sequence[str | None],
) -> Statement:
    learnt, revenue = draw(st.sampled_from([0, 0, 0, 1, 2])), draw(st.sampled_from([*revenues, *revenues, None]))
    if revenue is None and draw(st.integers(0, 4)):
        revenue = revenues[0]
    return Statement(day.year, period, day, 1, learnt, draw(st.sampled_from(currencies)), revenue)


def _number_versions(statements: Sequence[Statement]) -> Sequence[Statement]:
    """Statements of one label and end are versions in the order of the list."""
    numbered = list[Statement]()
    for one in statements:
        version = 1 + sum(
            (one.fiscal_year, one.period, one.date) == (o.fiscal_year, o.period, o.date) for o in numbered
        )
        numbered.append(
            Statement(one.fiscal_year, one.period, one.date, version, one.learnt, one.currency, one.revenue)
        )
    return numbered


async def choose_by_sql(dsn: str, statements: Sequence[Statement]) -> Choice:
    """Return what the views choose."""
    connection = await open_connection(dsn, application_name="test")
    transaction = connection.transaction()
    await transaction.start()
    for one in statements:
        await put_row(
            connection, uuid4(), "fmp_income_statement", symbol="ABC", fiscal_year=one.fiscal_year, period=one.period,
            date=one.date, version=one.version, learnt_at=STORED + timedelta(days=one.learnt),
            reported_currency=one.currency, revenue=one.revenue,
        )  # fmt: skip
    row = await connection.fetchrow(QUERY)
    summed = await connection.fetch(
        "SELECT p.date FROM core.statement_periods('ABC', $1, $2, $3) p WHERE p.is_summed ORDER BY p.date",
        *(row["basis"] == "fiscal_year", row["first_date"], row["date"]),
    )
    await transaction.rollback()
    await connection.close()
    dates = tuple(one["date"] for one in summed)
    assert (row["parts"] or 0, row["date"]) == (len(dates), dates[-1] if dates else None)
    return Choice(row["basis"], row["reason"], dates)


@examples(100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(companies=st.lists(draw_company(), min_size=3, max_size=3))
def test_the_twelve_months_are_those_of_the_rules(database: str, companies: list[Sequence[Statement]]) -> None:
    for statements in companies:
        assert run_async(choose_by_sql(database, statements)) == choose_twelve_months(statements), statements
