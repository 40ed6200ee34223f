"""A lake in a folder or in object storage, and its rows as PyIceberg reads them, for comparison with PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from pyiceberg.table import StaticTable

from sra_shared.kit.db import Pool
from sra_shared.kit.settings import LakeSettings
from sra_testing.timings import QUICK
from view_builder.compile import CompiledView, quote_name
from view_builder.lake.inprocess import LakeResult, publish_in_process
from view_builder.lake.tables import LEFT_OUT

_CONTEXT = Context(prec=200)
Row = Mapping[str, Any]


async def publish(dsn: str, settings: LakeSettings, *, full: bool = False) -> int:
    """Publish a build and return its number; fails if it was not published."""
    result = await try_publishing(dsn, settings, full=full)
    assert result.build is not None, result.task.error_details
    return result.build.build_id


async def try_publishing(dsn: str, settings: LakeSettings, *, full: bool = False) -> LakeResult:
    """Publish a build, with short waits."""
    return await publish_in_process(dsn, settings, full=full, timing=QUICK)


async def list_locations(pool: Pool, build: int) -> dict[str, str]:
    """Return the addresses of the metadata of a build's tables."""
    rows = await pool.fetch("SELECT relation, metadata_location FROM lake_table WHERE build_id = $1", build)
    return {row["relation"]: row["metadata_location"] for row in rows}


async def read_lake(
    pool: Pool, build: int, relation: str, storage: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Return the rows of a table of a build."""
    location = (await list_locations(pool, build))[relation]
    rows: list[dict[str, Any]] = open_table(location, storage).scan().to_arrow().to_pylist()
    return rows


def open_table(location: str, storage: Mapping[str, str] | None = None) -> StaticTable:
    """Return a table by the address of its metadata."""
    return StaticTable.from_metadata(location, dict(storage or {}))


def list_data_files(table: StaticTable) -> set[str]:
    """Return the addresses of the data files of a table."""
    return {task.file.file_path for task in table.scan().plan_files()}


async def find_differences(
    pool: Pool, build: int, views: Sequence[CompiledView], storage: Mapping[str, str] | None = None
) -> list[str]:
    """Return which values of the views are not in the lake to the last digit."""
    found = []
    for view in views:
        if view.relation not in LEFT_OUT:
            rows = await read_lake(pool, build, view.relation, storage)
            found += await _compare(pool, view, rows)
    return found


async def _compare(pool: Pool, view: CompiledView, rows: Sequence[Row]) -> list[str]:
    incremental = view.spec.incremental
    is_series = incremental is not None and incremental.since is not None
    columns = view.stored if is_series else view.columns
    as_text = {column.name for column in columns if column.sql_type in ("jsonb", "uuid", "bytea")}
    read = ", ".join(f"{quote_name(column.name)}{'::text' if column.name in as_text else ''}" for column in columns)
    stored = await pool.fetch(f"SELECT {read} FROM {view.table if is_series else view.name}")  # noqa: S608
    if len(rows) != len(stored):
        return [f"{view.relation}: {len(rows)} rows, not {len(stored)}"]
    # an issuer may have two listings, each with its statements
    key = (*view.spec.key, *(name for name in ("symbol",) if name in {column.name for column in columns}))
    by_key = {tuple(str(row[name]) for name in key): row for row in rows}
    return [
        f"{view.relation} {found}: {column.name} is {_read_exact(by_key[found], column.name)!r}, not {row[column.name]!r}"
        for row in stored
        for found in [tuple(str(row[name]) for name in key)]
        for column in columns
        if not _is_same(by_key[found], column.name, row[column.name])
    ]


def _is_same(row: Row, name: str, expected: Any) -> bool:
    if isinstance(expected, Decimal):
        rounded = expected.quantize(Decimal(1).scaleb(-18), ROUND_HALF_UP, _CONTEXT)
        return _read_exact(row, name) == expected and row[name] == rounded
    return bool(row[name] == expected) and (row[name] is None) == (expected is None)


def _read_exact(row: Row, name: str) -> Any:
    if row.get(f"{name}_exact") is not None:
        return Decimal(row[f"{name}_exact"])
    exact = json.loads(row["exact_values"]) if row.get("exact_values") else {}
    return Decimal(exact[name]) if name in exact else row[name]
