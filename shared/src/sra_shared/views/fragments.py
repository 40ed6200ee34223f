"""SQL that several views share: which record is current, which quote counts, and the one formula of performance.

The formulas are those of the product's specification, section 5; each docstring states the one it builds.
"""

from __future__ import annotations

PERFORMANCE_DIGITS = 40
PUBLISHED_DIGITS = 6
STALE_AFTER_DAYS = 7
# new shares for one old, or old ones for one new; what is told beyond is no split
LARGEST_SPLIT = 1_000_000
DAYS_PER_YEAR = "365.25"


LIVE_RUNS = "SELECT t.task_id FROM public.task_execution_log t WHERE t.status IN ('queued', 'running', 'parked')"


def is_active(alias: str) -> str:
    """A record whose RecordState is given and is not Active is not current (specification 2.4)."""
    return f"({alias}.record_state IS NULL OR lower({alias}.record_state) IN ('', 'active'))"


def is_settled(alias: str) -> str:
    """The run that stored the version has ended: what a live run stored so far shows with its end, all of it at once.

    The live runs are looked up once a statement, by an index that holds nothing else.
    """
    return f"{alias}.run_id NOT IN ({LIVE_RUNS})"


def _is_not_superseded(table: str, alias: str, *key: str) -> str:
    """No version of an ended run took the place of this one; of a live run's, one that in turn lost its place to an ended
    run's counts as well."""

    def same(left: str, right: str) -> str:
        return " AND ".join(f"{left}.{name} = {right}.{name}" for name in ("identifier", *key, "dataset"))

    return (
        # looked up, not hashed: there is next to never one to look for
        f"NOT EXISTS (SELECT FROM public.{table} x WHERE {same('x', alias)} AND x.data_version = {alias}.data_version"  # noqa: S608
        f" AND ({is_settled('x')} OR EXISTS (SELECT FROM public.{table} y WHERE {same('y', 'x')}"
        f" AND y.data_version = x.superseded_by AND {is_settled('y')} OFFSET 0)))"
    )


def is_latest_data(alias: str) -> str:
    """The latest version of its key in fundata_data, of a run that ended, and current."""
    latest = _is_not_superseded("fundata_data_superseded", alias, "record_id")
    return f"{is_settled(alias)} AND {latest} AND {is_active(alias)}"


def is_latest_quote(alias: str) -> str:
    """The latest version of its key in fundata_quotes, of a run that ended, and current."""
    latest = _is_not_superseded("fundata_quotes_superseded", alias, "date")
    return f"{is_settled(alias)} AND {latest} AND {is_active(alias)}"


def is_english(alias: str) -> str:
    """The record is in English, in either spelling that the vendor uses."""
    return f"lower({alias}.language) LIKE 'en%'"


def is_french(alias: str) -> str:
    """The record is in French."""
    return f"lower({alias}.language) LIKE 'fr%'"


def parse(text: str) -> str:
    """Read a number as the loader does; plain digits, nearly all there is, go past the parse function's costly pattern."""
    return (
        f"CASE WHEN length({text}) < 100 AND {text} ~ '^-?[0-9]+([.][0-9]+)?$' THEN ({text})::numeric"
        f" ELSE public.fundata_parse_number({text}) END"
    )


def exact(alias: str, column: str, *names: str) -> str:
    """The number of `column` at full precision, from raw_json under the vendor's names; NULL where the column is."""
    keys = ", ".join(f"{alias}.raw_json ->> '{name}'" for name in (*names, column))
    return f"CASE WHEN {alias}.{column} IS NOT NULL THEN coalesce({parse(f'coalesce({keys})')}, {alias}.{column}) END"


def exact_navps(alias: str) -> str:
    """NAVPS at full precision."""
    return exact(alias, "navps", "NAVPS")


def growth(end: str, start: str) -> str:
    """Return end / start - 1 with 40 digits and unrounded; NULL where start is missing, or zero at so many digits."""
    return f"({quotient(end, start)} - 1)"


def quotient(above: str, below: str) -> str:
    """Return above / below with at least 40 digits, of numbers of any size; NULL where below is zero at so many digits."""
    return f"({above}::numeric / nullif(round({below}::numeric, {PERFORMANCE_DIGITS}), 0))"


def performance(end: str, start: str) -> str:
    """P(end) / P(start) - 1 as a fraction, computed with 40 digits and rounded half up to six decimals."""
    return f"round({growth(end, start)}, {PUBLISHED_DIGITS})"


def annualised(end: str, start: str, days: str) -> str:
    """(P(end) / P(start)) ^ (365.25 / days) - 1, likewise rounded; `days` is the true distance of the two prices."""
    return f"round(power({quotient(end, start)}, {quotient(DAYS_PER_YEAR, days)}) - 1, {PUBLISHED_DIGITS})"


def months_before(day: str, months: int) -> str:
    """The day `months` calendar months earlier, the last of its month where the month is shorter."""
    return f"({day} - interval '{months} months')::date"


def former_year_end(day: str) -> str:
    """31 December of the year before."""
    return f"(date_trunc('year', {day}::timestamp)::date - 1)"


def read_day(text: str) -> str:
    """The day at the start of a text as ISO 8601 has it, NULL where there is none; never an error."""
    day = f"left({text}, 10)"
    return (
        f"CASE WHEN {day} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$'"
        f" THEN (jsonb_path_query_first(to_jsonb({day}), '$.datetime()', '{{}}', true) #>> '{{}}')::date END"
    )
