"""The statements that exchange the rows of a kept view by key; the text is made of the compiled view alone."""

from __future__ import annotations

from collections.abc import Sequence

from view_builder.compile import LAST_RUN_COLUMN, CompiledView, quote_name

# of one statement: a history of fifty million rows is counted, sorted or indexed in a few minutes each
STATEMENT_SECONDS = 14_400.0


def match_columns(names: Sequence[str], left: str, right: str) -> str:
    """Two relations agree in these columns."""
    return " AND ".join(f"{left}.{quote_name(name)} = {right}.{quote_name(name)}" for name in names)


def _list(names: Sequence[str], alias: str = "") -> str:
    prefix = f"{alias}." if alias else ""
    return ", ".join(f"{prefix}{quote_name(name)}" for name in names)


def create_scope(view: CompiledView) -> str:
    """The scopes to compute, each with the run that touched it."""
    scope, since = _list(view.keyed.scope), view.keyed.since
    day = f"{quote_name(since)} AS since, " if since else ""
    return (
        f"CREATE TEMP TABLE scope ON COMMIT DROP AS SELECT {scope}, {day}{LAST_RUN_COLUMN} AS run_id"  # noqa: S608
        f" FROM {view.backing} WITH NO DATA"
    )


def fill_all_scopes(view: CompiledView) -> str:
    """Every scope there is."""
    scope = _list(view.keyed.scope)
    present = " AND ".join(f"{quote_name(name)} IS NOT NULL" for name in view.keyed.scope)
    into, start = (", since", ", '-infinity'::date") if view.keyed.since else ("", "")
    return (
        f"INSERT INTO scope ({scope}{into}) SELECT DISTINCT {scope}{start}"  # noqa: S608
        f" FROM (\n{view.keyed.all_scopes}\n) a WHERE {present}"
    )


def fill_changed_scopes(view: CompiledView) -> str:
    """The scopes that the runs `$1` touched, each with the one of them that ended last; a series from its earliest day."""
    scope = _list(view.keyed.scope, "c")
    needed = [*view.keyed.scope, *(["since"] if view.keyed.since else [])]
    present = " AND ".join(f"c.{quote_name(name)} IS NOT NULL" for name in needed)
    since = f", min(c.since) OVER (PARTITION BY {scope})" if view.keyed.since else ""
    return (
        f"INSERT INTO scope SELECT DISTINCT ON ({scope}) {scope}{since}, c.run_id FROM (\n{view.changed_scopes}\n) c"  # noqa: S608
        f" LEFT JOIN public.task_execution_log t ON t.task_id = c.run_id WHERE {present}"
        f" ORDER BY {scope}, t.completed_at DESC NULLS LAST, c.run_id"
    )


def fill_next_scopes(view: CompiledView) -> str:
    """The scopes after `$1`, at most `$2` of them, from their beginning."""
    (scope,) = view.keyed.scope
    into, start = (", since", ", '-infinity'::date") if view.keyed.since else ("", "")
    return (
        f"INSERT INTO scope ({quote_name(scope)}{into})"  # noqa: S608
        f" SELECT n.{quote_name(scope)}{start} FROM (\n{view.keyed.next_scopes}\n) n"
    )


def fill_stage(view: CompiledView) -> str:
    """Add the rows of `fresh` to a table that has none of them; `$1` is the build."""
    names = [column.name for column in view.computed if column.name != LAST_RUN_COLUMN]
    return (
        f"INSERT INTO {view.backing} ({_list(names)}, {LAST_RUN_COLUMN})"  # noqa: S608
        f" SELECT {_list(names, 'f')}, {_tell_run(view)} FROM fresh f ORDER BY {_list(view.spec.key, 'f')}"
    )


def show_stage(view: CompiledView) -> str:
    """Have `fresh` be the rows of the stage."""
    names = _list([column.name for column in view.computed])
    return f"CREATE TEMP VIEW fresh AS SELECT {names} FROM {view.stage.backing}"  # noqa: S608


def create_fresh(view: CompiledView, *, full: bool) -> str:
    """The rows of the scopes as they are now."""
    return f"CREATE TEMP TABLE fresh ON COMMIT DROP AS\n{view.select_all_rows if full else view.select_rows}"


def create_part(view: CompiledView) -> str:
    """The rows of the scopes for a table of a build that is not published yet, which has no index."""
    return f"CREATE TEMP TABLE fresh ON COMMIT DROP AS\n{view.select_part_rows}"


def name_told(view: CompiledView) -> str:
    """What `fresh` is called when the rows are exchanged, until the end of the transaction."""
    return quote_name(f"fresh_{view.kept_as}")


def put_aside(view: CompiledView) -> tuple[str, ...]:
    """Make room for the scopes and rows of another view."""
    return ("DROP TABLE scope", f"ALTER TABLE fresh RENAME TO {name_told(view)}")


def count_kept(view: CompiledView) -> str:
    """The rows that readers have of the scopes, in a series from the day on that changed."""
    since = f" AND b.{quote_name(view.keyed.since)} >= s.since" if view.keyed.since else ""
    return (
        "SELECT coalesce(sum(k.n), 0)::bigint FROM scope s CROSS JOIN LATERAL ("  # noqa: S608
        f"SELECT count(*) AS n FROM {view.backing} b WHERE {match_columns(view.keyed.scope, 's', 'b')}{since}) k"
    )


def index_scope_and_fresh(view: CompiledView) -> tuple[str, ...]:
    """Indexes that let the statements of an incremental exchange look up instead of comparing all with all."""
    return (
        f"CREATE INDEX ON scope ({_list(view.keyed.scope)})",
        f"CREATE INDEX ON fresh ({_list(view.spec.key)})",
    )


def delete_gone(view: CompiledView, *, full: bool) -> str:
    """Take away the rows of the scopes (all rows in a full build) that are no more."""
    if full:
        return (
            f"DELETE FROM {view.backing} b"  # noqa: S608
            f" WHERE NOT EXISTS (SELECT FROM fresh f WHERE {match_columns(view.spec.key, 'f', 'b')})"
        )
    since = f" AND o.{quote_name(view.keyed.since)} >= s.since" if view.keyed.since else ""
    # by place, and scope by scope: a join would have the planner read the whole table for the few rows of a day
    return (
        f"DELETE FROM {view.backing} WHERE ctid = ANY(ARRAY(SELECT o.place FROM scope s CROSS JOIN LATERAL ("  # noqa: S608
        f"SELECT o.ctid AS place, {_list(view.spec.key, 'o')} FROM {view.backing} o"
        f" WHERE {match_columns(view.keyed.scope, 's', 'o')}{since} OFFSET 0) o"
        f" WHERE NOT EXISTS (SELECT FROM fresh f WHERE {match_columns(view.spec.key, 'f', 'o')})))"
    )


def _tell_run(view: CompiledView) -> str:
    return f"coalesce({'f.' + LAST_RUN_COLUMN if view.keyed.tells_run else 's.run_id'}, $1)"


def _join_scope(view: CompiledView) -> str:
    """What a row does not tell itself, the run that touched it, its scope tells."""
    return "" if view.keyed.tells_run else f" JOIN scope s ON {match_columns(view.keyed.scope, 's', 'f')}"


def update_changed(view: CompiledView) -> str:
    """Write the rows that differ; `$1` is the build."""
    rest = [column.name for column in view.computed if column.name not in view.spec.key]
    changes = ", ".join(f"{quote_name(name)} = f.{quote_name(name)}" for name in rest if name != LAST_RUN_COLUMN)
    # compared as text, so that 1.0 and 1.00 differ as readers see them differ
    differs = f"ROW({_list(rest, 'b')})::text IS DISTINCT FROM ROW({_list(rest, 'f')})::text"
    return (
        f"UPDATE {view.backing} b SET {changes}, {LAST_RUN_COLUMN} = {_tell_run(view)}"  # noqa: S608
        f" FROM fresh f{_join_scope(view)} WHERE {match_columns(view.spec.key, 'b', 'f')} AND {differs}"
    )


def insert_new(view: CompiledView) -> str:
    """Add the rows that were not there, in the order of the key, as readers of a series find them; `$1` is the build."""
    names = [column.name for column in view.computed if column.name != LAST_RUN_COLUMN]
    return (
        f"INSERT INTO {view.backing} ({_list(names)}, {LAST_RUN_COLUMN})"  # noqa: S608
        f" SELECT {_list(names, 'f')}, {_tell_run(view)} FROM fresh f{_join_scope(view)}"
        f" WHERE NOT EXISTS (SELECT FROM {view.backing} b WHERE {match_columns(view.spec.key, 'b', 'f')})"
        f" ORDER BY {_list(view.spec.key, 'f')}"
    )


def find_double_keys(view: CompiledView) -> str:
    """A few keys that stand on more than one row."""
    key = _list(view.spec.key)
    return f"SELECT {key} FROM fresh GROUP BY {key} HAVING count(*) > 1 LIMIT 3"  # noqa: S608


def count_nulls(view: CompiledView) -> str:
    """Per column that must have a value, the rows without one."""
    needed = [c.name for c in view.computed if not c.nullable or c.name in view.spec.key]
    counts = ", ".join(f"count(*) FILTER (WHERE {quote_name(name)} IS NULL) AS {quote_name(name)}" for name in needed)
    return f"SELECT {counts} FROM fresh"  # noqa: S608
