"""Which securities a run touched, for the raw tables of FMP: what it wrote, and what its lists no longer name."""

from __future__ import annotations

from collections.abc import Sequence

from sra_shared.views.base import KEPT_ROWS


def select_changed(table: str, column: str = "symbol", name: str = "symbol") -> str:
    """The keys that the runs `$1` wrote, each with its run."""
    # a first history has millions of rows of a few thousand securities
    return f"SELECT DISTINCT {column} AS {name}, run_id FROM public.{table} WHERE run_id = ANY($1::uuid[])"  # noqa: S608


def select_all_changed(tables: Sequence[str]) -> tuple[str, ...]:
    """The same for several tables."""
    return tuple(select_changed(table) for table in tables)


def select_other_currency(vendor: str, name: str, changed: str) -> str:
    """The series, from their first day on, that stand in another currency than their securities do now, of those changed."""
    return f"""
SELECT c.{name}, '-infinity'::date AS since, c.run_id FROM ({changed}) c
LEFT JOIN sra.security_master m ON m.source = '{vendor}' AND m.identifier = c.{name}
CROSS JOIN LATERAL (
  SELECT k.currency FROM {KEPT_ROWS} k WHERE k.{name} = c.{name} ORDER BY k.date DESC LIMIT 1
) k
WHERE k.currency IS DISTINCT FROM m.currency
"""  # noqa: S608 - our own names


def select_closed(table: str, column: str = "symbol", name: str = "symbol") -> str:
    """The keys of entries that the runs `$1` closed: such a row keeps the run that wrote it, the time of closing tells."""
    return f"""
SELECT x.{column} AS {name}, t.task_id AS run_id
FROM public.task_execution_log t
JOIN public.{table} x ON x.valid_to BETWEEN coalesce(t.started_at, t.scheduled_at) AND coalesce(t.completed_at, now())
WHERE t.task_id = ANY($1::uuid[]) AND t.source = 'fmp'
"""  # noqa: S608 - our own names


def select_ending(table: str) -> str:
    """The symbols of events that the runs `$1` ended, each with its run."""
    return f"SELECT DISTINCT symbol, ended_run_id AS run_id FROM public.{table} WHERE ended_run_id = ANY($1::uuid[])"  # noqa: S608
