"""The specification that makes a model a published view: its key, its sources, and the SQL that computes its rows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sra_contract import ViewModel

MATERIALIZED_ROWS = "materialized_rows"
MATERIALIZED_AS = "'materialized_as'"


@dataclass(frozen=True)
class ViewSource:
    """A raw table that a view reads, and its datasets that matter; none means all datasets of the vendor."""

    table: str
    vendor: Literal["fmp", "fundata"]
    datasets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Incremental:
    """Rows are materialized in a table and merged by key, for pages and aggregates.

    `partition` are the key columns that delimit what is recomputed; the view's query reads them from the relation
    `affected_keys`. `all_keys` selects every key; `affected_keys` selects those that the runs `$1` (uuid[]) changed, and
    the run. `max_shrink` is the share of rows that one build may remove.

    With `since`, a date column of the key, a partition is a series: `affected_keys` also has a column `since`, the day from
    which rows are computed and merged; earlier rows stay. With `has_run` the query returns last_run_id. `read_query`
    returns all columns from the materialized rows; those in `on_read` are not stored, because they would change on rows
    whose sources did not. `full_query` returns the rows of all keys by another plan, for views where reading whole tables
    once is better than looking up every key. With `looks_up`, a build of some keys never scans a whole table; the planner
    would, because it overestimates the rows of a run while the ledger has few runs.

    `next_keys` is for a series so long that its first build is made in parts: it selects the keys after `$1` (text), at
    most `$2` of them, in order. Such a view has one partition column and has its runs. The SQL reads earlier rows from the
    relation `MATERIALIZED_ROWS`, since they may be in the unpublished table of a rebuild, and the runs that they include
    from `published_run` under the name `MATERIALIZED_AS`.

    `trigram_indexes` are created if the extension pg_trgm is available.

    `ids` selects the rows of table `security` to store before the rows of the affected keys are computed: ids that are assigned
    once, and ids whose day changes.
    """

    partition: tuple[str, ...]
    all_keys: str
    affected_keys: str
    indexes: tuple[str, ...] = ()
    trigram_indexes: tuple[str, ...] = ()
    max_shrink: Decimal = Decimal("0.2")
    since: str | None = None
    has_run: bool = False
    on_read: tuple[str, ...] = ()
    read_query: str | None = None
    full_query: str | None = None
    looks_up: bool = False
    next_keys: str | None = None
    ids: str | None = None


@dataclass(frozen=True)
class SqlFunction:
    """A function in schema sra: its name, arguments, result and one SELECT, so that the planner can inline it.

    With `checks`, PL/pgSQL statements that reject invalid arguments, it reads `core` with its owner's rights, and only reading
    roles may call it. The same applies if `is_program`: its body is then a block of PL/pgSQL. `settings` are those of its plans.
    """

    name: str
    arguments: str
    argument_types: str
    result: str
    body: str
    description: str
    checks: str = ""
    is_program: bool = False
    # the plan is the same for any symbols, and takes longer than its execution
    settings: tuple[str, ...] = ("plan_cache_mode = force_generic_plan",)

    @property
    def has_owner_rights(self) -> bool:
        """Whether it uses its owner's rights."""
        return bool(self.checks) or self.is_program


@dataclass(frozen=True)
class ViewSpec:
    """How a view's rows are computed; `incremental` None means a live view over `query`.

    `published_with` are materialized views that it uses and combines with its own rows when it is read. All of them are
    published in one commit, so that no reader sees different builds together. `sample` is a condition on the key that keeps the
    check of a live view from computing all of its rows.
    """

    key: tuple[str, ...]
    query: str
    sources: tuple[ViewSource, ...]
    uses: tuple[str, ...] = ()
    published_with: tuple[str, ...] = ()
    incremental: Incremental | None = None
    functions: tuple[SqlFunction, ...] = ()
    used_indexes: tuple[str, ...] = ()
    sample: str = "true"

    @property
    def texts(self) -> tuple[str, ...]:
        """All SQL texts of the view."""
        incremental = self.incremental
        more = () if incremental is None else (incremental.all_keys, incremental.affected_keys)
        may_be = (
            ()
            if incremental is None
            else (incremental.read_query, incremental.full_query, incremental.next_keys, incremental.ids)
        )
        return (self.query, *(function.body for function in self.functions), *more, *filter(None, may_be))


@dataclass(frozen=True)
class Mart:
    """A model, and how its rows are computed."""

    model: type[ViewModel]
    spec: ViewSpec
