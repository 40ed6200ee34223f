"""The closes, splits and dividends of a listing: under its symbol and, before a rename, under the former ones.

A rename does not begin a new history: `fmp_symbol_alias` tells which former symbol meant the security until which day.
What a run that is still at work has added is not there yet, so that no figure knows the close of a split day without the
split.
"""

from __future__ import annotations

from sra_shared.views.fragments import LARGEST_SPLIT, LIVE_RUNS, quotient

ADJUSTMENTS = "price_adjustment"
# an event that the vendor names no longer stays in its table as history
IS_SPLIT = (
    "x.valid_to IS NULL AND "
    f"x.denominator > 0 AND x.numerator BETWEEN x.denominator / {LARGEST_SPLIT} AND x.denominator * {LARGEST_SPLIT}"
)
IS_DIVIDEND = "x.valid_to IS NULL AND x.dividend > 0 AND x.dividend < 1e12"

HELD_BY_ADJUSTMENTS = f"'{ADJUSTMENTS}'"


def _select_lacking(holder: str) -> str:
    """The live runs, and those that ended since and are not in a kept view; its name is a text literal.

    All that ended before settled_until are, so that this looks at a few rows of the ledger; the bound above and OFFSET tell
    the planner that they are few.
    """
    return f"""{LIVE_RUNS} UNION ALL
SELECT t.task_id FROM public.task_execution_log t
WHERE t.source = 'fmp' AND t.completed_at < now() + interval '1 day' AND t.completed_at >= coalesce(
    (SELECT v.settled_until FROM public.published_view v WHERE v.relation = {holder}), '-infinity')
  AND NOT EXISTS (
    SELECT FROM public.published_run p WHERE p.run_id = t.task_id AND p.relation = {holder} OFFSET 0)"""  # noqa: S608


def is_shown(alias: str, *, holder: str | None = HELD_BY_ADJUSTMENTS) -> str:
    """The row was not added by a live run or by one that the kept view `holder` (a text literal) lacks.

    Without a view all runs that ended count. A run that corrects a row takes it over; such a row was there before and
    stays.
    """
    held_back = LIVE_RUNS if holder is None else _select_lacking(holder)
    return (
        f"({alias}.run_id NOT IN ({held_back}) OR EXISTS (SELECT FROM public.task_execution_log t"
        f" WHERE t.task_id = {alias}.run_id AND {alias}.created_at < coalesce(t.started_at, t.scheduled_at) OFFSET 0))"
    )


def select_own_since(symbol: str) -> str:
    """The day from which on a symbol means the security that has it now, or had it last; NULL where none had it before."""
    return (
        f"SELECT lo.valid_from FROM public.fmp_symbol_period lo WHERE lo.symbol = {symbol}"  # noqa: S608 - our own names
        " ORDER BY lo.place DESC LIMIT 1"
    )


def select_names(symbol: str) -> str:
    """The symbols that a listing had, each with the days from `since` until before `until` on which it meant it.

    The present symbol has no `until`; it counts from the day on which another security gave it up, if one did.
    """
    return f"""SELECT {symbol} AS name, ({select_own_since(symbol)}) AS since, NULL::date AS until
    UNION ALL
    SELECT la.former_symbol, la.valid_from, la.valid_to FROM public.fmp_symbol_alias la WHERE la.symbol = {symbol}"""  # noqa: S608


def is_of_name(alias: str) -> str:
    """The row of a day belongs to the name `ln` of `select_names`."""
    return (
        f"{alias}.symbol = ln.name AND (ln.since IS NULL OR {alias}.date >= ln.since)"
        f" AND (ln.until IS NULL OR {alias}.date < ln.until)"
    )


def select_close(symbol: str, condition: str, *, first: bool = False, holder: str | None = HELD_BY_ADJUSTMENTS) -> str:
    """The last (or first) close above zero of a listing that meets a condition on `p`: price, day, volume, stored_at, run_id.

    Where the vendor tells a day under two symbols, the present one counts. `holder` as in `is_shown`.
    """
    order = "" if first else " DESC"
    return f"""SELECT p.price, p.day, p.volume, p.stored_at, p.run_id FROM ({select_names(symbol)}) ln
    CROSS JOIN LATERAL (
      SELECT p.close AS price, p.date AS day, p.volume, p.updated_at AS stored_at, p.run_id
      FROM public.fmp_eod_price p
      WHERE {is_of_name("p")} AND p.close > 0 AND {is_shown("p", holder=holder)} AND {condition}
      ORDER BY p.date{order} LIMIT 1
    ) p ORDER BY p.day{order}, ln.until DESC NULLS FIRST LIMIT 1"""  # noqa: S608


def select_events(table: str, symbol: str, condition: str) -> str:
    """The splits or dividends of a listing that meet a condition on `x`, of each day those under one of its symbols.

    Where the vendor tells a day under two symbols, the present one counts. `x` has to be current.
    """
    # looked up by symbol, whatever the planner thinks of a small table
    return f"""SELECT x.* FROM (
      SELECT x.*, rank() OVER (PARTITION BY x.date ORDER BY ln.until DESC NULLS FIRST) AS name_rank
      FROM ({select_names(symbol)}) ln
      CROSS JOIN LATERAL (SELECT x.* FROM public.{table} x WHERE {is_of_name("x")} AND {condition} OFFSET 0) x
    ) x WHERE x.name_rank = 1"""  # noqa: S608


def select_ended(table: str, symbol: str) -> str:
    """The events of a listing that ended, under any of its symbols."""
    return f"""SELECT x.* FROM ({select_names(symbol)}) ln
      CROSS JOIN LATERAL (
        SELECT x.* FROM public.{table} x WHERE {is_of_name("x")} AND x.ended_run_id IS NOT NULL OFFSET 0) x"""  # noqa: S608


def multiply_splits(symbol: str, after: str, until: str) -> str:
    """New shares for one old over the splits after a day until another; 1 where there are none."""
    splits = select_events("fmp_split", symbol, f"{IS_SPLIT} AND x.date > {after} AND x.date <= {until}")
    ratio = quotient("y.numerator", "y.denominator")
    return f"coalesce((SELECT published.product({ratio}) FROM ({splits}) y), 1)"  # noqa: S608 - our own names


def follow_names(changed: str) -> str:
    """Changed symbols, and those that the securities have now."""
    return (
        f"SELECT c.symbol, c.run_id FROM ({changed}) c UNION ALL"  # noqa: S608 - our own names
        f" SELECT a.symbol, c.run_id FROM ({changed}) c JOIN public.fmp_symbol_alias a ON a.former_symbol = c.symbol"
    )


# an alias that is no more belonged to one of the two symbols of a new rename
CHANGED_NAMES = """
SELECT a.symbol, a.run_id FROM public.fmp_symbol_alias a WHERE a.run_id = ANY($1::uuid[])
UNION ALL
SELECT n.symbol, c.run_id FROM public.fmp_symbol_change c CROSS JOIN LATERAL (VALUES (c.old_symbol), (c.new_symbol)) n (symbol)
WHERE c.run_id = ANY($1::uuid[])
UNION ALL
SELECT n.symbol, o.run_id FROM public.fmp_symbol_period o
CROSS JOIN LATERAL (VALUES (o.symbol), (o.owner_symbol)) n (symbol) WHERE o.run_id = ANY($1::uuid[])
"""
