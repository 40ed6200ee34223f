"""The daily series of funds with our own returns."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from sra_shared.views.base import Col, Keyed, Source, ViewModel, ViewSpec
from sra_shared.views.fragments import (
    PERFORMANCE_DIGITS,
    STALE_AFTER_DAYS,
    exact,
    exact_navps,
    is_latest_data,
    is_latest_quote,
    parse,
    performance,
)

ADJUSTED_DIGITS = 10

# Where the computation of a fund's series starts: at the last value above zero before the first day that changed, whose
# stored factor the later ones go on from. A full build starts where the fund does.
_START = """
  SELECT s.identifier, s.since, p.date AS base, p.adjustment_factor AS base_factor, coalesce(p.date, s.since) AS start
  FROM scope s LEFT JOIN LATERAL (
    SELECT p.date, p.adjustment_factor FROM published.fund_quote_history p
    WHERE p.identifier = s.identifier AND p.date < s.since AND p.navps > 0 ORDER BY p.date DESC LIMIT 1
  ) p ON true
"""
_RECORD = f"""
  SELECT q.identifier, q.date, q.dataset, {exact_navps("q")} AS navps,
    {exact("q", "navps_penny_change", "NAVPSPennyChange", "PennyChangeDay")} AS change,
    {exact("q", "navps_percent_change", "NAVPSPercentChange")} AS change_percent,
    {exact("q", "total_distribution", "DailyTotalDistribution", "TotalDistribution")} AS paid,
    nullif(nullif({parse("q.split")}, 0), 1) AS split, q.processed_at, q.run_id
  FROM public.fundata_quotes q WHERE q.row_ordinal = 0 AND {is_latest_quote("q")}
"""  # noqa: S608 - fragments of this package
_PAYMENT = f"""
  SELECT d.identifier, d.date, {exact("d", "total_distribution", "TotalDistribution")} AS amount
  FROM public.fundata_data d WHERE d.dataset = 'FundDistribution' AND d.row_ordinal = 0 AND {is_latest_data("d")}
"""  # noqa: S608
# One record a fund and day; what only the other dataset tells of the day is kept.
_DAYS = """
  SELECT DISTINCT ON (identifier, date) identifier, date, dataset, navps, change, change_percent,
    coalesce(nullif(paid, 0), lead(paid) OVER of_day, paid) AS paid, coalesce(split, lead(split) OVER of_day) AS split,
    processed_at, run_id
  FROM records
  WINDOW of_day AS (PARTITION BY identifier, date ORDER BY navps IS NULL, dataset)
  ORDER BY identifier, date, navps IS NULL, dataset
"""
_PAYMENTS = "SELECT identifier, date, sum(amount) AS amount FROM distributions GROUP BY identifier, date"
# What was paid and split so far: the difference to the former value's figures is what the present one is measured with,
# be it of a day without a value in between.
_TIMELINE = """
  SELECT identifier, date, d.dataset, d.navps, d.change, d.change_percent, d.split,
    coalesce(nullif(d.paid, 0), p.amount, d.paid) AS paid, d.processed_at, d.run_id
  FROM days d FULL JOIN payments p USING (identifier, date)
"""
_RUNNING = """
  SELECT t.*, sum(paid) OVER so_far AS all_paid, count(paid) OVER so_far AS payments,
    published.product(split) FILTER (WHERE split IS NOT NULL) OVER so_far AS all_split
  FROM timeline t WINDOW so_far AS (PARTITION BY identifier ORDER BY date ROWS UNBOUNDED PRECEDING)
"""
# lists compare by their first figure, so that the greatest is the newest
_LINKED = """
  SELECT r.*, max(ARRAY[date - date '1900-01-01', navps, all_paid, payments, all_split]) FILTER (WHERE navps > 0)
    OVER (PARTITION BY identifier ORDER BY date ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS former
  FROM running r
"""
_VALUED = f"""
  SELECT l.*, former[2] AS former_navps, date '1900-01-01' + former[1]::int AS former_date,
    CASE WHEN navps > 0 THEN
      CASE WHEN former IS NULL THEN paid WHEN payments > former[4] THEN all_paid - coalesce(former[3], 0) END
    END AS distribution,
    CASE WHEN navps > 0 THEN
      CASE WHEN former IS NULL THEN split
           WHEN all_split <> former[5] THEN trim_scale(all_split::numeric(80,{PERFORMANCE_DIGITS}) / former[5]) END
    END AS split_factor
  FROM linked l
"""  # noqa: S608 - fragments of this package
_GROWN = f"""
  SELECT v.*, s.since, v.date - v.former_date <= {STALE_AFTER_DAYS} AS is_near,
    published.compound(CASE WHEN v.date = s.base THEN s.base_factor ELSE
        (v.navps + coalesce(v.distribution, 0)) / v.navps::numeric(80,{PERFORMANCE_DIGITS}) * coalesce(v.split_factor, 1) END)
      FILTER (WHERE v.navps > 0 AND (v.date = s.base OR v.distribution <> 0 OR v.split_factor IS NOT NULL))
      OVER (PARTITION BY v.identifier ORDER BY v.date ROWS UNBOUNDED PRECEDING) AS factor
  FROM valued v JOIN start s ON s.identifier = v.identifier
"""  # noqa: S608 - fragments of this package
_TOTAL = performance("((navps + coalesce(distribution, 0)) * coalesce(split_factor, 1))", "former_navps")


def _make_query(records: str, distributions: str) -> str:
    return f"""
WITH start AS ({_START}), records AS MATERIALIZED ({records}), days AS ({_DAYS}),
distributions AS ({distributions}), payments AS ({_PAYMENTS}), timeline AS ({_TIMELINE}), running AS ({_RUNNING}),
linked AS ({_LINKED}), valued AS ({_VALUED}), grown AS ({_GROWN})
SELECT identifier, date, dataset, navps, change, change_percent,
  CASE WHEN navps > 0 AND is_near THEN former_date END AS previous_date,
  CASE WHEN navps > 0 AND is_near THEN former_navps END AS previous_navps,
  trim_scale(distribution) AS distribution, split_factor,
  CASE WHEN navps > 0 AND is_near THEN {performance("navps", "former_navps")} END AS price_return,
  CASE WHEN navps > 0 AND is_near THEN {_TOTAL} END AS total_return,
  trim_scale(factor) AS adjustment_factor, processed_at AS as_of, run_id AS last_run_id
FROM grown WHERE navps IS NOT NULL AND date >= since
"""  # noqa: S608


def _look_up(rows: str, alias: str) -> str:
    """Rows of each fund by its index: what a day costs must not follow the length of history, whatever the planner thinks."""
    return (
        f"SELECT r.* FROM start s CROSS JOIN LATERAL ({rows} AND {alias}.identifier = s.identifier"  # noqa: S608
        f" AND {alias}.date >= s.start OFFSET 0) r"
    )


_QUERY = _make_query(_look_up(_RECORD, "q"), _look_up(_PAYMENT, "d"))

_READ_JOIN = """
LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = b.identifier
LEFT JOIN LATERAL (
  SELECT n.adjustment_factor FROM published.fund_quote_history n WHERE n.identifier = b.identifier
  ORDER BY n.date DESC LIMIT 1
) n ON true
"""
_ADJUSTED = (
    f"trim_scale(round(b.navps * (b.adjustment_factor / n.adjustment_factor::numeric(80,{PERFORMANCE_DIGITS})),"
    f" {ADJUSTED_DIGITS}))"
)
CHANGED_SERIES = (
    "SELECT identifier, min(date) AS since, run_id FROM public.fundata_quotes WHERE run_id = ANY($1::uuid[])"
    " GROUP BY identifier, run_id"
)
# a distribution may have moved: the days of all its versions count
_CHANGED_PAYMENTS = """
SELECT o.identifier, min(o.date) AS since, w.run_id
FROM (SELECT DISTINCT identifier, record_id, run_id FROM public.fundata_data
      WHERE run_id = ANY($1::uuid[]) AND dataset = 'FundDistribution') w
JOIN public.fundata_data o ON o.identifier = w.identifier AND o.dataset = 'FundDistribution' AND o.record_id = w.record_id
GROUP BY o.identifier, w.run_id
"""

Amount = Annotated[Decimal | None, Col("currency of the row")]
Fraction = Annotated[Decimal | None, Col("fraction")]


class FundQuoteHistory(ViewModel):
    """Net asset value of every fund and day, with all delivered digits, raw and adjusted, and our own returns of the day.

    One record a fund and day, FundDailyNAVPS before Pricing. price_return is NAVPS / previous NAVPS - 1, the change of the
    value alone. total_return is (NAVPS + distribution) x split / previous NAVPS - 1: the distribution is reinvested on its
    ex-date, or on the first day after it that has a value, and the split puts today's value into former shares. A
    distribution is that of the day's quote records, else the sum of FundDistribution. The previous value is the last one
    above zero, at most 7 days older; without one, and where today's is zero, both are NULL. adjusted_navps is the value in
    shares of the newest day, all distributions and splits since reinvested: the ratio of two of them is the total return
    between their days. Computed with 40 digits, rounded half up to six decimals. Source: specification, section 5.
    """

    identifier: str = Field(description="InstrumentKey.")
    date: dt.date = Field(description="Day of the value.")
    dataset: str = Field(description="Dataset that the value is from.")
    navps: Annotated[Decimal, Col("currency of the row")] = Field(description="Net asset value per share.")
    adjusted_navps: Annotated[Decimal, Col("currency of the row")] = Field(
        description="The same in shares of the newest day, to ten decimals."
    )
    currency: str | None = Field(description="Currency of every amount of the row.")
    change: Amount = Field(description="Change since the day before, vendor's.")
    change_percent: Annotated[Decimal | None, Col("percent")] = Field(description="The same in percent, vendor's.")
    previous_date: dt.date | None = Field(description="Day of the previous value.")
    previous_navps: Amount = Field(description="The previous value.")
    distribution: Amount = Field(description="Distribution per share that was reinvested on the day.")
    split_factor: Decimal | None = Field(description="New shares for one old, where the day has a split.")
    price_return: Fraction = Field(description="Change of the value alone.")
    total_return: Fraction = Field(description="The same with distribution and split.")
    adjustment_factor: Decimal = Field(
        description="Shares that one share of the first day has become: the product of (1 + distribution / NAVPS) x split."
    )
    as_of: datetime = Field(description="When the record of the value was stored, in UTC.")
    last_run_id: UUID = Field(description="The run that stored the record.")

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="fund_quote_history",
        key=("identifier", "date"),
        query=_QUERY,
        sources=(
            Source("fundata_quotes", "fundata", ("FundDailyNAVPS", "Pricing")),
            Source("fundata_data", "fundata", ("FundDistribution",)),
        ),
        uses=("security_master",),
        keyed=Keyed(
            scope=("identifier",),
            since="date",
            all_scopes="SELECT identifier FROM public.fundata_quotes",
            changed_scopes=(CHANGED_SERIES, _CHANGED_PAYMENTS),
            indexes=("(date)",),
            tells_run=True,
            on_read=(("adjusted_navps", _ADJUSTED), ("currency", "m.currency")),
            read_join=_READ_JOIN,
            full_query=_make_query(_RECORD, _PAYMENT),
        ),
    )
