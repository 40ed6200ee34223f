"""How new the data are: per dataset against the market's calendar, per view with the build that it stands at."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from sra_shared.views.base import AS_OF, LAST_RUN, Col, Keyed, Source, ViewModel, ViewSpec
from sra_shared.views.latest_quote import MARKET_ZONE

_ENDED = """
public.run_unit u JOIN public.task_execution_log t ON t.task_id = u.task_id
WHERE t.source = 'fundata' AND t.status NOT IN ('queued', 'running', 'parked') AND u.dataset <> ''
"""


class RunContents(ViewModel):
    """Per ended Fundata run and dataset, the newest day among the records that the run stored; data_freshness reads it.

    Kept by run, so that telling how new a dataset is never means going through all of it.
    """

    task_id: UUID = Field(description="The run.")
    dataset: str = Field(description="Dataset of the catalogue.")
    newest_record: dt.date | None = Field(description="Newest day that a stored record is about, else its ChangeDate.")
    as_of: datetime = Field(description=AS_OF)
    last_run_id: UUID = Field(description=LAST_RUN)

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="run_contents",
        key=("task_id", "dataset"),
        query="""
            SELECT s.task_id, s.dataset, n.newest_record, coalesce(n.processed_at, t.completed_at, now()) AS as_of
            FROM scope s JOIN public.task_execution_log t ON t.task_id = s.task_id
            CROSS JOIN LATERAL (
              SELECT max(x.newest) AS newest_record, max(x.processed_at) AS processed_at FROM (
                SELECT max(q.date) AS newest, max(q.processed_at) AS processed_at FROM public.fundata_quotes q
                WHERE s.dataset IN ('FundDailyNAVPS', 'Pricing') AND q.run_id = s.task_id AND q.dataset = s.dataset
                UNION ALL
                SELECT max(coalesce(d.date, d.month_end_date, d.allocation_date, d.expense_date, d.change_date)),
                  max(d.processed_at)
                FROM public.fundata_data d
                WHERE s.dataset NOT IN ('FundDailyNAVPS', 'Pricing') AND d.run_id = s.task_id AND d.dataset = s.dataset
              ) x
            ) n
        """,
        sources=(Source("fundata_data", "fundata"), Source("fundata_quotes", "fundata")),
        keyed=Keyed(
            scope=("task_id", "dataset"),
            # runs leave the ledger when they are old
            max_shrink=Decimal(1),
            looks_up=True,
            all_scopes=f"SELECT u.task_id, u.dataset FROM {_ENDED}",  # noqa: S608 - text of this module
            changed_scopes=(
                f"SELECT u.task_id, u.dataset, u.task_id AS run_id FROM {_ENDED} AND t.task_id = ANY($1::uuid[])",  # noqa: S608
            ),
        ),
    )


# a dataset that was never there cannot lack more than these
_MOST_DAYS = 90

_QUERY = f"""
WITH ledger AS (
  SELECT t.source, u.dataset, max(u.completed_at) FILTER (WHERE s.did) AS success_at,
    (array_agg(u.task_id ORDER BY u.completed_at DESC NULLS LAST) FILTER (WHERE s.did))[1] AS run_id,
    sum(u.stored_count)::bigint AS stored,
    -- a replay collects nothing, and what it leaves was rejected before
    coalesce(sum(u.rejected_count) FILTER (WHERE NOT t.parameters ? 'replay'), 0)::bigint AS rejected,
    max(u.completed_at) AS touched_at,
    max((u.progress ->> 'newest_record')::date) FILTER (WHERE t.source = 'fmp') AS newest,
    bool_and(s.left_out) FILTER (WHERE u.completed_at > now() - interval '10 days') AS is_left_out
  FROM public.run_unit u JOIN public.task_execution_log t ON t.task_id = u.task_id
  CROSS JOIN LATERAL (
    -- a file that was loaded before is skipped; a dataset outside FMP's plan is skipped too, and was not collected
    SELECT NOT t.parameters ? 'replay'
        AND (u.status IN ('completed', 'partial') OR u.status = 'skipped' AND t.source = 'fundata') AS did,
      u.status = 'skipped' AND t.source = 'fmp' AS left_out
  ) s
  WHERE t.source IN ('fmp', 'fundata') AND u.dataset <> ''
  GROUP BY t.source, u.dataset
), archived AS (
  SELECT source, dataset, sum(stored_count)::bigint AS stored, sum(rejected_count)::bigint AS rejected
  FROM public.ledger_archive WHERE dataset <> '' GROUP BY source, dataset
), facts AS (
  SELECT source, dataset, l.success_at, l.run_id, l.stored, l.rejected, l.touched_at, l.is_left_out,
    x.cadence, x.exchange, x.by_records, x.delay_seconds * interval '1 second' AS delay, x.allowed_sessions AS allowed,
    x.created_at AS expected_since,
    CASE
      WHEN source = 'fundata' THEN (SELECT max(r.newest_record) FROM sra.run_contents r WHERE r.dataset = l.dataset)
      WHEN dataset = 'quote' THEN (SELECT (max(q.quoted_at) AT TIME ZONE '{MARKET_ZONE}')::date FROM sra.latest_quote q)
      WHEN dataset = 'eod_prices' THEN (SELECT max(p.date) FROM public.fmp_eod_price p)
      WHEN dataset = 'index_prices' THEN (SELECT max(i.date) FROM public.fmp_index_price i)
      WHEN dataset = 'exchange_rates' THEN (SELECT max(e.date) FROM public.fmp_exchange_rate e)
      WHEN dataset = 'treasury_rates' THEN (SELECT max(r.date) FROM public.fmp_treasury_rate r)
      ELSE coalesce(l.newest, l.success_at::date) END AS newest_record
  FROM ledger l FULL JOIN public.expected_dataset x USING (source, dataset)
)
SELECT f.source, f.dataset, f.newest_record, f.success_at AS last_success_at,
  coalesce(f.stored, 0) + coalesce(a.stored, 0) AS rows_stored,
  coalesce(f.rejected, 0) + coalesce(a.rejected, 0) AS rows_rejected,
  CASE WHEN f.by_records THEN e.expected_record END AS expected_record, e.expected_at,
  CASE WHEN e.due > 0 THEN greatest(e.missing - f.allowed, 0) END AS lag_sessions,
  CASE WHEN e.due > 0 THEN e.missing > f.allowed END AS is_late,
  (SELECT max(p.published_at) FROM public.published_run p WHERE p.run_id = f.run_id) AS published_at, NULL::text AS error,
  coalesce(f.touched_at, f.expected_since, now()) AS as_of, f.run_id AS last_run_id,
  f.cadence, CASE WHEN e.missing > f.allowed THEN e.late_since END AS late_since
FROM facts f
LEFT JOIN archived a ON a.source = f.source AND a.dataset = f.dataset
LEFT JOIN LATERAL (
  SELECT (array_agg(m.session_date ORDER BY m.session_date DESC))[1 + f.allowed] AS expected_record,
    (array_agg(m.close_at + f.delay ORDER BY m.session_date DESC))[1 + f.allowed] AS expected_at,
    count(*) AS due, count(*) FILTER (WHERE m.is_missing) AS missing,
    (array_agg(m.close_at + f.delay ORDER BY m.session_date) FILTER (WHERE m.is_missing))[1 + f.allowed] AS late_since
  FROM (
    SELECT s.session_date, s.close_at, CASE
        WHEN f.success_at IS NULL THEN s.close_at > f.expected_since
        WHEN f.by_records THEN f.newest_record IS NULL OR s.session_date > f.newest_record
        ELSE s.close_at > f.success_at END AS is_missing
    FROM public.market_session s
    WHERE s.exchange = f.exchange AND s.session_date > current_date - {_MOST_DAYS} AND s.close_at + f.delay <= now()
  ) m
  WHERE NOT coalesce(f.is_left_out, false)
) e ON true
UNION ALL
SELECT 'views', v.relation, v.newest_at::date, v.built_at, v.row_count, NULL, NULL, NULL, NULL, v.failed_at IS NOT NULL,
  v.built_at, v.error, coalesce(v.built_at, now()), v.build_id, NULL, v.failed_at
FROM public.published_view v
"""  # noqa: S608


class DataFreshness(ViewModel):
    """One row per source and dataset, and one per view: newest record, last success, rows, rejects, lag, build.

    Datasets that a service collects are there before anything of them was loaded. The lag counts sessions of the market's
    calendar (NYSE, TSX) that closed longer ago than the vendor takes (prices 6 hours, treasury and exchange rates 30, NAVPS
    14) and that are newer than the newest record, beyond those that the cadence allows (daily none, weekly 5, monthly 33).
    Where records are of no day, sessions count that closed more than 26 hours ago and after the last success. A view's row
    tells its build: when and by which run it was published, and what its newest build failed of, if it did. Source:
    specification, section 5.
    """

    source: Literal["fmp", "fundata", "views"] = Field(description="Vendor, or views.")
    dataset: str = Field(description="Dataset, or view.")
    newest_record: dt.date | None = Field(
        description="Newest day that a record is about, announced ones left out; for lists, the day of the last success."
    )
    last_success_at: datetime | None = Field(description="When it was last loaded, or built, with success.")
    rows_stored: int | None = Field(description="Records stored since ever; for a view, the rows that it holds.")
    rows_rejected: int | None = Field(description="Records rejected since ever.")
    expected_record: dt.date | None = Field(
        description="Newest day that should be there by now; none where records are of no day, or nothing is expected."
    )
    expected_at: datetime | None = Field(description="Since when it should, or should have been collected anew.")
    lag_sessions: Annotated[int | None, Col("sessions")] = Field(
        description="Sessions that should be there and are not."
    )
    is_late: bool | None = Field(description="Whether something is missing, or the newest build failed.")
    published_at: datetime | None = Field(description="When the last run, or the view, was published.")
    error: str | None = Field(description="Why the newest build of the view failed; none where it did not.")
    as_of: datetime = Field(description="When this row's facts last changed, in UTC.")
    last_run_id: UUID | None = Field(description="The last run with success; for a view, its build.")
    cadence: str | None = Field(
        description="How often new data are expected: daily, weekly or monthly; none where they are not, as of seeds."
    )
    late_since: datetime | None = Field(
        description="Since when it is late: when the first of what is missing was expected, or the build failed."
    )

    spec: ClassVar[ViewSpec] = ViewSpec(
        name="data_freshness",
        key=("source", "dataset"),
        query=_QUERY,
        sources=(Source("run_unit", "fundata"), Source("run_unit", "fmp"), Source("market_session", "fmp")),
        uses=("run_contents", "latest_quote"),
        used_indexes=("pk_market_session",),
    )
