"""From a view model to SQL: pure, no database, no settings, the same text every time."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sra_contract.base import Column, ViewModel, list_columns
from view_builder.lineage import describe_origins
from view_builder.reserved import RESERVED_WORDS
from view_builder.spec import KEPT_AS, KEPT_ROWS, Keyed, Mart, SqlFunction, ViewSpec
from view_builder.sql_files import find_core

LAST_RUN_COLUMN = "last_run_id"
_STAGE = "__next"

_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def quote_name(name: str) -> str:
    """Return an identifier as SQL, quoted where it needs be."""
    is_plain = _PLAIN_NAME.fullmatch(name) and name not in RESERVED_WORDS
    return name if is_plain else '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Return a text literal."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class CompiledView:
    """A view as statements; `digest` changes with anything that changes the rows or the columns.

    `bases` are the kept views that it is computed from, those of the views that it uses included, and `known_datasets` all
    that the views compiled with it read. `companions` are those of the bases that are published in the same commit. A
    `stage` is the same view over the table of a build that is not published yet; what it lacks its companions may lack.
    """

    model: type[ViewModel]
    spec: ViewSpec
    columns: tuple[Column, ...]
    digest: str
    bases: tuple[CompiledView, ...] = ()
    companions: tuple[CompiledView, ...] = ()
    known_datasets: frozenset[str] = frozenset()
    is_stage: bool = False

    @property
    def relation(self) -> str:
        """Its name in schema sra."""
        return self.model.relation()

    @property
    def name(self) -> str:
        """The view as SQL names it."""
        return f"sra.{quote_name(self.relation)}"

    @property
    def kept_as(self) -> str:
        """Name of the table behind a keyed view, under which the ledger notes what it holds."""
        return f"{self.relation}{_STAGE}" if self.is_stage else self.relation

    @property
    def backing(self) -> str:
        """The table behind a keyed view as SQL names it."""
        return f"published.{quote_name(self.kept_as)}"

    @property
    def stage(self) -> CompiledView:
        """The view over the table in which a build of all its rows comes about."""
        beside = {companion.relation for companion in self.companions}
        return replace(self, is_stage=True, bases=tuple(base for base in self.bases if base.relation not in beside))

    @property
    def contract(self) -> dict[str, Any]:
        """What readers rely on, as kept in the database to compare the next model with."""
        columns = [{"name": c.name, "type": c.sql_type, "nullable": c.nullable, "unit": c.unit} for c in self.columns]
        return {"columns": columns, "key": list(self.spec.key)}

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns of the table behind a keyed view."""
        on_read = self.spec.keyed.on_read if self.spec.keyed is not None else ()
        return tuple(c for c in self.columns if c.name not in on_read)

    @property
    def computed(self) -> tuple[Column, ...]:
        """The columns that the query delivers; the run that last changed a kept row is put in when rows are exchanged."""
        keyed = self.spec.keyed
        return tuple(c for c in self.stored if keyed is None or keyed.tells_run or c.name != LAST_RUN_COLUMN)

    @property
    def column_list(self) -> str:
        """The names of all columns."""
        return ", ".join(quote_name(column.name) for column in self.columns)

    @property
    def select_rows(self) -> str:
        """The rows of the query with the model's names, order and types; `scope` must exist for a keyed view."""
        return self._select_typed(self.spec.query, self.computed)

    @property
    def select_part_rows(self) -> str:
        """The same for a part of a stage: kept rows are those of readers, by whose index none are found, runs its own."""
        return self._select_typed(self.spec.query, self.computed, self.stage.kept_as)

    @property
    def select_all_rows(self) -> str:
        """The same for every scope at once."""
        return self._select_typed(self.keyed.full_query or self.spec.query, self.computed)

    @property
    def changed_scopes(self) -> str:
        """The selection of the scopes that runs touched."""
        return self._name_kept(self.keyed.changed_scopes)

    def _name_kept(self, text: str, kept_as: str | None = None) -> str:
        named = text.replace(f" {KEPT_ROWS} ", f" {self.backing} ")
        return named.replace(KEPT_AS, quote_text(kept_as or self.kept_as))

    def _select_typed(self, query: str, columns: Sequence[Column], kept_as: str | None = None) -> str:
        typed = ",\n  ".join(f"q.{quote_name(c.name)}::{c.sql_type}" for c in columns)
        return f"SELECT\n  {typed}\nFROM (\n{self._name_kept(query, kept_as)}\n) q"

    @property
    def create_view(self) -> str:
        """Create or replace the view; columns may only have been appended."""
        body = self.select_rows if self.spec.keyed is None else self._select_kept
        return f"CREATE OR REPLACE VIEW {self.name} AS\n{body}"

    @property
    def _select_kept(self) -> str:
        if self.keyed.read_query is not None:
            return self._select_typed(self.keyed.read_query, self.columns)
        return f"SELECT {self.column_list}\nFROM {self.backing}"

    @property
    def create_functions(self) -> tuple[str, ...]:
        """Create or replace the functions over the view and let everybody call them, with his own rights."""
        return tuple(text for function in self.spec.functions for text in _create_function(function))

    @property
    def create_table(self) -> str:
        """Create the table behind a keyed view."""
        columns = ",\n  ".join(f"{quote_name(c.name)} {c.sql_type}" for c in self.stored)
        return f"CREATE TABLE {self.backing} (\n  {columns}\n)"

    @property
    def create_indexes(self) -> dict[str, str]:
        """Statements by index name, the unique one over the key first; a changed definition has another name."""
        keyed = self.spec.keyed
        if keyed is None:
            return {}
        keys = ", ".join(map(quote_name, self.spec.key))
        definitions = [f"UNIQUE|({keys})", *(f"|{definition}" for definition in keyed.indexes)]
        statements = {}
        for definition in definitions:
            kind, _, body = definition.partition("|")
            table = f"{self.relation[:34]}{_STAGE}" if self.is_stage else self.relation[:40]
            name = f"ix_{table}_{hashlib.blake2b(definition.encode(), digest_size=4).hexdigest()}"
            statements[name] = " ".join(f"CREATE {kind} INDEX {quote_name(name)} ON {self.backing} {body}".split())
        return statements

    @property
    def comments(self) -> tuple[str, ...]:
        """Comments on view and columns."""
        return (
            f"COMMENT ON VIEW {self.name} IS {quote_text(self.description)}",
            *(
                f"COMMENT ON COLUMN {self.name}.{quote_name(column.name)} IS {quote_text(self._comment(column))}"
                for column in self.columns
            ),
        )

    def _comment(self, column: Column) -> str:
        origins = describe_origins(self.relation, column.name)
        return f"{column.comment} From: {origins}." if origins else column.comment

    @property
    def description(self) -> str:
        """The model's docstring on one line."""
        return " ".join((self.model.__doc__ or "").split())

    def comment_build(self, build: str) -> str:
        """The view's comment, with the build that it stands at."""
        return f"COMMENT ON VIEW {self.name} IS {quote_text(f'{self.description} {build}')}"

    @property
    def keyed(self) -> Keyed:
        """How rows are exchanged; only keyed views are asked."""
        if self.spec.keyed is None:
            raise ValueError(f"{self.relation} is a plain view")
        return self.spec.keyed


def compile_view(mart: Mart) -> CompiledView:
    """Compile one view; raises ValueError where a field cannot be mapped or the key is no column."""
    model, spec, columns = mart.model, mart.spec, list_columns(mart.model)
    names = [column.name for column in columns]
    scope = (*spec.keyed.scope, *filter(None, [spec.keyed.since])) if spec.keyed is not None else ()
    for name in (*spec.key, *scope):
        if name not in names:
            raise ValueError(f"{model.__name__}: key column {name} is not a field")
    missing = {"as_of", LAST_RUN_COLUMN} - set(names)
    if missing:
        raise ValueError(f"{model.__name__}: every view tells {', '.join(sorted(missing))}")
    if spec.keyed is not None and spec.keyed.next_scopes and not (spec.keyed.tells_run and len(spec.keyed.scope) == 1):
        raise ValueError(f"{model.__name__}: what is built in parts has one scope column and tells its runs")
    draft = CompiledView(model, spec, columns, "")
    return CompiledView(model, spec, columns, _hash_view(draft))


def compile_views(marts: Sequence[Mart]) -> tuple[CompiledView, ...]:
    """Compile views and put each after those it uses, and after those that are published with one of these.

    Raises ValueError where two have one name, uses go round, or what is published with a view is none of its kept bases.
    """
    compiled = {view.relation: view for view in map(compile_view, marts)}
    if len(compiled) != len(marts):
        raise ValueError("two view models have the same name and version")
    known = frozenset(name for view in compiled.values() for source in view.spec.sources for name in source.datasets)
    done: dict[str, CompiledView] = {}
    while len(done) < len(compiled):
        ready = [v for v in compiled.values() if v.relation not in done and _list_needed(v, compiled) <= set(done)]
        if not ready:
            raise ValueError(f"views use one another, or one that is not there: {sorted(set(compiled) - set(done))}")
        done |= {
            v.relation: replace(
                v, bases=_list_bases(v, done), companions=_list_companions(v, done), known_datasets=known
            )
            for v in ready
        }
    return tuple(done.values())


def group_views(views: Sequence[CompiledView]) -> tuple[tuple[CompiledView, ...], ...]:
    """Return the views in the order of their builds, in groups that are published in one commit each: a view and, before
    it, its companions."""
    beside = {companion.relation for view in views for companion in view.companions}
    return tuple((*view.companions, view) for view in views if view.relation not in beside)


def _list_needed(view: CompiledView, compiled: Mapping[str, CompiledView]) -> set[str]:
    """What must come before: what it uses, and the views that this is published with."""
    uses = set(view.spec.uses)
    return uses | {
        other.relation for other in compiled.values() if other != view and uses & set(other.spec.published_with)
    }


def _list_companions(view: CompiledView, done: Mapping[str, CompiledView]) -> tuple[CompiledView, ...]:
    companions = tuple(done[name] for name in view.spec.published_with if name in view.spec.uses)
    if len(companions) < len(view.spec.published_with) or any(
        one.spec.keyed is None or one.spec.keyed.next_scopes or one.companions for one in companions
    ):
        raise ValueError(f"{view.relation}: it is published with kept views that it uses, none of them built in parts")
    return companions


def _list_bases(view: CompiledView, done: Mapping[str, CompiledView]) -> tuple[CompiledView, ...]:
    used = [done[name] for name in view.spec.uses]
    bases = {base.relation: base for one in used for base in one.bases}
    bases |= {one.relation: one for one in used if one.spec.keyed is not None}
    return tuple(bases.values())


def _create_function(function: SqlFunction) -> tuple[str, ...]:
    signature = f"sra.{quote_name(function.name)}({function.argument_types})"
    return (
        f"CREATE OR REPLACE FUNCTION sra.{quote_name(function.name)}({function.arguments})\nRETURNS {function.result}\n"
        f"LANGUAGE sql STABLE SECURITY INVOKER PARALLEL SAFE\nAS $function$\n{function.body}\n$function$",
        f"GRANT EXECUTE ON FUNCTION {signature} TO PUBLIC",
        f"COMMENT ON FUNCTION {signature} IS {quote_text(function.description)}",
    )


def _hash_view(view: CompiledView) -> str:
    keyed = view.spec.keyed
    content = [
        view.contract,
        view.model.view_version,
        view.spec.query,
        [column.comment for column in view.columns],
        view.description,
        view.create_functions,
        view.create_indexes,
        None if keyed is None else [keyed.scope, keyed.all_scopes, keyed.changed_scopes, keyed.since],
        None if keyed is None else [keyed.tells_run, keyed.on_read, keyed.read_query, keyed.full_query],
        [item.statement for item in find_core(view.spec.texts)],
    ]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
