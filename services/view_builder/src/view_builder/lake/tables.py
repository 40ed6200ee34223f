"""Which views the lake has, and how each is read and stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sra_shared.kit.database.statements import compose
from view_builder.compile import CompiledView, quote_name
from view_builder.lake.columns import LakeColumn, hash_columns, list_lake_columns

BUCKETS = 16
LEFT_OUT = frozenset(
    (
        # records as delivered: tens of millions of rows that every build would read whole
        *("fundata_data", "fundata_data_history", "fundata_quotes", "fundata_quotes_history"),
        # computed when it is read: a distribution changes the whole history of its fund
        "total_return_history",
        # the state of this moment, which changes without a build
        *("data_freshness", "runs", "rejects"),
    )
)


@dataclass(frozen=True)
class LakeTable:
    """A table of the lake; `day` and `key` are the columns that a daily series is partitioned by, None for other views."""

    relation: str
    description: str
    source: str
    view_digest: str
    columns: tuple[LakeColumn, ...]
    order: tuple[str, ...]
    key: str | None = None
    day: str | None = None

    @property
    def is_series(self) -> bool:
        """Whether changed partitions are replaced, not the whole table."""
        return self.day is not None

    @property
    def columns_digest(self) -> str:
        """Digest of the columns."""
        return hash_columns(self.columns)

    @property
    def select(self) -> str:
        """The statement that reads all rows, without order."""
        read = ", ".join(column.expression for column in self.columns if column.expression is not None)
        return compose("SELECT {read} FROM {source} r", read=read, source=self.source)

    @property
    def order_by(self) -> str:
        """The clause that orders rows by the key of the view."""
        return f"ORDER BY {', '.join(f'r.{quote_name(name)}' for name in self.order)}"


def list_lake_tables(views: Sequence[CompiledView]) -> tuple[LakeTable, ...]:
    """Return the tables of the lake."""
    return tuple(make_lake_table(view) for view in views if view.relation not in LEFT_OUT)


def make_lake_table(view: CompiledView) -> LakeTable:
    """Return the table of one view: of a daily series the stored columns, of any other view what readers see."""
    incremental = view.spec.incremental
    is_series = incremental is not None and incremental.since is not None
    columns = view.stored if is_series else view.columns
    return LakeTable(
        view.relation,
        view.description,
        view.table if is_series else view.name,
        view.digest,
        list_lake_columns(columns),
        view.spec.key,
        incremental.partition[0] if is_series and incremental is not None else None,
        incremental.since if is_series and incremental is not None else None,
    )
