"""The checks before readers see a build: columns, whole rows, keys, row count, age."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import FatalError
from view_builder import merge
from view_builder.compile import CompiledView

SAMPLE_ROWS = 50
FEW_ROWS = 50
OLDEST_STEP_BACK = timedelta(days=7)

SQL_READ_SHAPE = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
FROM pg_attribute a
WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""


class CheckFailedError(FatalError):
    """A build failed a check; the view is unchanged."""


@dataclass(frozen=True)
class Extent:
    """The row count of a view, and the newest moment of its rows."""

    rows: int | None
    newest: datetime | None


def _fail(view: CompiledView, what: str) -> CheckFailedError:
    return CheckFailedError(
        f"View {view.relation} failed its check and is unchanged: {what}.",
        next_step=f"Check the rows, then run `./sra views build {view.relation}`.",
    )


async def check_staging(connection: Connection, view: CompiledView) -> None:
    """Check the rows of the relation `staging` before they are published; raises CheckFailedError."""
    double = await connection.fetch(merge.find_double_keys(view), timeout=merge.STATEMENT_SECONDS)
    if double:
        keys = "; ".join(", ".join(f"{k}={v}" for k, v in row.items()) for row in double)
        raise _fail(view, f"the key is not unique ({keys})")
    nulls = await connection.fetchrow(merge.count_nulls(view), timeout=merge.STATEMENT_SECONDS)
    empty = {name: count for name, count in (nulls or {}).items() if count}
    if empty:
        listed = ", ".join(f"{name} in {count} rows" for name, count in empty.items())
        raise _fail(view, f"columns that must have a value have none: {listed}")


async def check_shape(connection: Connection, view: CompiledView) -> None:
    """Compare the columns and types in the catalogue with the model's; raises CheckFailedError."""
    rows = await connection.fetch(SQL_READ_SHAPE, view.name)
    found = [(str(row["name"]), str(row["type"])) for row in rows]
    wanted = [(column.name, column.sql_type) for column in view.columns]
    if found != wanted:
        differing = [" ".join(pair) for pair in sorted(set(found) ^ set(wanted))] or ["their order"]
        raise _fail(view, f"the columns are not the model's ({', '.join(differing)})")


async def check_sample(connection: Connection, view: CompiledView) -> int:
    """Validate rows that this build computed against the model; raises CheckFailedError as validate_rows does."""
    if view.spec.incremental is None:
        return await check_sample_of_view(connection, view)
    same = merge.match_columns(view.spec.key, "v", "f")
    return await _validate(
        connection,
        view,
        compose(
            "SELECT v.* FROM (SELECT * FROM {staging} LIMIT {sample_rows}) f JOIN {name} v ON {same}",
            staging=merge.name_staging(view),
            sample_rows=SAMPLE_ROWS,
            name=view.name,
            same=same,
        ),
    )


async def check_sample_of_view(connection: Connection, view: CompiledView) -> int:
    """Validate a sample of the view's rows against the model and return their number; raises CheckFailedError."""
    statement = compose(
        "SELECT * FROM {name} WHERE {sample} LIMIT {sample_rows}",
        name=view.name,
        sample=view.spec.sample,
        sample_rows=SAMPLE_ROWS,
    )
    return await _validate(connection, view, statement)


async def _validate(connection: Connection, view: CompiledView, statement: str) -> int:
    # prepared again: the connection's cached statement may have the columns of the previous definition
    rows = await (await connection.prepare(statement)).fetch()
    validate_rows(view, (dict(row) for row in rows))
    return len(rows)


def validate_rows(view: CompiledView, rows: Iterable[Mapping[str, Any]]) -> None:
    """Validate rows against the model; raises CheckFailedError that names the row and the field."""
    for row in rows:
        try:
            view.model.model_validate(row)
        except ValidationError as error:
            key = ", ".join(f"{name}={row.get(name)}" for name in view.spec.key)
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise _fail(view, f"row {key} does not fit the model at {place}: {first['msg']}") from error


def check_extent(view: CompiledView, before: Extent, after: Extent) -> None:
    """Compare row count and age with those before the build; raises CheckFailedError."""
    limit = view.incremental.max_shrink
    if before.rows is not None and after.rows is not None:
        lost = before.rows - after.rows
        if lost > FEW_ROWS and Decimal(lost) / before.rows > limit:
            raise _fail(view, f"{lost} of {before.rows} rows would disappear, more than {limit:%} at once")
    if before.newest and after.newest and before.newest - after.newest > OLDEST_STEP_BACK:
        raise _fail(view, f"its newest row would be of {after.newest:%Y-%m-%d} and was of {before.newest:%Y-%m-%d}")
    if before.rows and before.rows > FEW_ROWS and after.rows == 0:
        raise _fail(view, "it would be empty")
