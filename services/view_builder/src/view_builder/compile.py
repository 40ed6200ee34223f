"""Compiles view models to SQL: pure functions without database or settings; the text is always the same."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sra_contract.base import CONTRACT_VERSION, Column, ViewModel, list_columns
from view_builder.lineage import describe_origins
from view_builder.reserved import RESERVED_WORDS
from view_builder.schemas import READERS, STAGED, Schemas
from view_builder.spec import MATERIALIZED_AS, MATERIALIZED_ROWS, Incremental, Mart, SqlFunction, ViewSpec
from view_builder.sql_files import find_core, hash_text

LAST_RUN_COLUMN = "last_run_id"
_REBUILD = "__next"

_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")


def quote_name(name: str) -> str:
    """Return an identifier as SQL, quoted if necessary."""
    is_plain = _PLAIN_NAME.fullmatch(name) and name not in RESERVED_WORDS
    return name if is_plain else '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """Return a text literal."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(frozen=True)
class CompiledView:
    """A view as statements; `digest` changes with everything that changes the rows or the columns.

    `bases` are the materialized views that it is computed from, including those of the views that it uses; `known_datasets`
    are all datasets that the views compiled with it read. `companions` are the bases that are published in the same commit.
    A `rebuild` is the same view over the unpublished table of a full rebuild; runs that it lacks may be missing from its
    companions. `schemas` are those that the view is in, and `contract_version` is that of the code.
    """

    model: type[ViewModel]
    spec: ViewSpec
    columns: tuple[Column, ...]
    digest: str
    bases: tuple[CompiledView, ...] = ()
    companions: tuple[CompiledView, ...] = ()
    known_datasets: frozenset[str] = frozenset()
    is_rebuild: bool = False
    schemas: Schemas = READERS
    contract_version: int = CONTRACT_VERSION

    @property
    def relation(self) -> str:
        """The view's name in schema sra."""
        return self.model.relation()

    @property
    def name(self) -> str:
        """The view's qualified name in SQL."""
        return f"{self.schemas.sra}.{quote_name(self.relation)}"

    @property
    def table_name(self) -> str:
        """Name of the table behind an incremental view; the ledger records the included runs under this name."""
        return f"{self.relation}{_REBUILD}" if self.is_rebuild else self.relation

    @property
    def table(self) -> str:
        """The qualified name of the table behind an incremental view in SQL."""
        return f"{self.schemas.published}.{quote_name(self.table_name)}"

    @property
    def staged(self) -> CompiledView:
        """The same view in the schemas of the next contract version."""
        return replace(
            self,
            spec=STAGED.place_spec(self.spec),
            bases=tuple(base.staged for base in self.bases),
            companions=tuple(companion.staged for companion in self.companions),
            schemas=STAGED,
        )

    @property
    def rebuild(self) -> CompiledView:
        """The view over the table of a full rebuild."""
        companions = {companion.relation for companion in self.companions}
        return replace(
            self, is_rebuild=True, bases=tuple(base for base in self.bases if base.relation not in companions)
        )

    @property
    def contract(self) -> dict[str, Any]:
        """What readers rely on; stored in the database and compared with the next model."""
        columns = [{"name": c.name, "type": c.sql_type, "nullable": c.nullable, "unit": c.unit} for c in self.columns]
        return {"columns": columns, "key": list(self.spec.key)}

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns of the table behind an incremental view."""
        on_read = self.spec.incremental.on_read if self.spec.incremental is not None else ()
        return tuple(c for c in self.columns if c.name not in on_read)

    @property
    def computed(self) -> tuple[Column, ...]:
        """The columns that the query returns; the merge adds the run that last changed a materialized row."""
        incremental = self.spec.incremental
        return tuple(c for c in self.stored if incremental is None or incremental.has_run or c.name != LAST_RUN_COLUMN)

    @property
    def column_list(self) -> str:
        """The names of all columns."""
        return ", ".join(quote_name(column.name) for column in self.columns)

    @property
    def select_rows(self) -> str:
        """The query's rows with the model's names, order and types; a materialized view's needs `affected_keys`."""
        return self._select_typed(self.spec.query, self.computed)

    @property
    def select_rebuild_rows(self) -> str:
        """The same for a part of a rebuild.

        Earlier rows are looked up in the readers' table, whose index finds none, but the included runs are the rebuild's
        own.
        """
        return self._select_typed(self.spec.query, self.computed, self.rebuild.table_name)

    @property
    def select_all_rows(self) -> str:
        """The same for all keys at once."""
        return self._select_typed(self.incremental.full_query or self.spec.query, self.computed)

    @property
    def affected_keys(self) -> str:
        """The selection of the keys that runs changed."""
        return self._name_materialized(self.incremental.affected_keys)

    def _name_materialized(self, text: str, table_name: str | None = None) -> str:
        named = text.replace(f" {MATERIALIZED_ROWS} ", f" {self.table} ")
        return named.replace(MATERIALIZED_AS, quote_text(table_name or self.table_name))

    def _select_typed(self, query: str, columns: Sequence[Column], table_name: str | None = None) -> str:
        typed = ",\n  ".join(f"q.{quote_name(c.name)}::{c.sql_type}" for c in columns)
        return f"SELECT\n  {typed}\nFROM (\n{self._name_materialized(query, table_name)}\n) q"

    @property
    def create_view(self) -> str:
        """Create or replace the view; new columns may only be appended."""
        body = self.select_rows if self.spec.incremental is None else self._select_materialized
        return f"CREATE OR REPLACE VIEW {self.name} AS\n{body}"

    @property
    def _select_materialized(self) -> str:
        if self.incremental.read_query is not None:
            return self._select_typed(self.incremental.read_query, self.columns)
        return f"SELECT {self.column_list}\nFROM {self.table}"

    @property
    def create_functions(self) -> tuple[str, ...]:
        """Create or replace the functions over the view.

        Every role may call those that use their caller's rights; `open_functions` are the others.
        """
        return tuple(text for function in self.spec.functions for text in _create_function(function, self.schemas))

    @property
    def open_functions(self) -> tuple[str, ...]:
        """The signatures of the functions that use their owner's rights, which the roles that read may call."""
        return tuple(_sign(function, self.schemas) for function in self.spec.functions if function.has_owner_rights)

    @property
    def create_table(self) -> str:
        """Create the table behind an incremental view."""
        columns = ",\n  ".join(f"{quote_name(c.name)} {c.sql_type}" for c in self.stored)
        return f"CREATE TABLE {self.table} (\n  {columns}\n)"

    @property
    def create_indexes(self) -> dict[str, str]:
        """Statements by index name, the unique index of the key first; a changed definition has another name."""
        incremental = self.spec.incremental
        if incremental is None:
            return {}
        keys = ", ".join(map(quote_name, self.spec.key))
        return self._make_indexes([f"UNIQUE|({keys})", *(f"|{definition}" for definition in incremental.indexes)])

    @property
    def create_trigram_indexes(self) -> dict[str, str]:
        """The same for the indexes that need the extension pg_trgm."""
        incremental = self.spec.incremental
        return self._make_indexes([f"|{one}" for one in incremental.trigram_indexes] if incremental else [])

    def _make_indexes(self, definitions: Sequence[str]) -> dict[str, str]:
        statements = {}
        for definition in definitions:
            kind, _, body = definition.partition("|")
            table = f"{self.relation[:34]}{_REBUILD}" if self.is_rebuild else self.relation[:40]
            name = f"ix_{table}_{hashlib.blake2b(definition.encode(), digest_size=4).hexdigest()}"
            statements[name] = " ".join(f"CREATE {kind} INDEX {quote_name(name)} ON {self.table} {body}".split())
        return statements

    @property
    def comments(self) -> tuple[str, ...]:
        """Comments on the view and its columns."""
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
        """The model's docstring in one line."""
        return " ".join((self.model.__doc__ or "").split())

    def comment_build(self, build: str) -> str:
        """The view's comment, with its current build."""
        return f"COMMENT ON VIEW {self.name} IS {quote_text(f'{self.description} {build}')}"

    @property
    def incremental(self) -> Incremental:
        """How rows are computed and merged; call it for materialized views only."""
        if self.spec.incremental is None:
            raise ValueError(f"{self.relation} is a live view")
        return self.spec.incremental


def compile_view(mart: Mart) -> CompiledView:
    """Compile one view; raises ValueError if a field cannot be mapped or a key column does not exist."""
    model, spec, columns = mart.model, mart.spec, list_columns(mart.model)
    names = [column.name for column in columns]
    incremental = spec.incremental
    partition = (*incremental.partition, *filter(None, [incremental.since])) if incremental is not None else ()
    for name in (*spec.key, *partition):
        if name not in names:
            raise ValueError(f"{model.__name__}: key column {name} is not a field")
    missing = {"as_of", LAST_RUN_COLUMN} - set(names)
    if missing:
        raise ValueError(f"{model.__name__}: every view has {', '.join(sorted(missing))}")
    in_parts = incremental is not None and incremental.next_keys is not None
    if incremental is not None and in_parts and not (incremental.has_run and len(incremental.partition) == 1):
        raise ValueError(f"{model.__name__}: a view that is built in parts needs one partition column and its runs")
    draft = CompiledView(model, spec, columns, "")
    return CompiledView(model, spec, columns, _hash_view(draft))


def compile_views(marts: Sequence[Mart]) -> tuple[CompiledView, ...]:
    """Compile views and order them: each after those that it uses, and after those that are published with one of these.

    Raises ValueError if two have the same name, the uses form a cycle, or a view is published with one that is not its
    materialized base.
    """
    compiled = {view.relation: view for view in map(compile_view, marts)}
    if len(compiled) != len(marts):
        raise ValueError("two view models have the same name and version")
    known = frozenset(name for view in compiled.values() for source in view.spec.sources for name in source.datasets)
    done: dict[str, CompiledView] = {}
    while len(done) < len(compiled):
        ready = [v for v in compiled.values() if v.relation not in done and _list_needed(v, compiled) <= set(done)]
        if not ready:
            raise ValueError(f"views use one another, or one that does not exist: {sorted(set(compiled) - set(done))}")
        done |= {
            v.relation: replace(
                v, bases=_list_bases(v, done), companions=_list_companions(v, done), known_datasets=known
            )
            for v in ready
        }
    return tuple(done.values())


def group_views(views: Sequence[CompiledView]) -> tuple[tuple[CompiledView, ...], ...]:
    """Return the views in the order of their builds, in groups that are published in one commit each.

    A group is a view, preceded by its companions.
    """
    companions = {companion.relation for view in views for companion in view.companions}
    return tuple((*view.companions, view) for view in views if view.relation not in companions)


def _list_needed(view: CompiledView, compiled: Mapping[str, CompiledView]) -> set[str]:
    """Return the views that must come first: those that it uses, and those that it is published with."""
    uses = set(view.spec.uses)
    return uses | {
        other.relation for other in compiled.values() if other != view and uses & set(other.spec.published_with)
    }


def _list_companions(view: CompiledView, done: Mapping[str, CompiledView]) -> tuple[CompiledView, ...]:
    companions = tuple(done[name] for name in view.spec.published_with if name in view.spec.uses)
    if len(companions) < len(view.spec.published_with) or any(
        one.spec.incremental is None or one.spec.incremental.next_keys or one.companions for one in companions
    ):
        raise ValueError(
            f"{view.relation}: it can be published only with materialized views that it uses and that are not built in parts"
        )
    return companions


def _list_bases(view: CompiledView, done: Mapping[str, CompiledView]) -> tuple[CompiledView, ...]:
    used = [done[name] for name in view.spec.uses]
    bases = {base.relation: base for one in used for base in one.bases}
    bases |= {one.relation: one for one in used if one.spec.incremental is not None}
    return tuple(bases.values())


def _sign(function: SqlFunction, schemas: Schemas) -> str:
    return f"{schemas.sra}.{quote_name(function.name)}({function.argument_types})"


def _create_function(function: SqlFunction, schemas: Schemas) -> tuple[str, ...]:
    kind = "LANGUAGE sql STABLE SECURITY INVOKER PARALLEL SAFE"
    signature = _sign(function, schemas)
    body, right = function.body, f"GRANT EXECUTE ON FUNCTION {signature} TO PUBLIC"
    former: tuple[str, ...] = ()
    if function.has_owner_rights:
        # the owner's rights come with a search path and a time zone that the caller cannot choose
        settings = ("search_path = pg_catalog, pg_temp", "timezone = 'UTC'", *function.settings)
        # a parallel worker may not change a setting, as a program does
        kind = f"LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL {'UNSAFE' if function.is_program else 'SAFE'}\n"
        kind += " ".join(f"SET {one}" for one in settings)
        if not function.is_program:
            body = f"BEGIN\n{function.checks}\nRETURN QUERY\n{function.body};\nEND"
        right = f"REVOKE EXECUTE ON FUNCTION {signature} FROM PUBLIC"
        # its result has its own columns, which cannot be extended by CREATE OR REPLACE
        former = (f"DROP FUNCTION IF EXISTS {signature}",)
    return (
        *former,
        f"CREATE OR REPLACE FUNCTION {schemas.sra}.{quote_name(function.name)}({function.arguments})\nRETURNS {function.result}\n"
        f"{kind}\nAS $function$\n{body}\n$function$",
        right,
        f"COMMENT ON FUNCTION {signature} IS {quote_text(function.description)}",
    )


def _hash_view(view: CompiledView) -> str:
    incremental = view.spec.incremental
    kind = None
    if incremental is not None:
        kind = [incremental.partition, incremental.since, incremental.has_run, incremental.on_read]
    content = [
        view.contract,
        view.model.view_version,
        view.spec.texts,
        [item.statement for item in find_core(view.spec.texts)],
        [column.comment for column in view.columns],
        view.description,
        view.create_functions,
        view.create_indexes,
        kind,
    ]
    return hash_text(json.dumps(content, ensure_ascii=False, sort_keys=True))
