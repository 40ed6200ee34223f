"""What makes a model a published view: its key, its sources, and the SQL that its rows come of."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sra_contract import ViewModel

KEPT_ROWS = "materialized_rows"
KEPT_AS = "'materialized_as'"


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
    `all_scopes` selects every scope; `changed_scopes` selects the scopes that the runs `$1` (uuid[]) touched, and the run.
    `max_shrink` is the share of rows that one build may take away.

    With `since`, a date of the key, a scope is a series: `scope` and `changed_scopes` have a column `since` too, the day from
    which on rows are computed and exchanged; earlier ones stay. With `tells_run` the query delivers last_run_id. `read_query`
    delivers all columns from the kept rows, of which `on_read` are those that are not stored, because they would change on
    rows whose sources did not. `full_query` gives the rows of all scopes by another plan, where reading whole tables once is
    better than looking up every scope. With `looks_up` a build of some scopes never reads a table whole, where the planner
    would: it takes the rows of a run for many while the ledger has few runs.

    `next_scopes` is for a series so long that its first build is made in parts: it selects the scopes after `$1` (text), at
    most `$2` of them, in order. Such a view has one scope column and tells its runs. The SQL reads the rows kept so far from
    the relation `KEPT_ROWS`, since they may lie in the table of a build that is not published yet, and the runs that are in
    them from `published_run` under the name `KEPT_AS`.
    """

    scope: tuple[str, ...]
    all_scopes: str
    changed_scopes: str
    indexes: tuple[str, ...] = ()
    max_shrink: Decimal = Decimal("0.2")
    since: str | None = None
    tells_run: bool = False
    on_read: tuple[str, ...] = ()
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

    key: tuple[str, ...]
    query: str
    sources: tuple[Source, ...]
    uses: tuple[str, ...] = ()
    published_with: tuple[str, ...] = ()
    keyed: Keyed | None = None
    functions: tuple[SqlFunction, ...] = ()
    used_indexes: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """All of its SQL."""
        keyed = self.keyed
        more = () if keyed is None else (keyed.all_scopes, keyed.changed_scopes)
        may_be = () if keyed is None else (keyed.read_query, keyed.full_query, keyed.next_scopes)
        return (self.query, *(function.body for function in self.functions), *more, *filter(None, may_be))


@dataclass(frozen=True)
class Mart:
    """A model, and how its rows come about."""

    model: type[ViewModel]
    spec: ViewSpec
