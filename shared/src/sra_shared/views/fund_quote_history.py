"""The daily series of funds with our own returns."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from sra_shared.views.base import KEPT_ROWS, Col, Keyed, Source, ViewModel, ViewSpec
from sra_shared.views.changes import select_other_currency
from sra_shared.views.fragments import (
    LARGEST_SPLIT,
    PERFORMANCE_DIGITS,
    STALE_AFTER_DAYS,
    exact,
    exact_navps,
    is_latest_data,
    is_latest_quote,
    parse,
    performance,
)
from sra_shared.views.security_master import CHANGED_FUNDS

ADJUSTED_DIGITS = 10


def _is_value(navps: str) -> str:
    """A net asset value to measure from: above zero at the digits that returns are computed with."""
    return f"round({navps}, {PERFORMANCE_DIGITS}) > 0"


# Where the computation of a fund's series starts: at the last value before the first day that changed, whose stored factor
# the later ones go on from. A full build starts where the fund does.
_START = f"""
  SELECT s.identifier, s.since, p.date AS base, p.adjustment_factor AS base_factor, coalesce(p.date, s.since) AS start,
    m.currency
  FROM scope s
  LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = s.identifier
  LEFT JOIN LATERAL (
    SELECT p.date, p.adjustment_factor FROM {KEPT_ROWS} p
    WHERE p.identifier = s.identifier AND p.date < s.since AND {_is_value("p.navps")} ORDER BY p.date DESC LIMIT 1
  ) p ON true
"""  # noqa: S608 - fragments of this package
_RECORD = f"""
  SELECT q.identifier, q.date, q.dataset, {exact_navps("q")} AS navps,
    {exact("q", "navps_penny_change", "NAVPSPennyChange", "PennyChangeDay")} AS change,
    {exact("q", "navps_percent_change", "NAVPSPercentChange")} AS change_percent,
    {exact("q", "total_distribution", "DailyTotalDistribution", "TotalDistribution")} AS paid,
    {parse("q.split")} AS told_split, q.processed_at AS at, q.run_id AS run
  FROM public.fundata_quotes q WHERE q.row_ordinal = 0 AND {is_latest_quote("q")}
"""  # noqa: S608
_PAYMENT = f"""
  SELECT d.identifier, d.date, {exact("d", "total_distribution", "TotalDistribution")} AS amount, d.processed_at AS at,
    d.run_id AS run
  FROM public.fundata_data d WHERE d.dataset = 'FundDistribution' AND d.row_ordinal = 0 AND {is_latest_data("d")}
"""  # noqa: S608
# of several records the one that was stored last, with its run
_LAST = "max(at) AS at, (array_agg(run ORDER BY at DESC, run))[1] AS run"
# One record a fund and day; what only the other dataset tells of the day is kept.
_DAYS = f"""
  SELECT DISTINCT ON (identifier, date) identifier, date, dataset, navps, change, change_percent,
    coalesce(nullif(paid, 0), lead(paid) OVER of_day, paid) AS paid, coalesce(split, lead(split) OVER of_day) AS split,
    at AS stored_at, run AS stored_run, CASE WHEN nullif(paid, 0) IS NULL AND lead(paid) OVER of_day IS NOT NULL
      OR split IS NULL AND lead(split) OVER of_day IS NOT NULL THEN lead(at) OVER of_day END AS other_at,
    lead(run) OVER of_day AS other_run
  FROM (
    SELECT *, CASE WHEN told_split BETWEEN 1.0 / {LARGEST_SPLIT} AND {LARGEST_SPLIT} AND told_split <> 1
      THEN told_split END AS split FROM records
  ) r
  WINDOW of_day AS (PARTITION BY identifier, date ORDER BY navps IS NULL, dataset)
  ORDER BY identifier, date, navps IS NULL, dataset
"""  # noqa: S608
_PAYMENTS = f"SELECT identifier, date, sum(amount) AS amount, {_LAST} FROM distributions GROUP BY identifier, date"  # noqa: S608
_TIMELINE = f"""
  SELECT identifier, date, dataset, navps, change, change_percent, split, paid, stored_at, stored_run, is_value,
    greatest(stored_at, other_at, paid_at) AS at,
    CASE greatest(stored_at, other_at, paid_at) WHEN stored_at THEN stored_run WHEN other_at THEN other_run ELSE paid_run END
      AS run
  FROM (
    SELECT identifier, date, d.dataset, d.navps, d.change, d.change_percent, d.split, d.stored_at, d.stored_run, d.other_at,
      d.other_run, coalesce(nullif(d.paid, 0), p.amount, d.paid) AS paid, CASE WHEN nullif(d.paid, 0) IS NULL THEN p.at END AS
      paid_at, p.run AS paid_run, coalesce({_is_value("d.navps")}, false) AS is_value
    FROM days d FULL JOIN payments p USING (identifier, date)
  ) t
"""  # noqa: S608
# What was paid and split so far: the difference to the former value's figures is what the present one is measured with,
# be it of a day without a value in between. Such days have the number of the value before them.
_RUNNING = """
  SELECT t.*, sum(paid) OVER so_far AS all_paid, count(paid) OVER so_far AS payments,
    published.product(split) FILTER (WHERE split IS NOT NULL) OVER so_far AS all_split,
    count(*) FILTER (WHERE is_value) OVER so_far AS number
  FROM timeline t WINDOW so_far AS (PARTITION BY identifier ORDER BY date ROWS UNBOUNDED PRECEDING)
"""
_BETWEEN = f"SELECT identifier, number, {_LAST} FROM running WHERE NOT is_value GROUP BY identifier, number"  # noqa: S608
_LINKED = """
  SELECT r.*, lag(date) OVER before AS former_date, lag(navps) OVER before AS former_navps,
    lag(all_paid) OVER before AS former_paid, lag(payments) OVER before AS former_payments,
    lag(all_split) OVER before AS former_split, lag(stored_at) OVER before AS former_at,
    lag(stored_run) OVER before AS former_run
  FROM running r WHERE is_value WINDOW before AS (PARTITION BY identifier ORDER BY date)
"""
_VALUED = f"""
  SELECT l.*, date - former_date <= {STALE_AFTER_DAYS} AS is_near,
    CASE WHEN former_date IS NULL THEN paid WHEN payments > former_payments THEN all_paid - coalesce(former_paid, 0) END
      AS distribution,
    CASE WHEN former_date IS NULL THEN split
      WHEN all_split <> former_split THEN trim_scale(round(all_split, {PERFORMANCE_DIGITS}) / former_split) END AS split_factor
  FROM linked l
"""  # noqa: S608
_GROWN = f"""
  SELECT v.*, s.since, s.currency,
    published.compound(CASE WHEN v.date = s.base THEN s.base_factor ELSE
        (v.navps + coalesce(v.distribution, 0)) / round(v.navps, {PERFORMANCE_DIGITS}) * coalesce(v.split_factor, 1) END)
      FILTER (WHERE v.date = s.base OR v.distribution <> 0 OR v.split_factor IS NOT NULL)
      OVER (PARTITION BY v.identifier ORDER BY v.date ROWS UNBOUNDED PRECEDING) AS factor
  FROM valued v JOIN start s ON s.identifier = v.identifier
"""  # noqa: S608
_TOTAL = performance("((navps + coalesce(distribution, 0)) * coalesce(split_factor, 1))", "former_navps")
# the newest of the records that a row comes of: its own, the former value's, those of the days between
_MOMENT = "greatest(g.at, CASE WHEN g.is_near THEN g.former_at END, b.at)"


def _make_query(records: str, distributions: str) -> str:
    return f"""
WITH start AS ({_START}), records AS MATERIALIZED ({records}), days AS ({_DAYS}),
distributions AS ({distributions}), payments AS ({_PAYMENTS}), timeline AS ({_TIMELINE}), running AS ({_RUNNING}),
between_values AS ({_BETWEEN}), linked AS ({_LINKED}), valued AS ({_VALUED}), grown AS ({_GROWN})
SELECT g.identifier, g.date, g.dataset, g.navps, g.currency, g.change, g.change_percent,
  CASE WHEN is_near THEN former_date END AS previous_date, CASE WHEN is_near THEN former_navps END AS previous_navps,
  trim_scale(distribution) AS distribution, split_factor,
  CASE WHEN is_near THEN {performance("navps", "former_navps")} END AS price_return,
  CASE WHEN is_near THEN {_TOTAL} END AS total_return, trim_scale(factor) AS adjustment_factor, {_MOMENT} AS as_of,
  CASE {_MOMENT} WHEN g.at THEN g.run WHEN b.at THEN b.run ELSE g.former_run END AS last_run_id, g.stored_at
FROM grown g
LEFT JOIN between_values b ON b.identifier = g.identifier AND b.number = g.number - 1 AND g.number > 1
WHERE g.date >= g.since
UNION ALL
SELECT z.identifier, z.date, z.dataset, z.navps, s.currency, z.change, z.change_percent, NULL, NULL, NULL, NULL, NULL, NULL,
  trim_scale(coalesce(g.factor, 1)), z.at, z.run, z.stored_at
FROM running z JOIN start s ON s.identifier = z.identifier
LEFT JOIN grown g ON g.identifier = z.identifier AND g.number = z.number
WHERE NOT z.is_value AND z.navps IS NOT NULL AND z.date >= s.since
"""  # noqa: S608


def _look_up(rows: str, alias: str) -> str:
    """Rows of each fund by its index: what a day costs must not follow the length of history, whatever the planner thinks."""
    return (
        f"SELECT r.* FROM start s CROSS JOIN LATERAL ({rows} AND {alias}.identifier = s.identifier"  # noqa: S608
        f" AND {alias}.date >= s.start OFFSET 0) r"
    )


_QUERY = _make_query(_look_up(_RECORD, "q"), _look_up(_PAYMENT, "d"))

_READ_JOIN = """
LEFT JOIN LATERAL (
  SELECT n.adjustment_factor FROM published.fund_quote_history n WHERE n.identifier = b.identifier
  ORDER BY n.date DESC LIMIT 1
) n ON true
"""
_ADJUSTED = (
    f"trim_scale(round(b.navps * (b.adjustment_factor / round(n.adjustment_factor, {PERFORMANCE_DIGITS})),"
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
_OTHER_CURRENCY = select_other_currency("fundata", "identifier", CHANGED_FUNDS)

# from one fund to the next by the index, not through all that it holds of each
_NEXT_FUNDS = """
WITH RECURSIVE walk AS (
  (SELECT min(q.identifier) AS identifier FROM public.fundata_quotes q WHERE q.identifier > $1::text)
  UNION ALL
  SELECT (SELECT min(q.identifier) FROM public.fundata_quotes q WHERE q.identifier > w.identifier)
  FROM walk w WHERE w.identifier IS NOT NULL
)
SELECT w.identifier FROM walk w WHERE w.identifier IS NOT NULL LIMIT $2::int
"""

Amount = Annotated[Decimal | None, Col("currency of the row")]
Fraction = Annotated[Decimal | None, Col("fraction")]


class FundQuoteHistory(ViewModel):
    """Net asset value of every fund and day, with all delivered digits, raw and adjusted, and our own returns of the day.

    One record a fund and day, FundDailyNAVPS before Pricing. price_return is NAVPS / previous NAVPS - 1, the change of the
    value alone. total_return is (NAVPS + distribution) x split / previous NAVPS - 1: the distribution is reinvested on its
    ex-date, or on the first day after it that has a value, and the split puts today's value into former shares. A
    distribution is that of the day's quote records, else the sum of FundDistribution; a split is a factor between a
    millionth and a million. The previous value is the last one above zero, at most 7 days older; without one, and where
    today's is zero (at 40 digits), both are NULL. adjusted_navps is the value in
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
    as_of: datetime = Field(
        description="When the newest record behind this row was stored, in UTC: of its value, the previous one, or what was"
        " paid or split between. Later distributions and splits move adjusted_navps alone, which this does not tell."
    )
    last_run_id: UUID = Field(description="The run that stored that record.")
    stored_at: datetime = Field(description="When the record of the value itself was stored, in UTC.")

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="fund_quote_history",
        key=("identifier", "date"),
        query=_QUERY,
        sources=(
            Source("fundata_quotes", "fundata", ("FundDailyNAVPS", "Pricing")),
            Source("fundata_data", "fundata", ("FundDistribution", "FundGeneral")),
        ),
        uses=("security_master",),
        keyed=Keyed(
            scope=("identifier",),
            since="date",
            all_scopes="SELECT identifier FROM public.fundata_quotes",
            changed_scopes=(CHANGED_SERIES, _CHANGED_PAYMENTS, _OTHER_CURRENCY),
            indexes=("(date)",),
            tells_run=True,
            on_read=(("adjusted_navps", _ADJUSTED),),
            read_join=_READ_JOIN,
            full_query=_make_query(_RECORD, _PAYMENT),
            next_scopes=_NEXT_FUNDS,
        ),
    )
