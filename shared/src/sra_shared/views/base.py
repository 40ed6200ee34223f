"""What a view model is: a Pydantic model whose fields are the columns, and a specification of how the rows come about."""

from __future__ import annotations

import types
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Literal, Union, get_args, get_origin
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from sra_shared.errors import ConfigError

AS_OF = "When the newest source record behind this row was stored, in UTC."
KEPT_ROWS = "materialized_rows"
KEPT_AS = "'materialized_as'"
LAST_RUN = "The run that last changed this row: the ingest run behind it, or the build where a new query did."

_SQL_TYPES: dict[type, str] = {
    str: "text",
    bytes: "bytea",
    int: "bigint",
    Decimal: "numeric",
    bool: "boolean",
    date: "date",
    datetime: "timestamp with time zone",
    UUID: "uuid",
}


@dataclass(frozen=True)
class Col:
    """What a column needs besides its Python type: the unit of its values and, where it is narrower, its SQL type."""

    unit: str | None = None
    sql_type: str | None = None


@dataclass(frozen=True)
class Column:
    """A column of a view as the database shall show it."""

    name: str
    sql_type: str
    nullable: bool
    unit: str | None
    description: str

    @property
    def comment(self) -> str:
        """The description with the unit, as it stands in the database."""
        return f"{self.description} Unit: {self.unit}." if self.unit else self.description


@dataclass(frozen=True)
class Source:
    """A raw table that a view reads, and the datasets of it that matter; none named means all of that vendor."""

    table: str
    vendor: Literal["fmp", "fundata"]
    datasets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Keyed:
    """Rows are kept in a backing table and exchanged by key, for pages and aggregates.

    `scope` are the key columns that delimit what is computed anew; the view's query reads them from the relation `scope`.
    `all_scopes` selects every scope; each of `changed_scopes` selects the scopes that the runs `$1` (uuid[]) touched, and
    the run. `max_shrink` is the share of rows that one build may take away.

    With `since`, a date of the key, a scope is a series: `scope` and each of `changed_scopes` have a column `since` too,
    the day from which on rows are computed and exchanged; earlier ones stay. With `tells_run` the query delivers
    last_run_id. `on_read` are columns (name, expression over `b`, the row, and what `read_join` joins to it) that are not
    stored, because they would change on rows whose sources did not; `shown_as` are such expressions for columns that are
    stored as the query delivers them and shown otherwise. `read_query` delivers all columns from the kept rows instead, of
    which `on_read` then has the names. `full_query` gives the rows of all scopes by another
    plan, where reading whole tables once is better than looking up every scope. With `looks_up` a build of some scopes
    never reads a table whole, where the planner would: it takes the rows of a run for many while the ledger has few runs.

    `next_scopes` is for a series so long that its first build is made in parts: it selects the scopes after `$1` (text), at
    most `$2` of them, in order. Such a view has one scope column and tells its runs. The query reads the rows kept so far
    from the relation `KEPT_ROWS`, since they may lie in the table of a build that is not published yet, and the runs that
    are in them from `published_run` under the name `KEPT_AS`.
    """

    scope: tuple[str, ...]
    all_scopes: str
    changed_scopes: tuple[str, ...]
    indexes: tuple[str, ...] = ()
    max_shrink: Decimal = Decimal("0.2")
    since: str | None = None
    tells_run: bool = False
    on_read: tuple[tuple[str, str], ...] = ()
    shown_as: tuple[tuple[str, str], ...] = ()
    read_join: str = ""
    read_query: str | None = None
    full_query: str | None = None
    looks_up: bool = False
    next_scopes: str | None = None


@dataclass(frozen=True)
class SqlFunction:
    """A function in schema sra: its name, arguments, result and one SELECT, so that the planner can inline it."""

    name: str
    arguments: str
    argument_types: str
    result: str
    body: str
    description: str


@dataclass(frozen=True)
class ViewSpec:
    """How a view comes about; `keyed` None means a plain view over `query`.

    `published_with` are kept views, among those that it uses, whose rows are put to its own as it is read: all of them are
    published in one commit, so that no reader meets one build of these and another of those.
    """

    name: str
    key: tuple[str, ...]
    query: str
    sources: tuple[Source, ...]
    version: int = 1
    uses: tuple[str, ...] = ()
    published_with: tuple[str, ...] = ()
    keyed: Keyed | None = None
    functions: tuple[SqlFunction, ...] = ()
    used_indexes: tuple[str, ...] = ()

    @property
    def relation(self) -> str:
        """Name in the database: a breaking change stands beside the former version under a name of its own."""
        return self.name if self.version == 1 else f"{self.name}_v{self.version}"


class ViewModel(BaseModel):
    """Base of all view models; the docstring of a model becomes the comment on its view."""

    # the models are many, wide and mostly read for their fields: validators are built where one is used
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    spec: ClassVar[ViewSpec]


def list_columns(model: type[ViewModel]) -> tuple[Column, ...]:
    """Return the columns of a view in order; raises ConfigError for a field without description or with a type unknown here."""
    return tuple(_make_column(model, name, field) for name, field in model.model_fields.items())


def _make_column(model: type[ViewModel], name: str, field: FieldInfo) -> Column:
    if not field.description:
        raise ConfigError(f"{model.__name__}.{name} has no description.", next_step="Describe it in its Field.")
    if not field.is_required():
        raise ConfigError(f"{model.__name__}.{name} has a default.", next_step="A view always has all its columns.")
    marks = [mark for mark in field.metadata if isinstance(mark, Col)]
    mark = marks[0] if marks else Col()
    python_type, nullable = _split_optional(field.annotation)
    return Column(name, mark.sql_type or _map_type(model, name, python_type), nullable, mark.unit, field.description)


def _split_optional(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    arguments = get_args(annotation)
    inner = [argument for argument in arguments if argument is not type(None)]
    return (inner[0] if len(inner) == 1 else annotation), len(inner) < len(arguments)


def _map_type(model: type[ViewModel], name: str, python_type: Any) -> str:
    origin = get_origin(python_type) or python_type
    if origin in _SQL_TYPES:
        return _SQL_TYPES[origin]
    if origin in (list, dict) or (isinstance(origin, type) and issubclass(origin, BaseModel)):
        return "jsonb"
    if origin is Literal:
        return "text"
    raise ConfigError(
        f"{model.__name__}.{name} has the type {python_type}, which has no SQL type.", next_step="Map it."
    )
