"""Events by day, splits and dividends: stores the events that a response names, and ends those that a complete one omits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from fmp_collectors.dataset import FmpDataset, FmpRequest, Scope
from fmp_collectors.records import Batch
from sra_shared.kit.database.statements import compose_from

_KEY = ("symbol", "date")
# smaller plans return the events of five years, without saying so
_WHOLE_UNDER_ANY_PLAN = timedelta(days=4 * 365)


# the response about a symbol's present owner does not cover events of a former owner; a whole history may begin where the
# plan lets it begin
_COVERED = """t.symbol = ANY($2::text[]) AND t.date <= $4
AND t.date >= least($3, (SELECT min(s.date) FROM {stage} s WHERE s.symbol = t.symbol))
AND t.date >= coalesce((SELECT max(o.valid_from) FROM fmp_symbol_period o WHERE o.symbol = t.symbol), '-infinity')"""
_SQL_PER_SYMBOL = """
SELECT t.symbol, count(*) AS current, (SELECT count(*) FROM {stage} s WHERE s.symbol = t.symbol) AS named
FROM {table} t WHERE t.valid_to IS NULL AND {covered} AND t.run_id <> $1 GROUP BY t.symbol
"""
# A row replaces one of its kind. In a complete response, leftover rows replace rows of other kinds: as many rows are
# corrected as the response has, and the others have ended.
_SQL_CLOSE_REPLACED = """
WITH fresh AS (
  SELECT s.symbol, s.date, {of_stage} AS kind, count(*) AS rows FROM {stage} s
  WHERE NOT EXISTS (SELECT FROM {table} t WHERE {key} AND t.valid_to IS NULL AND t.content_hash = s.content_hash)
  GROUP BY 1, 2, 3
), stale AS (
  SELECT t.row_id, t.symbol, t.date, coalesce(row_number() OVER (
      PARTITION BY t.symbol, t.date, {of_table} ORDER BY t.row_id) <= f.rows, false) AS is_corrected
  FROM {table} t LEFT JOIN fresh f
    ON f.symbol = t.symbol AND f.date = t.date AND f.kind IS NOT DISTINCT FROM {of_table}
  WHERE t.valid_to IS NULL AND {is_named} AND NOT {is_same}
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY symbol, date ORDER BY is_corrected DESC, row_id) AS place FROM stale
)
UPDATE {table} t SET {end} FROM ranked r
WHERE t.symbol = r.symbol AND t.row_id = r.row_id AND (r.is_corrected OR {covered} AND r.place <= (
  SELECT sum(f.rows) FROM fresh f WHERE f.symbol = r.symbol AND f.date = r.date))
"""
# after a rename the vendor reports the same events under the new symbol
_SQL_CLOSE_MOVED = """
UPDATE {table} t SET {end} FROM fmp_symbol_alias a
WHERE t.symbol = a.former_symbol AND t.valid_to IS NULL AND t.date < a.valid_to
  AND t.date >= coalesce(a.valid_from, '-infinity') AND NOT {is_named}
  AND EXISTS (SELECT FROM {stage} s WHERE s.symbol = a.symbol AND s.date = t.date)
"""
_SQL_RECORD_ENDED = """
INSERT INTO fmp_vanished_entry (run_id, dataset, row_id)
SELECT $1, '{dataset}', t.row_id FROM {table} t WHERE {ended} ON CONFLICT DO NOTHING
"""
_SQL_LIST_SHRUNK = "SELECT n.symbol, n.current, n.named FROM ({per_symbol}) n WHERE n.named < n.current ORDER BY 1"


@dataclass(frozen=True)
class EventStatements:
    """The SQL of one dataset of events. `$1` is the run; a response covers the symbols `$2` from the day `$3` to `$4`.

    Events that the run itself stored count as reported, because its responses belong to one time.
    """

    close_replaced: str
    close_moved: str
    close_ended: str
    record_ended: str
    count_covered: str
    list_shrunk: str


def build_event_statements(dataset: FmpDataset, stage: str) -> EventStatements:
    """Return the SQL that ends events; all names in it come from our own tables."""
    kind = dataset.kind_field
    parts = {
        "dataset": dataset.name,
        "table": dataset.table,
        "stage": stage,
        "key": "t.symbol = s.symbol AND t.date = s.date",
        "of_stage": f's."{kind}"' if kind else "''",
        "of_table": f't."{kind}"' if kind else "''",
        "end": "valid_to = now(), ended_run_id = $1, updated_at = now()",
    }
    parts["is_named"] = compose_from("EXISTS (SELECT FROM {stage} s WHERE {key})", parts)
    parts["is_same"] = compose_from(
        "EXISTS (SELECT FROM {stage} s WHERE {key} AND s.content_hash = t.content_hash)", parts
    )
    parts["covered"] = compose_from(_COVERED, parts)
    parts["ended"] = compose_from("t.valid_to IS NULL AND {covered} AND NOT {is_same} AND t.run_id <> $1", parts)
    parts["per_symbol"] = compose_from(_SQL_PER_SYMBOL, parts)
    return EventStatements(
        close_replaced=compose_from(_SQL_CLOSE_REPLACED, parts),
        close_moved=compose_from(_SQL_CLOSE_MOVED, parts),
        close_ended=compose_from("UPDATE {table} t SET {end} WHERE {ended}", parts),
        record_ended=compose_from(_SQL_RECORD_ENDED, parts),
        count_covered=compose_from("SELECT coalesce(sum(n.current), 0)::bigint FROM ({per_symbol}) n", parts),
        list_shrunk=compose_from(_SQL_LIST_SHRUNK, parts),
    )


@dataclass(frozen=True)
class Coverage:
    """The scope for which a response is authoritative: the events of some symbols from a first to a last day.

    With `is_history`, it was requested by symbol, for all days.
    """

    symbols: frozenset[str]
    first: date
    last: date
    is_history: bool = False


def read_coverage(request: FmpRequest, batch: Batch, known_symbols: frozenset[str], *, today: date) -> Coverage | None:
    """Return what a whole response covers; None if it may be incomplete, or is about something else."""
    if batch.rejected:
        return None
    named = [tuple(getattr(one.record, name) for name in _KEY) for one in batch.accepted]
    if request.endpoint.scope is Scope.RANGE:
        first, last = date.fromisoformat(request.params["from"]), date.fromisoformat(request.params["to"])
        return Coverage(known_symbols, first, last) if all(first <= day <= last for _, day in named) else None
    is_own = not batch.out_of_scope and all(symbol == request.subject for symbol, _ in named)
    if not is_own:
        return None
    # announced events are only in the calendars
    return Coverage(frozenset({request.subject}), today - _WHOLE_UNDER_ANY_PLAN, today, is_history=True)
