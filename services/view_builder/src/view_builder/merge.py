"""The statements that merge staged rows into a materialized view by key; their text depends only on the compiled view.

The temporary table `affected_keys` has the partition keys to recompute, `staging` the new rows of these keys.
"""

from __future__ import annotations

from collections.abc import Sequence

from sra_shared.kit.database.statements import compose
from view_builder.compile import LAST_RUN_COLUMN, CompiledView, quote_name

# per statement: counting, sorting or indexing a history of fifty million rows takes a few minutes each
STATEMENT_SECONDS = 14_400.0


def match_columns(names: Sequence[str], left: str, right: str) -> str:
    """Return the condition that these columns are equal in two relations."""
    return " AND ".join(f"{left}.{quote_name(name)} = {right}.{quote_name(name)}" for name in names)


def _list(names: Sequence[str], alias: str = "") -> str:
    prefix = f"{alias}." if alias else ""
    return ", ".join(f"{prefix}{quote_name(name)}" for name in names)


def create_affected_keys(view: CompiledView) -> str:
    """Create the table of the keys to compute, each with the run that changed it."""
    since = view.incremental.since
    return compose(
        "CREATE TEMP TABLE affected_keys ON COMMIT DROP AS SELECT {partition}, {since}last_run_id AS run_id"
        " FROM {table} WITH NO DATA",
        partition=_list(view.incremental.partition),
        since=f"{quote_name(since)} AS since, " if since else "",
        table=view.table,
    )


def fill_all_keys(view: CompiledView) -> str:
    """Select every existing key."""
    into, start = (", since", ", '-infinity'::date") if view.incremental.since else ("", "")
    return compose(
        "INSERT INTO affected_keys ({partition}{into}) SELECT DISTINCT {partition}{start}"
        " FROM (\n{keys}\n) a WHERE {present}",
        partition=_list(view.incremental.partition),
        into=into,
        start=start,
        keys=view.incremental.all_keys,
        present=" AND ".join(f"{quote_name(name)} IS NOT NULL" for name in view.incremental.partition),
    )


def fill_affected_keys(view: CompiledView) -> str:
    """Select the keys that the runs `$1` changed, each with the run that finished last; a series from its earliest day."""
    partition = _list(view.incremental.partition, "c")
    needed = [*view.incremental.partition, *(["since"] if view.incremental.since else [])]
    return compose(
        "INSERT INTO affected_keys SELECT DISTINCT ON ({partition}) {partition}{since}, c.run_id FROM (\n{keys}\n) c"
        " LEFT JOIN public.task_execution_log t ON t.task_id = c.run_id WHERE {present}"
        " ORDER BY {partition}, t.completed_at DESC NULLS LAST, c.run_id",
        partition=partition,
        since=f", min(c.since) OVER (PARTITION BY {partition})" if view.incremental.since else "",
        keys=view.affected_keys,
        present=" AND ".join(f"c.{quote_name(name)} IS NOT NULL" for name in needed),
    )


def fill_next_keys(view: CompiledView) -> str:
    """Select the keys after `$1`, at most `$2` of them, from their beginning."""
    into, start = (", since", ", '-infinity'::date") if view.incremental.since else ("", "")
    return compose(
        "INSERT INTO affected_keys ({partition}{into}) SELECT {columns}{start} FROM (\n{keys}\n) n",
        partition=_list(view.incremental.partition),
        into=into,
        columns=_list(view.incremental.partition, "n"),
        start=start,
        keys=view.incremental.next_keys or "",
    )


def store_ids(ids: str) -> str:
    """Store ids that are assigned once; if an id exists, only the day on which its symbol meant it changes."""
    return compose(
        "INSERT INTO public.security AS o (security_id, source, identifier, first_symbol, held_on)\n{ids}\n"
        "ON CONFLICT (security_id) DO UPDATE SET held_on = excluded.held_on"
        " WHERE o.held_on IS DISTINCT FROM excluded.held_on",
        ids=ids,
    )


def find_last_key(view: CompiledView) -> str:
    """Return the greatest of the keys to compute."""
    return compose("SELECT max({partition}) FROM affected_keys", partition=_list(view.incremental.partition))


def fill_rebuild(view: CompiledView) -> str:
    """Add the staged rows to a table that has none of them; `$1` is the build."""
    names = [column.name for column in view.computed if column.name != LAST_RUN_COLUMN]
    return compose(
        "INSERT INTO {table} ({names}, last_run_id) SELECT {columns}, {run} FROM staging f ORDER BY {key}",
        table=view.table,
        names=_list(names),
        columns=_list(names, "f"),
        run=_choose_run(view),
        key=_list(view.spec.key, "f"),
    )


def show_rebuild(view: CompiledView) -> str:
    """Make `staging` show the rows of a full rebuild."""
    names = _list([column.name for column in view.computed])
    return compose("CREATE TEMP VIEW staging AS SELECT {names} FROM {table}", names=names, table=view.rebuild.table)


def create_staging(view: CompiledView, *, full: bool) -> str:
    """Compute the new rows of the keys."""
    return f"CREATE TEMP TABLE staging ON COMMIT DROP AS\n{view.select_all_rows if full else view.select_rows}"


def create_part(view: CompiledView) -> str:
    """Compute the rows of the keys for the unpublished table of a rebuild, which has no index."""
    return f"CREATE TEMP TABLE staging ON COMMIT DROP AS\n{view.select_rebuild_rows}"


def name_staging(view: CompiledView) -> str:
    """Return the name of `staging` after the merge, until the end of the transaction."""
    return quote_name(f"staging_{view.table_name}")


def finish_merge(view: CompiledView) -> tuple[str, ...]:
    """Clear the temporary tables for the keys and rows of another view."""
    return ("DROP TABLE affected_keys", f"ALTER TABLE staging RENAME TO {name_staging(view)}")


def count_materialized(view: CompiledView) -> str:
    """Count the published rows of the keys; in a series, since the day of the first change."""
    return compose(
        "SELECT coalesce(sum(k.n), 0)::bigint FROM affected_keys s CROSS JOIN LATERAL ("
        "SELECT count(*) AS n FROM {table} b WHERE {same}{since}) k",
        table=view.table,
        same=match_columns(view.incremental.partition, "s", "b"),
        since=_limit_to_series(view, "b"),
    )


def _limit_to_series(view: CompiledView, alias: str) -> str:
    return f" AND {alias}.{quote_name(view.incremental.since)} >= s.since" if view.incremental.since else ""


def index_keys_and_staging(view: CompiledView) -> tuple[str, ...]:
    """Create indexes that let an incremental merge look up rows instead of comparing all with all."""
    return (
        f"CREATE INDEX ON affected_keys ({_list(view.incremental.partition)})",
        f"CREATE INDEX ON staging ({_list(view.spec.key)})",
    )


def delete_gone(view: CompiledView, *, full: bool) -> str:
    """Delete the rows of the keys (in a full build, all rows) that no longer exist."""
    if full:
        return compose(
            "DELETE FROM {table} b WHERE NOT EXISTS (SELECT FROM staging f WHERE {same})",
            table=view.table,
            same=match_columns(view.spec.key, "f", "b"),
        )
    # by ctid and key by key: for a join, the planner would read the whole table for a day's few rows
    return compose(
        "DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT o.place FROM affected_keys s CROSS JOIN LATERAL ("
        "SELECT o.ctid AS place, {key} FROM {table} o WHERE {of_partition}{since} OFFSET 0) o"
        " WHERE NOT EXISTS (SELECT FROM staging f WHERE {same})))",
        table=view.table,
        key=_list(view.spec.key, "o"),
        of_partition=match_columns(view.incremental.partition, "s", "o"),
        since=_limit_to_series(view, "o"),
        same=match_columns(view.spec.key, "f", "o"),
    )


def _choose_run(view: CompiledView) -> str:
    return f"coalesce({'f.' + LAST_RUN_COLUMN if view.incremental.has_run else 's.run_id'}, $1)"


def _join_keys(view: CompiledView) -> str:
    """Join the run that changed a row, unless the row has its own."""
    if view.incremental.has_run:
        return ""
    return f" JOIN affected_keys s ON {match_columns(view.incremental.partition, 's', 'f')}"


def update_changed(view: CompiledView) -> str:
    """Update the rows that differ; `$1` is the build."""
    rest = [column.name for column in view.computed if column.name not in view.spec.key]
    changes = ", ".join(f"{quote_name(name)} = f.{quote_name(name)}" for name in rest if name != LAST_RUN_COLUMN)
    return compose(
        "UPDATE {table} b SET {changes}, last_run_id = {run} FROM staging f{keys} WHERE {same}"
        # compared as text, since readers see 1.0 and 1.00 as different
        " AND ROW({former})::text IS DISTINCT FROM ROW({new})::text",
        table=view.table,
        changes=changes,
        run=_choose_run(view),
        keys=_join_keys(view),
        same=match_columns(view.spec.key, "b", "f"),
        former=_list(rest, "b"),
        new=_list(rest, "f"),
    )


def insert_new(view: CompiledView) -> str:
    """Insert the new rows in the order of the key, as readers of a series look them up; `$1` is the build."""
    names = [column.name for column in view.computed if column.name != LAST_RUN_COLUMN]
    return compose(
        "INSERT INTO {table} ({names}, last_run_id) SELECT {columns}, {run} FROM staging f{keys}"
        " WHERE NOT EXISTS (SELECT FROM {table} b WHERE {same}) ORDER BY {key}",
        table=view.table,
        names=_list(names),
        columns=_list(names, "f"),
        run=_choose_run(view),
        keys=_join_keys(view),
        same=match_columns(view.spec.key, "b", "f"),
        key=_list(view.spec.key, "f"),
    )


def measure_all(view: CompiledView) -> str:
    """Return the row count of a view, and the newest moment of its rows."""
    return compose("SELECT count(*) AS n, max(as_of) AS newest FROM {table}", table=view.table)


def find_double_keys(view: CompiledView) -> str:
    """Return a few keys that occur on more than one row."""
    return compose("SELECT {key} FROM staging GROUP BY {key} HAVING count(*) > 1 LIMIT 3", key=_list(view.spec.key))


def count_nulls(view: CompiledView) -> str:
    """Return, per column that must have a value, the number of rows without one."""
    needed = [c.name for c in view.computed if not c.nullable or c.name in view.spec.key]
    counts = ", ".join(f"count(*) FILTER (WHERE {quote_name(name)} IS NULL) AS {quote_name(name)}" for name in needed)
    return compose("SELECT {counts} FROM staging", counts=counts)
