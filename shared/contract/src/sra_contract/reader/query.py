"""From a model and what is wanted of it to one statement; the columns and the key are those of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sra_contract.base import Column, ViewModel, list_columns
from sra_contract.reader.errors import UnknownColumnError

JSON = "jsonb"


@dataclass(frozen=True)
class Between:
    """A filter: the values from `low` to `high`, both included; None leaves that side open."""

    low: Any = None
    high: Any = None


@dataclass(frozen=True)
class Order:
    """A column to order by; rows without a value come last in both directions."""

    column: Column
    is_descending: bool

    @property
    def sql(self) -> str:
        """The column as it is in ORDER BY. A column without NULLs keeps the direction that a plain index has."""
        last = " NULLS LAST" if self.column.nullable else ""
        return f"{quote(self.column.name)} DESC{last}" if self.is_descending else quote(self.column.name)


@dataclass(frozen=True)
class Wanted:
    """What to read of a model: filters by column, order, number of rows, the row to continue after, columns (default all).

    `arguments` are those of the model's function, by name.
    """

    model: type[ViewModel]
    filters: Mapping[str, Any]
    order_by: tuple[Order, ...] = ()
    limit: int | None = None
    after: Mapping[str, Any] | None = None
    columns: tuple[Column, ...] = ()
    arguments: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Query:
    """A statement and its arguments."""

    text: str
    arguments: tuple[Any, ...]


def quote(name: str) -> str:
    """Return the name of a column of a model as SQL."""
    return f'"{name}"'


@cache
def index_columns(model: type[ViewModel]) -> Mapping[str, Column]:
    """Return the columns of a model by name."""
    return {column.name: column for column in list_columns(model)}


def find_column(model: type[ViewModel], name: str, *, comparable: bool = False) -> Column:
    """Return a column; raises UnknownColumnError if the model lacks it, or if it is a list and has to be comparable."""
    column = index_columns(model).get(name)
    if column is None:
        raise UnknownColumnError(
            f"{model.__name__} has no column {name!r}. Its columns: {', '.join(index_columns(model))}."
        )
    if comparable and column.sql_type == JSON:
        raise UnknownColumnError(f"{model.__name__}.{name} is a list. Filter and order by other columns.")
    return column


def parse_order(model: type[ViewModel], order_by: str | Sequence[str]) -> tuple[Order, ...]:
    """Return the order by columns, `-name` for descending, followed by the rest of the key so that it is total."""
    names = [order_by] if isinstance(order_by, str) else list(order_by)
    wanted = [
        Order(find_column(model, name.removeprefix("-"), comparable=True), name.startswith("-")) for name in names
    ]
    present = {order.column.name for order in wanted}
    rest = [Order(find_column(model, name), False) for name in model.view_key if name not in present]
    return (*wanted, *rest)


def compose(wanted: Wanted) -> Query:
    """Return the statement."""
    values: list[Any] = []
    source = f"sra.{wanted.model.view_function or wanted.model.relation()}"
    if wanted.model.view_function is not None:
        source += f"({_pass_arguments(wanted.arguments or {}, values)})"
    conditions = [
        _compare(find_column(wanted.model, name, comparable=True), value, values)
        for name, value in wanted.filters.items()
    ]
    if wanted.after is not None:
        conditions.append(_continue(wanted.order_by, wanted.after, values))
    columns = wanted.columns or tuple(index_columns(wanted.model).values())
    parts = [f"SELECT {', '.join(map(_select, columns))} FROM {source}"]  # noqa: S608 - names of the model
    parts += [f"WHERE {' AND '.join(conditions)}"] if conditions else []
    parts += [f"ORDER BY {', '.join(order.sql for order in wanted.order_by)}"] if wanted.order_by else []
    parts += [f"LIMIT {wanted.limit:d}"] if wanted.limit is not None else []
    return Query(" ".join(parts), tuple(values))


def _select(column: Column) -> str:
    """Lists are read as text, whatever a pool makes of jsonb, so that no number of them passes through a float."""
    name = quote(column.name)
    return f"{name}::text AS {name}" if column.sql_type == JSON else name


def _pass_arguments(arguments: Mapping[str, Any], values: list[Any]) -> str:
    return ", ".join(f"{quote(name)} => {_add(value, values)}" for name, value in arguments.items())


def _add(value: Any, values: list[Any]) -> str:
    values.append(value)
    return f"${len(values)}"


def _compare(column: Column, value: Any, values: list[Any]) -> str:
    name = quote(column.name)
    match value:
        case None:
            return f"{name} IS NULL"
        case Between(low=low, high=high):
            bounds = [f"{name} >= {_add(low, values)}"] if low is not None else []
            bounds += [f"{name} <= {_add(high, values)}"] if high is not None else []
            return " AND ".join(bounds) or f"{name} IS NOT NULL"
        case list() | tuple() | set() | frozenset():
            return f"{name} = ANY({_add(list(value), values)})"
    return f"{name} = {_add(value, values)}"


def _continue(order_by: Sequence[Order], after: Mapping[str, Any], values: list[Any]) -> str:
    """Return the condition of the rows after a row.

    It compares rows where it can, because only that condition is looked up in an index of several columns.
    """
    directions = {order.is_descending for order in order_by}
    if len(directions) == 1 and not any(order.column.nullable for order in order_by):
        names = ", ".join(quote(order.column.name) for order in order_by)
        marks = ", ".join(_add(after[order.column.name], values) for order in order_by)
        return f"({names}) {'<' if True in directions else '>'} ({marks})"
    reached: list[str] = []
    choices = []
    for order in order_by:
        name, value = quote(order.column.name), after[order.column.name]
        if value is None:
            reached.append(f"{name} IS NULL")
            continue
        mark = _add(value, values)
        later = f"{name} {'<' if order.is_descending else '>'} {mark}"
        later = f"({later} OR {name} IS NULL)" if order.column.nullable else later
        choices.append(" AND ".join([*reached, later]))
        reached.append(f"{name} = {mark}")
    return f"({' OR '.join(choices)})" if choices else "false"
