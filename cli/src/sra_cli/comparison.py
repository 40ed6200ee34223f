"""Row-by-row comparison of two databases' tables: each is read once, in the order of the key, in bounded memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, TypeAlias

import asyncpg

from sra_cli.compare_map import ColumnPair, TablePlan, quote_relation
from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import ConfigError

_PREFETCH = 2000
_REPORT_EVERY = 1_000_000
_MOST_TEXT = 200
_NUMBERS = frozenset({"numeric", "double precision", "real"})

Row: TypeAlias = "tuple[tuple[str, ...], tuple[str | None, ...]]"
"""Key and values of a row, as text."""


@dataclass
class TableResult:
    """The result of one comparison; examples are the first ones found of each kind."""

    ours: str
    theirs: str
    rows_here: int = 0
    rows_there: int = 0
    matched: int = 0
    only_here: int = 0
    only_there: int = 0
    different: int = 0
    repeated_here: int = 0
    repeated_there: int = 0
    without_key_here: int = 0
    without_key_there: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def is_same(self) -> bool:
        """Whether both sides have the same rows."""
        odd = (self.only_here, self.only_there, self.different, self.repeated_here, self.repeated_there)
        return not any((*odd, self.without_key_here, self.without_key_there))


class Comparison:
    """Compares tables over two connections, each in a read-only transaction of its caller."""

    def __init__(
        self, ours: Connection, theirs: Connection, *, examples: int = 5, report: Callable[[str], None] = lambda _: None
    ) -> None:
        self._ours = ours
        self._theirs = theirs
        self._examples = examples
        self._report = report

    async def compare(self, plan: TablePlan) -> TableResult:
        """Return the differences between their table and ours.

        Raises ConfigError if one of their values cannot be read as the type of our column.
        """
        result = TableResult(plan.ours, plan.theirs, columns={column.name: 0 for column in plan.columns})
        try:
            await self._merge(plan, result)
        except asyncpg.DataError as error:
            raise ConfigError(
                f"A value of {plan.theirs} cannot be read as the type of our column in {plan.ours}: {error}.",
                next_step="Omit its column in --map, or compare it with a column of the same type.",
            ) from error
        return result

    async def _merge(self, plan: TablePlan, result: TableResult) -> None:
        here = self._read(self._ours, write_query(plan, is_ours=True), plan, result, "here")
        there = self._read(self._theirs, write_query(plan, is_ours=False), plan, result, "there")
        one, other = await anext(here, None), await anext(there, None)
        while one is not None or other is not None:
            if other is None or (one is not None and one[0] < other[0]):
                result.only_here += 1
                self._keep(result, "only_here", plan, _require(one)[0])
                one = await anext(here, None)
            elif one is None or other[0] < one[0]:
                result.only_there += 1
                self._keep(result, "only_there", plan, other[0])
                other = await anext(there, None)
            else:
                self._match(plan, result, one, other)
                one, other = await anext(here, None), await anext(there, None)

    async def _read(
        self, connection: Connection, query: str, plan: TablePlan, result: TableResult, side: str
    ) -> AsyncIterator[Row]:
        """Yield the rows of one side in order of their keys, each key once; counts rows with a null or repeated key."""
        width, last = len(plan.key), None
        async for record in connection.cursor(query, prefetch=_PREFETCH):
            rows = getattr(result, f"rows_{side}") + 1
            setattr(result, f"rows_{side}", rows)
            if rows % _REPORT_EVERY == 0:
                self._report(f"{plan.ours}: {rows:,} rows read {side}")
            values = tuple(record)
            key = values[:width]
            if None in key:
                setattr(result, f"without_key_{side}", getattr(result, f"without_key_{side}") + 1)
            elif key == last:
                setattr(result, f"repeated_{side}", getattr(result, f"repeated_{side}") + 1)
                self._keep(result, f"repeated_{side}", plan, key)
            else:
                last = key
                yield key, values[width:]

    def _match(self, plan: TablePlan, result: TableResult, one: Row, other: Row) -> None:
        result.matched += 1
        if one[1] == other[1]:
            return
        differing = {
            column.name: {"here": _shorten(mine), "there": _shorten(their)}
            for column, mine, their in zip(plan.columns, one[1], other[1], strict=True)
            if mine != their and not are_equal(column, mine, their)
        }
        if differing:
            result.different += 1
            for name in differing:
                result.columns[name] += 1
            self._keep(result, "different", plan, one[0], differing)

    def _keep(
        self, result: TableResult, kind: str, plan: TablePlan, key: Sequence[str], values: dict[str, Any] | None = None
    ) -> None:
        kept = result.examples.setdefault(kind, [])
        if len(kept) < self._examples:
            named = {column.name: _shorten(value) for column, value in zip(plan.key, key, strict=True)}
            kept.append({"key": named, **({"values": values} if values else {})})


def write_query(plan: TablePlan, *, is_ours: bool) -> str:
    """Return the query of one side: each column as text of our type, in the order of the key by code points."""
    columns = [*plan.key, *plan.columns]
    fields = ", ".join(_write_field(column, is_ours=is_ours) for column in columns)
    relation = quote_relation(plan.ours if is_ours else plan.theirs)
    names = ", ".join(f"c{number}" for number in range(1, len(columns) + 1))
    order = ", ".join(f'c{number} COLLATE "C"' for number in range(1, len(plan.key) + 1))
    return compose(
        "SELECT * FROM (SELECT {fields} FROM {relation} t) AS t ({names}) ORDER BY {order}",
        fields=fields,
        relation=relation,
        names=names,
        order=order,
    )


def _write_field(column: ColumnPair, *, is_ours: bool) -> str:
    name = column.name if is_ours else column.theirs
    quoted = 't."' + name.replace('"', '""') + '"'
    return f"{quoted}::text" if is_ours else f"{quoted}::{column.type}::text"


def are_equal(column: ColumnPair, one: str | None, other: str | None) -> bool:
    """Whether two texts of a column's type are the same value; numbers are compared as numbers."""
    if one is None or other is None or column.type not in _NUMBERS:
        return one == other
    first, second = Decimal(one), Decimal(other)
    if column.places is not None and first.is_finite() and second.is_finite():
        step = Decimal(1).scaleb(-column.places)
        first, second = (value.quantize(step, ROUND_HALF_UP) for value in (first, second))
    return first == second


def _shorten(text: str | None) -> str | None:
    return text if text is None or len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}..."


def _require(row: Row | None) -> Row:
    assert row is not None  # noqa: S101 - the row exists on one of the sides
    return row
