"""Storing records: staged by COPY, merged set by set, in the caller's transaction; what did not change is not written."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB

from fmp_collectors.dataset import Dataset, Storage
from fmp_collectors.records import Accepted, Batch, Rejected, dump_exact, hash_content
from sra_shared.counts import Counts
from sra_shared.db import Connection
from sra_shared.logs import get_logger
from sra_shared.tables import metadata

_log = get_logger(__name__)

_HALF = Decimal("0.5")
_MOST_RAW_BYTES = 1_000_000


@dataclass(frozen=True)
class Statements:
    """The SQL of one dataset; every name in it comes from our own tables."""

    columns: tuple[str, ...]
    json_columns: frozenset[str]
    stage: str
    create_stage: str
    merge_rows: str
    count_lists: str
    close_gone: str
    close_changed: str
    note_vanished: str
    close_vanished: str
    open_new: str
    append_versions: str


@functools.cache
def build_statements(dataset: Dataset) -> Statements:
    """Return the SQL that stages and merges a dataset; raises KeyError where a field has no column."""
    table: Table = metadata.tables[dataset.table]
    columns = dataset.record.list_columns()
    types = {name: table.columns[name].type for name in columns}
    json_columns = frozenset(name for name, kind in types.items() if isinstance(kind, JSONB))
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    staged = [
        f'"{name}" {"text" if name in json_columns else kind.compile(dialect=dialect)}' for name, kind in types.items()
    ]
    stage = f"stage_{dataset.table}"
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(f's."{name}"' + ("::jsonb" if name in json_columns else "") for name in columns)
    key = " AND ".join(f't."{name}" = s."{name}"' for name in dataset.key)
    conflict = ", ".join(f'"{name}"' for name in dataset.key)
    updates = ", ".join(f'"{name}" = excluded."{name}"' for name in columns if name not in dataset.key)
    current = " AND t.valid_to IS NULL" if dataset.storage is Storage.SNAPSHOT else ""
    list_name = f'"{dataset.list_field}"'
    close = f"""
        UPDATE {dataset.table} t SET valid_to = now(), updated_at = now()
        WHERE t.valid_to IS NULL AND t.{list_name} = ANY($1::text[])"""  # noqa: S608 - our own names
    is_named = f"EXISTS (SELECT FROM {stage} s WHERE {key})"
    is_same = f"EXISTS (SELECT FROM {stage} s WHERE {key} AND s.content_hash = t.content_hash)"
    insert = f"""
        INSERT INTO {dataset.table} AS t ({names}, raw_json, run_id, content_hash)
        SELECT {values}, s.raw_json::jsonb, $1, s.content_hash FROM {stage} s
        WHERE NOT EXISTS (SELECT FROM {dataset.table} t
                          WHERE {key}{current} AND t.content_hash = s.content_hash)
        ORDER BY {", ".join(f's."{name}"' for name in dataset.key)}"""  # noqa: S608 - our own names
    return Statements(
        columns=columns,
        json_columns=json_columns,
        stage=stage,
        create_stage=f"CREATE TEMP TABLE IF NOT EXISTS {stage} ({', '.join(staged)}, raw_json text, content_hash bytea)"
        " ON COMMIT DELETE ROWS",
        merge_rows=f"""{insert}
        ON CONFLICT ({conflict}) DO UPDATE SET {updates}{", " if updates else ""}
          raw_json = excluded.raw_json, run_id = excluded.run_id, content_hash = excluded.content_hash,
          updated_at = now()""",
        count_lists=f"""
        SELECT t.{list_name} AS list, count(*) AS current, count(*) FILTER (WHERE s.content_hash IS NULL) AS gone,
               coalesce(max(n.named), 0) AS named
        FROM {dataset.table} t LEFT JOIN {stage} s ON {key}
        LEFT JOIN (SELECT s.{list_name} AS list, count(*) AS named FROM {stage} s GROUP BY 1) n ON n.list = t.{list_name}
        WHERE t.{list_name} = ANY($1::text[]) AND t.valid_to IS NULL
        GROUP BY t.{list_name}""",  # noqa: S608
        close_gone=f"{close} AND NOT {is_same} AND (t.{list_name} = ANY($2::text[]) OR {is_named})",
        close_changed=f"{close} AND NOT {is_same} AND {is_named}",
        note_vanished=f"""
        INSERT INTO fmp_vanished_entry (run_id, dataset, row_id)
        SELECT $2, '{dataset.name}', t.row_id FROM {dataset.table} t
        WHERE t.valid_to IS NULL AND t.{list_name} = ANY($1::text[]) AND NOT {is_named}
        ON CONFLICT DO NOTHING""",  # noqa: S608
        close_vanished=f"""
        UPDATE {dataset.table} t SET valid_to = now(), updated_at = now()
        FROM fmp_vanished_entry v
        WHERE v.run_id = $1 AND v.dataset = '{dataset.name}' AND v.row_id = t.row_id AND t.valid_to IS NULL""",  # noqa: S608
        open_new=insert,
        append_versions=f"""
        INSERT INTO {dataset.table} ({names}, version, raw_json, run_id, content_hash)
        SELECT {values}, coalesce(newest.version, 0) + 1, s.raw_json::jsonb, $1, s.content_hash
        FROM {stage} s LEFT JOIN LATERAL (
          SELECT t.version, t.content_hash FROM {dataset.table} t WHERE {key} ORDER BY t.version DESC LIMIT 1
        ) newest ON true
        WHERE newest.content_hash IS DISTINCT FROM s.content_hash
        ORDER BY {", ".join(f's."{name}"' for name in dataset.key)}""",  # noqa: S608
    )


@dataclass
class ListDrop:
    """How many entries a list has, how many of them a delivery names no more, and how many it names in all."""

    name: str
    current: int
    gone: int
    named: int


@dataclass
class Delivery:
    """Rows to store together. `lists` are those that the rows speak for, `complete` those of them that are whole,
    `unread` those with rows that could not be read."""

    batch: Batch = field(default_factory=Batch)
    lists: set[str] = field(default_factory=set)
    complete: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    path: str = ""


class Store:
    """Stores deliveries of one dataset for one run."""

    def __init__(self, dataset: Dataset, run_id: UUID) -> None:
        self.dataset = dataset
        self._run_id = run_id
        self._sql = build_statements(dataset)

    async def stage(self, connection: Connection, delivery: Delivery) -> Counts:
        """Put the rows where the merge finds them; the counts returned lack stored and unchanged."""
        kept: dict[tuple[Any, ...], Accepted] = {}
        for accepted in delivery.batch.accepted:
            kept[tuple(getattr(accepted.record, name) for name in self.dataset.key)] = accepted
        await connection.execute(self._sql.create_stage)
        await connection.execute(f"DELETE FROM {self._sql.stage}")  # noqa: S608 - our own name
        await connection.copy_records_to_table(
            self._sql.stage,
            records=[self._make_row(accepted) for accepted in kept.values()],
            columns=[*self._sql.columns, "raw_json", "content_hash"],
        )
        return Counts(
            read=delivery.batch.read,
            duplicate=len(delivery.batch.accepted) - len(kept),
            rejected=len(delivery.batch.rejected),
            rejected_by=Counter(rejected.reason for rejected in delivery.batch.rejected),
            out_of_scope=delivery.batch.out_of_scope,
        )

    def _make_row(self, accepted: Accepted) -> tuple[Any, ...]:
        record, json_columns = accepted.record, self._sql.json_columns
        values = [
            dump_exact(value)
            if name in json_columns and (value := getattr(record, name)) is not None
            else getattr(record, name)
            for name in self._sql.columns
        ]
        return (*values, dump_exact(accepted.raw), hash_content(accepted))

    async def count_drops(self, connection: Connection, lists: Collection[str]) -> list[ListDrop]:
        """Return, for staged rows, how far each list has shrunk."""
        rows = await connection.fetch(self._sql.count_lists, sorted(lists))
        return [ListDrop(row["list"], row["current"], row["gone"], row["named"]) for row in rows]

    async def count_current(self, connection: Connection) -> int:
        """Return how many entries all lists have together."""
        query = f"SELECT count(*) FROM {self.dataset.table} WHERE valid_to IS NULL"  # noqa: S608 - our own name
        return int(await connection.fetchval(query))

    async def merge(
        self, connection: Connection, delivery: Delivery, staged: Counts, *, waits_to_close: bool = False
    ) -> Counts:
        """Merge the staged rows and keep the rejected ones; returns the full counts.

        With `waits_to_close`, entries that a list names no more are only noted, until `settle_vanished`.
        """
        if self.dataset.storage is Storage.SNAPSHOT:
            lists, complete = sorted(delivery.lists), sorted(delivery.complete)
            if waits_to_close:
                await connection.execute(self._sql.close_changed, lists)
                await connection.execute(self._sql.note_vanished, complete, self._run_id)
            else:
                await connection.execute(self._sql.close_gone, lists, complete)
            tag = await connection.execute(self._sql.open_new, self._run_id)
        elif self.dataset.storage is Storage.VERSIONS:
            # two runs at once would both make the next version
            await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 3))", self.dataset.table)
            tag = await connection.execute(self._sql.append_versions, self._run_id)
        else:
            tag = await connection.execute(self._sql.merge_rows, self._run_id)
        stored = int(tag.rsplit(" ", 1)[-1])
        await self.keep_rejected(connection, delivery)
        distinct = staged.read - staged.rejected - staged.duplicate
        return staged + Counts(stored=stored, unchanged=distinct - stored)

    async def settle_vanished(self, connection: Connection, *, is_believed: bool) -> None:
        """Close the entries noted so far, or forget that they were missing."""
        if is_believed:
            await connection.execute(self._sql.close_vanished, self._run_id)
        await connection.execute(
            "DELETE FROM fmp_vanished_entry WHERE run_id = $1 AND dataset = $2", self._run_id, self.dataset.name
        )

    async def keep_rejected(self, connection: Connection, delivery: Delivery) -> None:
        """Store the rejected rows with their reasons, and log them."""
        rejected = delivery.batch.rejected
        if not rejected:
            return
        await connection.copy_records_to_table(
            "rejected_record",
            records=[
                (self._run_id, "fmp", self.dataset.name, delivery.path, r.symbol, r.reason, r.detail, _encode(r), "API")
                for r in rejected
            ],
            columns=[
                *("run_id", "source", "dataset", "file_path", "record_key", "reason", "detail", "raw", "data_source")
            ],
        )
        _log.warning(
            "records_rejected",
            dataset=self.dataset.name,
            rejected=len(rejected),
            reasons=dict(Counter(r.reason for r in rejected)),
            first=rejected[0].detail,
            symbol=rejected[0].symbol,
        )


def _encode(rejected: Rejected) -> bytes:
    return dump_exact(rejected.raw).encode("utf-8", "surrogateescape")[:_MOST_RAW_BYTES]


def find_held(drops: Sequence[ListDrop], *, drop_limit: Decimal | None) -> list[ListDrop]:
    """Return the lists that shrank too far to be believed.

    Where more than `drop_limit` of their entries vanished; without it only where they fell to nothing or below half.
    """
    if drop_limit is None:
        return [drop for drop in drops if drop.current and drop.named < _HALF * drop.current]
    return [drop for drop in drops if drop.current and drop.gone > drop_limit * drop.current]
