"""Arbitrary versions of three fiscal years: the twelve months of any past state against a plain Python model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from sra_shared.kit.db import open_connection
from sra_testing.examples import examples
from sra_testing.publication import choose_views
from sra_testing.records import put_row
from view_builder.compile import CompiledView

NEW_YORK = ZoneInfo("America/New_York")
YEARS = {year: date(year, 12, 31) for year in (2021, 2022, 2023)}
QUERY = (
    "SELECT revenue_ttm, available_at, available_basis, known_at, is_backfilled"
    " FROM sra.equity_fundamentals_as_of($1, $2, ARRAY['ABC'])"
)


@pytest.fixture(scope="module")
def views() -> tuple[CompiledView, ...]:
    return choose_views("equity_fundamentals")


@dataclass(frozen=True)
class Version:
    """One version of a fiscal year's income statement; days are counted from the end of the year."""

    year: int
    version: int
    accepted: tuple[int, time] | None
    filed: int | None
    learnt: timedelta
    revenue: Decimal

    @property
    def end(self) -> date:
        return YEARS[self.year]

    @property
    def accepted_text(self) -> str | None:
        if self.accepted is None:
            return None
        days, clock = self.accepted
        return f"{self.end + timedelta(days=days)} {clock}"

    @property
    def learnt_at(self) -> datetime:
        return datetime(self.year + 1, 1, 1, tzinfo=UTC) + self.learnt

    @property
    def publication(self) -> tuple[datetime, str]:
        """The moment from which on the public could know it, and how that is known."""
        if self.accepted is not None and self.accepted[0] > 0 and self.accepted[1] != time(0):
            day = self.end + timedelta(days=self.accepted[0])
            return datetime.combine(day, self.accepted[1], NEW_YORK).astimezone(UTC), "accepted"
        is_filed = self.filed is not None and self.filed > 0
        last = self.end + timedelta(days=(self.filed if self.filed is not None and is_filed else 120))
        over = datetime.combine(last + timedelta(days=1), time(0), NEW_YORK).astimezone(UTC)
        return over, "filing_day" if is_filed else "assumed"


DAYS = st.integers(-3, 200)
# not the hours in which clocks are changed
CLOCKS = st.builds(time, st.integers(6, 21), st.integers(0, 59), st.integers(0, 59)) | st.just(time(0))


@st.composite
def draw_versions(draw: st.DrawFn) -> Sequence[Version]:
    found = list[Version]()
    for year in YEARS:
        for version in range(1, 1 + draw(st.integers(0, 3))):
            found.append(
                Version(
                    year, version, draw(st.none() | st.tuples(DAYS, CLOCKS)), draw(st.none() | DAYS),
                    timedelta(hours=draw(st.integers(0, 24 * 400))), Decimal(100 * year + version),
                )
            )  # fmt: skip
    return found


@st.composite
def draw_company(draw: st.DrawFn) -> tuple[Sequence[Version], Sequence[datetime]]:
    """Versions, and moments at which something may change or shortly before."""
    versions = draw(draw_versions())
    edges = [moment for one in versions for moment in (one.publication[0], one.learnt_at)]
    moments = st.sampled_from([*edges, datetime(2022, 6, 1, tzinfo=UTC)])
    before = st.sampled_from([timedelta(0), timedelta(microseconds=1), timedelta(days=1)])
    return versions, draw(st.lists(st.builds(lambda at, less: at - less, moments, before), min_size=3, max_size=3))


def choose_by_rules(versions: Sequence[Version], at: datetime, mode: str) -> tuple[Any, ...] | None:
    """Return the result by the rules: of each year the newest version of the state; the newest year after one before it."""
    of_state = [v for v in versions if v.publication[0] <= at and (mode == "reported" or v.learnt_at <= at)]
    newest = {v.year: v for v in sorted(of_state, key=lambda v: v.version)}
    if not newest:
        return None
    whole = [one for year, one in newest.items() if year - 1 in newest]
    if not whole:
        return None, None, None, None, False
    chosen = max(whole, key=lambda v: v.year)
    return chosen.revenue, *chosen.publication, chosen.learnt_at, chosen.learnt_at > at


async def choose_by_sql(
    dsn: str, versions: Sequence[Version], requested: Sequence[tuple[datetime, str]]
) -> list[tuple[Any, ...] | None]:
    """Return the results of the function for a reader."""
    connection = await open_connection(dsn, application_name="test")
    transaction = connection.transaction()
    await transaction.start()
    for one in versions:
        await put_row(
            connection, uuid4(), "fmp_income_statement", symbol="ABC", fiscal_year=one.year, period="FY", date=one.end,
            version=one.version, learnt_at=one.learnt_at, reported_currency="USD", revenue=one.revenue,
            accepted_date=one.accepted_text, filing_date=None if one.filed is None else one.end + timedelta(days=one.filed),
        )  # fmt: skip
    await connection.execute("SET LOCAL ROLE sra_reader")
    rows = [await connection.fetchrow(QUERY, at, mode) for at, mode in requested]
    await transaction.rollback()
    await connection.close()
    return [None if row is None else tuple(row) for row in rows]


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(company=draw_company())
def test_a_past_state_is_that_of_the_rules(
    database: str, company: tuple[Sequence[Version], Sequence[datetime]]
) -> None:
    versions, moments = company
    requested = [(moment, mode) for moment in moments for mode in ("strict", "reported")]
    expected = [choose_by_rules(versions, moment, mode) for moment, mode in requested]
    assert asyncio.run(choose_by_sql(database, versions, requested)) == expected
