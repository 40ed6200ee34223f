"""What makes a model a published view: its key, its sources, and the SQL that its rows come of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sra_contract import ViewModel

MATERIALIZED_ROWS = "materialized_rows"
MATERIALIZED_AS = "'materialized_as'"


@dataclass(frozen=True)
class Source:
    """A raw table that a view reads, and the datasets of it that matter; none named means all of that vendor."""

    table: str
    vendor: Literal["fmp", "fundata"]
    datasets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Incremental:
    """Rows are materialized in a table and merged by key, for pages and aggregates.

    `partition` are the key columns that delimit what is computed anew; the view's query reads them from the relation
    `affected_keys`. `all_keys` selects every key; `affected_keys` selects those that the runs `$1` (uuid[]) touched, and the
    run. `max_shrink` is the share of rows that one build may take away.

    With `since`, a date of the key, a partition is a series: `affected_keys` has a column `since` too, the day from which on
    rows are computed and merged; earlier ones stay. With `has_run` the query delivers last_run_id. `read_query` delivers all
    columns from the materialized rows, of which `on_read` are those that are not stored, because they would change on rows
    whose sources did not. `full_query` gives the rows of all keys by another plan, where reading whole tables once is better
    than looking up every key. With `looks_up` a build of some keys never reads a table whole, where the planner would: it
    takes the rows of a run for many while the ledger has few runs.

    `next_keys` is for a series so long that its first build is made in parts: it selects the keys after `$1` (text), at most
    `$2` of them, in order. Such a view has one column of a partition and has its runs. The SQL reads the rows so far from the
    relation `MATERIALIZED_ROWS`, since they may lie in the table of a rebuild that is not published yet, and the runs that are
    in them from `published_run` under the name `MATERIALIZED_AS`.
    """

    partition: tuple[str, ...]
    all_keys: str
    affected_keys: str
    indexes: tuple[str, ...] = ()
    max_shrink: Decimal = Decimal("0.2")
    since: str | None = None
    has_run: bool = False
    on_read: tuple[str, ...] = ()
    read_query: str | None = None
    full_query: str | None = None
    looks_up: bool = False
    next_keys: str | None = None


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
    """How a view comes about; `incremental` None means a live view over `query`.

    `published_with` are materialized views, among those that it uses, whose rows are put to its own as it is read: all of
    them are published in one commit, so that no reader meets one build of these and another of those.
    """

    key: tuple[str, ...]
    query: str
    sources: tuple[Source, ...]
    uses: tuple[str, ...] = ()
    published_with: tuple[str, ...] = ()
    incremental: Incremental | None = None
    functions: tuple[SqlFunction, ...] = ()
    used_indexes: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """All of its SQL."""
        incremental = self.incremental
        more = () if incremental is None else (incremental.all_keys, incremental.affected_keys)
        may_be = () if incremental is None else (incremental.read_query, incremental.full_query, incremental.next_keys)
        return (self.query, *(function.body for function in self.functions), *more, *filter(None, may_be))


@dataclass(frozen=True)
class Mart:
    """A model, and how its rows come about."""

    model: type[ViewModel]
    spec: ViewSpec
