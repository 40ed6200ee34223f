"""Derives the raw columns of each published column from the SQL files. Needs sqlglot, a development dependency.

The origins of a value are the columns that it is computed from, through core, other views and subqueries. Conditions that
select rows are not included. A function's result depends on all of its arguments. `scripts/write_lineage` stores the result
in `lineage.json`, which the product reads. An expression that cannot be resolved raises KeyError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

import sqlglot
from sqlglot import exp

from view_builder.sql_files import read_core, read_mart

Origins = frozenset[str]
Columns = Mapping[str, Origins]
TableColumns = Callable[[str], Sequence[str]]
NOTHING: Origins = frozenset[str]()
_BODY = re.compile(r"AS (?:\$\$(.*)\$\$)|\bAS\n(.*)", re.DOTALL)


class Scope:
    """The meaning of a query's names: relations by alias, common table expressions, and parameters of the function."""

    def __init__(self, outer: Scope | None, parameters: Columns) -> None:
        self.outer = outer
        self.parameters = parameters
        self.relations: dict[str, Columns] = {}
        self.common: dict[str, Columns] = {}

    def find_common(self, name: str) -> Columns | None:
        """Return the columns of a common table expression."""
        if name in self.common:
            return self.common[name]
        return self.outer.find_common(name) if self.outer else None

    def find(self, column: str, relation: str) -> Origins:
        """Return the origins of a column; a name without a relation may be a parameter, an unknown one raises KeyError."""
        found = [one for alias, one in self.relations.items() if relation in ("", alias) and column in one]
        if found:
            return frozenset[str]().union(*(one[column] for one in found))
        if not relation and column in self.parameters:
            return self.parameters[column]
        if not relation and column in self.relations:
            return frozenset[str]().union(*self.relations[column].values())
        if self.outer is not None:
            return self.outer.find(column, relation)
        raise KeyError(f"{relation}.{column}" if relation else column)


class Lineage:
    """Resolves the columns of the published views; `table_columns` returns the columns of a raw table."""

    def __init__(self, table_columns: TableColumns) -> None:
        self._table_columns = table_columns
        self._views: dict[str, Columns] = {}
        self._own: list[str] = []

    def resolve_view(self, name: str) -> Columns:
        """Return the raw columns behind each column of a published view."""
        if name not in self._views:
            sql = read_mart(name)
            self._own.append(name)
            # for most views the build writes last_run_id, because it knows the run that changed each key
            self._views[name] = {"last_run_id": NOTHING, **self._resolve_text(sql["rows"])}
            # the query that reads the materialized rows refers to their columns
            if "read" in sql:
                self._views[name] = {**self._views[name], **self._resolve_text(sql["read"])}
            self._own.pop()
        return self._views[name]

    def _resolve_text(self, text: str) -> Columns:
        return self._resolve_query(sqlglot.parse_one(text, read="postgres"), Scope(None, {}))

    def _resolve_query(self, node: exp.Expr, outer: Scope) -> Columns:
        node = node.unnest()
        scope = Scope(outer, outer.parameters)
        for common in node.args["with_"].expressions if node.args.get("with_") else ():
            scope.common[common.alias] = self._resolve_query(common.this, scope)
        if isinstance(node, exp.SetOperation):
            left, right = self._resolve_query(node.this, scope), self._resolve_query(node.expression, scope)
            return {name: left[name] | other for name, other in zip(left, right.values(), strict=True)}
        if isinstance(node, exp.Values):
            return self._resolve_values(node, outer)
        for source in [node.args.get("from_"), *(node.args.get("joins") or ())]:
            if source is not None:
                self._add_relation(source.this, scope)
        columns: dict[str, Origins] = {}
        for place, item in enumerate(node.expressions):
            self._add_column(columns, item, scope, place)
        return columns

    def _resolve_values(self, node: exp.Values, scope: Scope) -> Columns:
        rows = [[self._find_origins(cell, scope) for cell in row.expressions] for row in node.expressions]
        return {f"column{place}": NOTHING.union(*cells) for place, cells in enumerate(zip(*rows, strict=True), 1)}

    def _add_column(self, columns: dict[str, Origins], item: exp.Expr, scope: Scope, place: int) -> None:
        if isinstance(item, exp.Star):
            for relation in scope.relations.values():
                columns.update(relation)
        elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
            columns.update(scope.relations[item.table])
        else:
            name = item.alias_or_name or f"column{place + 1}"
            columns[name if name not in columns else f"{name}{place}"] = self._find_origins(item, scope)

    def _add_relation(self, node: exp.Expr, scope: Scope) -> None:
        lateral = node.this if isinstance(node, exp.Lateral) else node
        alias = node.args.get("alias") or lateral.args.get("alias")
        name = alias.name if alias else node.alias_or_name
        columns = self._resolve_relation(lateral, scope)
        given = [column.name for column in alias.args.get("columns") or ()] if alias else []
        if isinstance(lateral, exp.Unnest) and isinstance(lateral.args.get("offset"), exp.Expr):
            given.append(lateral.args["offset"].name)
        if given:
            columns = dict(zip(given, [*columns.values(), *[NOTHING] * len(given)], strict=False))
        scope.relations[name] = columns

    def _resolve_relation(self, node: exp.Expr, scope: Scope) -> Columns:
        if isinstance(node, exp.Subquery | exp.Values | exp.Select | exp.SetOperation):
            return self._resolve_query(node, scope)
        if isinstance(node, exp.Unnest):
            return {f"column{n}": self._find_origins(part, scope) for n, part in enumerate(node.expressions)}
        call, schema = self._find_call(node)
        if call is not None:
            arguments = [self._find_origins(argument, scope) for argument in call.expressions]
            return (
                self._resolve_function(call.name, arguments)
                if schema == "core"
                else {"column1": NOTHING.union(*arguments)}
            )
        return self._resolve_table(node.name, node.args["db"].name if node.args.get("db") else "", scope)

    @staticmethod
    def _find_call(node: exp.Expr) -> tuple[exp.Anonymous | exp.Func | None, str]:
        if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Func):
            return node.expression, node.this.name
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Func):
            return node.this, node.args["db"].name if node.args.get("db") else ""
        return (node, "") if isinstance(node, exp.Func) else (None, "")

    def _resolve_table(self, name: str, schema: str, scope: Scope) -> Columns:
        common = scope.find_common(name)
        if not schema and common is not None:
            return common
        if schema == "core":
            return self._resolve_function(name, [])
        if schema in ("sra", "published"):
            return self.resolve_view(name)
        if name == "materialized_rows":
            return self._views.get(self._own[-1]) or dict.fromkeys(
                ("date", "adjustment_factor", "navps", "identifier"), NOTHING
            )
        if name == "affected_keys":
            keys = self._resolve_text(read_mart(self._own[-1])["keys"])
            return {**keys, "since": NOTHING, "run_id": NOTHING}
        return {column: frozenset({f"{name}.{column}"}) for column in self._table_columns(name)}

    def _resolve_function(self, name: str, arguments: Sequence[Origins]) -> Columns:
        statement = read_core()[name].statement
        body, parameters, results = _split_statement(statement)
        given = dict.fromkeys(parameters, NOTHING) | dict(zip(parameters, arguments, strict=False))
        columns = self._resolve_query(sqlglot.parse_one(body, read="postgres"), Scope(None, given))
        return dict(zip(results, columns.values(), strict=True)) if results else columns

    def _find_origins(self, node: exp.Expr, scope: Scope) -> Origins:
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier):
            return scope.find(node.name, node.table)
        if isinstance(node, exp.Subquery | exp.Select):
            return NOTHING.union(*self._resolve_query(node, scope).values())
        if isinstance(node, exp.JSONExtractScalar) and isinstance(node.this, exp.Column):
            return self._name_members(node, scope)
        found = NOTHING.union(*map(partial(self._find_origins, scope=scope), _list_children(node)))
        if not found and isinstance(node, exp.Window) and node.args.get("order"):
            # a rank depends only on the columns that it is ordered by
            found = self._find_origins(node.args["order"], scope)
        return found

    def _name_members(self, node: exp.JSONExtractScalar, scope: Scope) -> Origins:
        key = node.expression.find(exp.JSONPathKey) or node.expression
        name = key.this if isinstance(key, exp.JSONPathKey) else key.name
        return frozenset(f"{origin}.{name}" for origin in self._find_origins(node.this, scope)) or NOTHING


def _list_children(node: exp.Expr) -> list[exp.Expr]:
    """Return the parts of an expression that its value depends on.

    A condition is included, the order of an aggregate's values is not.
    """
    if isinstance(node, exp.Exists):
        return []
    # for a function with a schema, skip the name, which the parser reads as a column before FILTER
    if isinstance(node, exp.Dot) and not isinstance(node.expression, exp.Identifier):
        return [node.expression]
    if isinstance(node, exp.Column | exp.Window) or (isinstance(node, exp.Order) and isinstance(node.this, exp.Expr)):
        return [node.this]
    return list(node.iter_expressions())


@cache
def _split_statement(statement: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return the body of a view or function, and the names of its parameters and of its result's columns."""
    body = _BODY.search(statement)
    if body is None:
        raise ValueError(f"no body in: {statement[:80]}")
    head = statement[: body.start()]
    signature = re.search(r"core\.\w+\((.*?)\)\s*RETURNS", head, re.DOTALL)
    parameters = tuple(_name_parts(signature[1])) if signature else ()
    result = re.search(r"RETURNS TABLE \((.*)\)\s*LANGUAGE", head, re.DOTALL)
    return (body[1] or body[2]).strip().rstrip(";"), parameters, tuple(_name_parts(result[1])) if result else ()


def _name_parts(text: str) -> list[str]:
    return [part.split()[0] for part in text.split(",") if part.strip()]
