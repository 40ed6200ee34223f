"""Pairs another database's tables with ours, by name or by a map file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sra_shared.kit.db import Connection
from sra_shared.kit.errors import ConfigError
from view_builder.marts import MARTS

MAP_EXAMPLE = '[tables."old.nav"]\nours = "sra.fundata_quotes"\nkey = { identifier = "fund_id", date = "day" }'
SQL_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type
FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
SQL_KEY = """
SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum)) AS names
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
WHERE i.indrelid = to_regclass($1) AND i.indisprimary
"""
SQL_TABLES = """
SELECT n.nspname AS schema, c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
ORDER BY 1, 2
"""


@dataclass(frozen=True)
class ColumnPair:
    """Our column, its type, and the other database's column to compare; `places` is the number of decimals to round to."""

    name: str
    type: str
    theirs: str
    places: int | None = None


@dataclass(frozen=True)
class TablePlan:
    """One comparison: our relation, theirs, the columns that rows are matched by, and the columns that are compared."""

    ours: str
    theirs: str
    key: Sequence[ColumnPair]
    columns: Sequence[ColumnPair] = field(default_factory=tuple)


class TableMap(BaseModel):
    """An entry of a map file for one of their tables; our names are on the left."""

    model_config = ConfigDict(extra="forbid")

    ours: str = Field(description="Our relation, with its schema.")
    key: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, str] | None = Field(None, description="Without it, all columns with the same name.")
    places: dict[str, int] = Field(default_factory=dict, description="Decimals that both values are rounded to.")


def quote_relation(relation: str) -> str:
    """Return a relation's name, with or without a schema, quoted."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in relation.split(".", 1))


def read_map(path: Path) -> dict[str, TableMap]:
    """Return the tables of a map file; raises ConfigError that names the error in it."""
    try:
        found: Any = tomllib.loads(path.read_text(encoding="utf-8")).get("tables")
        if not isinstance(found, dict) or not found:
            raise ConfigError(f"{path} names no table.", next_step=f"Write for each table:\n{MAP_EXAMPLE}")
        return {name: TableMap.model_validate(one) for name, one in found.items()}
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", next_step="Check --map.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8: {error}.", next_step="Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}.", next_step=f"Write for each table:\n{MAP_EXAMPLE}") from error
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise ConfigError(f"{path}: {places}.", next_step=f"Write for each table:\n{MAP_EXAMPLE}") from error


async def plan_tables(ours: Connection, theirs: Connection, wanted: Mapping[str, TableMap] | None) -> list[TablePlan]:
    """Return what to compare.

    Raises ConfigError if a relation, key or column does not exist, or if no names match.
    """
    if wanted is None:
        wanted = await _match_names(ours, theirs)
    return [await _plan_table(ours, theirs, name, table) for name, table in wanted.items()]


async def _match_names(ours: Connection, theirs: Connection) -> dict[str, TableMap]:
    """Match tables by name; our published views take precedence over our raw tables."""
    published = {mart.model.view_name: f"sra.{mart.model.view_name}" for mart in MARTS}
    raw = {row["name"]: f"public.{row['name']}" for row in await ours.fetch(SQL_TABLES) if row["schema"] == "public"}
    known = {**raw, **published}
    found = {
        f"{row['schema']}.{row['name']}": TableMap(ours=known[row["name"]])
        for row in await theirs.fetch(SQL_TABLES)
        if row["name"] in known
    }
    if not found:
        raise ConfigError(
            "No table of the other database has the same name as one of ours.",
            next_step=f"Map the names in a file with --map:\n{MAP_EXAMPLE}",
        )
    return found


async def _plan_table(ours: Connection, theirs: Connection, name: str, table: TableMap) -> TablePlan:
    types = await _read_types(ours, table.ours, "our database")
    other = await _read_types(theirs, name, "the other database")
    key = table.key or {one: one for one in await _find_key(ours, table.ours)}
    if not key:
        raise ConfigError(
            f"{table.ours} has no primary key to match rows by.", next_step=f"Name a key for {name} in --map."
        )
    pairs = {one: one for one in types if one in other} if table.columns is None else table.columns
    for own, foreign in {**key, **pairs}.items():
        for column, there, relation in ((own, types, table.ours), (foreign, other, name)):
            if column not in there:
                raise ConfigError(
                    f"{relation} has no column {column!r}.", next_step=f"Its columns: {', '.join(there)}."
                )
    unknown = sorted(table.places.keys() - pairs.keys())
    if unknown:
        raise ConfigError(f"places of {name} names {unknown[0]!r}, which is not compared.", next_step="Check --map.")
    return TablePlan(
        table.ours,
        name,
        [ColumnPair(own, types[own], foreign) for own, foreign in key.items()],
        [
            ColumnPair(own, types[own], foreign, table.places.get(own))
            for own, foreign in pairs.items()
            if own not in key
        ],
    )


async def _read_types(connection: Connection, relation: str, where: str) -> dict[str, str]:
    types = {row["name"]: row["type"] for row in await connection.fetch(SQL_COLUMNS, quote_relation(relation))}
    if not types:
        raise ConfigError(f"Relation {relation} does not exist in {where}.", next_step="Check its schema and name.")
    return types


async def _find_key(connection: Connection, relation: str) -> Sequence[str]:
    mart = next((one for one in MARTS if relation == f"sra.{one.model.view_name}"), None)
    if mart is not None:
        return mart.spec.key
    return await connection.fetchval(SQL_KEY, quote_relation(relation)) or ()
