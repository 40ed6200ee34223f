"""Storing records: staged by COPY, merged set by set, in the caller's transaction; unchanged rows are not written."""

from __future__ import annotations

import asyncio
import functools
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from fmp_collectors.dataset import FmpDataset, Repeats, Storage
from fmp_collectors.records import Accepted, dump_exact, hash_content, hash_contents
from fmp_ingest.client.call_records import keep_calls
from fmp_ingest.store.batch import FmpBatch
from fmp_ingest.store.events import Coverage, EventStatements, build_event_statements
from fmp_ingest.store.quarantine import keep_rejected
from fmp_ingest.store.row_replacement import MergeNames, count_by_call, write_merge
from sra_shared.kit.database.locks import take_lock
from sra_shared.kit.database.statements import compose, compose_from
from sra_shared.kit.db import Connection
from sra_shared.runs.counts import Counts
from sra_shared.schema.columns import read_columns

_HALF = Decimal("0.5")
_FEW_ROWS = 1_000
_STAGED = ("raw_json text", "content_hash bytea", "call_id bigint", "lasting_hash bytea", "place_in_stage integer")


_SQL_CLOSE = """
UPDATE {table} t SET valid_to = now(), updated_at = now()
WHERE t.valid_to IS NULL AND t.{list_name} = ANY($1::text[])"""
_SQL_INSERT = """
INSERT INTO {table} AS t ({names}, raw_json, run_id, call_id, content_hash)
SELECT {values}, s.raw_json::jsonb, $1, s.call_id, s.content_hash FROM {stage} s
WHERE NOT EXISTS (SELECT FROM {table} t
                  WHERE {key}{current} AND t.content_hash = s.content_hash)
ORDER BY {order}
"""
_SQL_COUNT_LISTS = """
SELECT t.{list_name} AS list, count(*) AS current, count(*) FILTER (WHERE s.content_hash IS NULL) AS gone,
       coalesce(max(n.named), 0) AS named
FROM {table} t LEFT JOIN {stage} s ON {key}
LEFT JOIN (SELECT s.{list_name} AS list, count(*) AS named FROM {stage} s GROUP BY 1) n ON n.list = t.{list_name}
WHERE t.{list_name} = ANY($1::text[]) AND t.valid_to IS NULL
GROUP BY t.{list_name}
"""
_SQL_RECORD_VANISHED = """
INSERT INTO fmp_vanished_entry (run_id, dataset, row_id)
SELECT $2, '{dataset}', t.row_id FROM {table} t
WHERE t.valid_to IS NULL AND t.{list_name} = ANY($1::text[]) AND NOT {is_named}
ON CONFLICT DO NOTHING
"""
_SQL_CLOSE_VANISHED = """
UPDATE {table} t SET valid_to = now(), updated_at = now(){ended}
FROM fmp_vanished_entry v
WHERE v.run_id = $1 AND v.dataset = '{dataset}' AND v.row_id = t.row_id AND t.valid_to IS NULL
"""


@dataclass(frozen=True)
class Statements:
    """The SQL of one dataset; every name in it comes from our own tables."""

    columns: tuple[str, ...]
    values: tuple[str, ...]
    json_columns: frozenset[str]
    stage: str
    create_stage: str
    merge_rows: str
    count_lists: str
    close_gone: str
    close_changed: str
    record_vanished: str
    close_vanished: str
    open_new: str
    append_versions: str
    events: EventStatements | None = None


@functools.cache
def build_statements(dataset: FmpDataset) -> Statements:
    """Return the SQL that stages and merges a dataset; raises KeyError if a field has no column."""
    table = read_columns(dataset.table)
    columns = dataset.record.list_columns()
    types = {name: table[name].sql_type for name in columns}
    json_columns = frozenset(name for name, kind in types.items() if kind == "JSONB")
    staged = [f'"{name}" {"text" if name in json_columns else kind}' for name, kind in types.items()]
    stage = f"stage_{dataset.table}"
    names = ", ".join(f'"{name}"' for name in columns)
    each_value = [f's."{name}"' + ("::jsonb" if name in json_columns else "") for name in columns]
    values = ", ".join(each_value)
    key = " AND ".join(f't."{name}" = s."{name}"' for name in dataset.key)
    is_event = dataset.storage is Storage.EVENTS
    current = " AND t.valid_to IS NULL" if dataset.storage in (Storage.SNAPSHOT, Storage.EVENTS) else ""
    # rows of a set are numbered by their content, not by their place in a response
    order = (*dataset.key, "content_hash") if dataset.kind_field else dataset.key
    parts = {
        "dataset": dataset.name,
        "table": dataset.table,
        "stage": stage,
        "names": names,
        "values": values,
        "key": key,
        "current": current,
        "ended": ", ended_run_id = $1" if is_event else "",
        "order": ", ".join(f's."{name}"' for name in order),
        "list_name": f'"{dataset.list_field}"',
    }
    parts["is_named"] = compose_from("EXISTS (SELECT FROM {stage} s WHERE {key})", parts)
    parts["is_same"] = compose_from(
        "EXISTS (SELECT FROM {stage} s WHERE {key} AND s.content_hash = t.content_hash)", parts
    )
    parts["close"] = compose_from(_SQL_CLOSE, parts)
    return Statements(
        columns=columns,
        values=tuple(each_value),
        json_columns=json_columns,
        stage=stage,
        create_stage=f"CREATE TEMP TABLE IF NOT EXISTS {stage} ({', '.join(staged)}, {', '.join(_STAGED)}) ON COMMIT DELETE ROWS",
        merge_rows=write_merge(dataset, MergeNames(stage, columns, each_value)),
        count_lists=compose_from(_SQL_COUNT_LISTS, parts),
        close_gone=compose_from("{close} AND NOT {is_same} AND (t.{list_name} = ANY($2::text[]) OR {is_named})", parts),
        close_changed=compose_from("{close} AND NOT {is_same} AND {is_named}", parts),
        record_vanished=compose_from(_SQL_RECORD_VANISHED, parts),
        close_vanished=compose_from(_SQL_CLOSE_VANISHED, parts),
        open_new=count_by_call(compose_from(_SQL_INSERT, parts)),
        append_versions=count_by_call(_build_append(dataset, stage, names, values, key)),
        events=build_event_statements(dataset, stage) if is_event else None,
    )


def _build_append(dataset: FmpDataset, stage: str, names: str, values: str, key: str) -> str:
    """Return the SQL that appends versions. If the content of a key's last row is new, it becomes the newest version.

    A superseded filing that is not stored yet goes below it, or below all stored versions if the last row is stored.
    """
    fields = ", ".join(f's."{name}"' for name in dataset.key)
    return compose(
        """
        WITH staged AS (
          SELECT s.*, last_value(s.content_hash) OVER all_of_key AS last_hash,
                 s.place_in_stage = last_value(s.place_in_stage) OVER all_of_key AS is_last
          FROM {stage} s
          WINDOW all_of_key AS (PARTITION BY {fields} ORDER BY s.place_in_stage
                                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
        ), known AS (
          SELECT s.*, newest.version AS highest, newest.content_hash IS DISTINCT FROM s.last_hash AS grows
          FROM staged s LEFT JOIN LATERAL (
            SELECT t.version, t.content_hash FROM {table} t WHERE {key} ORDER BY t.version DESC LIMIT 1
          ) newest ON true
        ), fresh AS (
          SELECT s.*, row_number() OVER (PARTITION BY {fields}
                                         ORDER BY CASE WHEN s.grows THEN 1 ELSE -1 END * s.place_in_stage) AS nth
          FROM known s
          WHERE CASE WHEN s.is_last THEN s.grows
                ELSE NOT EXISTS (SELECT FROM {table} t WHERE {key} AND t.content_hash = s.content_hash) END
        )
        INSERT INTO {table} AS t ({names}, version, raw_json, run_id, call_id, content_hash)
        SELECT {values}, CASE WHEN s.grows THEN coalesce(s.highest, 0) + s.nth
                         ELSE (SELECT min(t.version) FROM {table} t WHERE {key}) - s.nth END,
               s.raw_json::jsonb, $1, s.call_id, s.content_hash
        FROM fresh s ORDER BY {fields}, s.place_in_stage""",
        stage=stage,
        fields=fields,
        table=dataset.table,
        key=key,
        names=names,
        values=values,
    )


@dataclass
class ListDrop:
    """How many entries a list has, how many of them a delivery no longer contains, and how many it contains in total."""

    name: str
    current: int
    gone: int
    named: int


class Store:
    """Stores deliveries of one dataset for one run."""

    def __init__(self, dataset: FmpDataset, run_id: UUID) -> None:
        self.dataset = dataset
        self._run_id = run_id
        self._sql = build_statements(dataset)

    async def stage(self, connection: Connection, delivery: FmpBatch) -> Counts:
        """Stage the rows for the merge; the returned counts lack `stored` and `unchanged`."""
        accepted = delivery.batch.accepted
        make = functools.partial(self._prepare, accepted)
        kept, records = make() if len(accepted) <= _FEW_ROWS else await asyncio.to_thread(make)
        await connection.execute(self._sql.create_stage)
        await connection.execute(compose("DELETE FROM {stage}", stage=self._sql.stage))
        await connection.copy_records_to_table(
            self._sql.stage,
            records=records,
            columns=[*self._sql.columns, *(name.split()[0] for name in _STAGED)],
        )
        return Counts(
            read=delivery.batch.read,
            duplicate=delivery.batch.duplicate + len(delivery.batch.accepted) - len(kept),
            rejected=len(delivery.batch.rejected),
            rejected_by=Counter(rejected.reason for rejected in delivery.batch.rejected),
            warnings_by=Counter(warning for accepted in kept for warning in accepted.warnings),
            out_of_scope=delivery.batch.out_of_scope,
        )

    def _prepare(self, accepted: Sequence[Accepted]) -> tuple[Sequence[Accepted], list[tuple[Any, ...]]]:
        """Return the rows to store, and their staged values."""
        kept = self._list_rows(accepted)
        return kept, [(*self._make_row(one), place) for place, one in enumerate(kept)]

    def _list_rows(self, accepted: Sequence[Accepted]) -> Sequence[Accepted]:
        """Return the rows to store: one for each key, or all of its set, or all its versions, the oldest first."""
        if self.dataset.storage is Storage.VERSIONS:
            return accepted
        is_set = self.dataset.repeats is Repeats.SET
        kept: dict[tuple[Any, ...], Accepted] = {}
        for one in accepted:
            key = tuple(getattr(one.record, name) for name in self.dataset.key)
            kept[(*key, hash_content(one)) if is_set else key] = one
        return list(kept.values())

    def _make_row(self, accepted: Accepted) -> tuple[Any, ...]:
        record, json_columns = accepted.record, self._sql.json_columns
        values = [
            dump_exact(value)
            if name in json_columns and (value := getattr(record, name)) is not None
            else getattr(record, name)
            for name in self._sql.columns
        ]
        call_id = None if accepted.call is None else accepted.call.call_id
        content, lasting = hash_contents(accepted)
        return (*values, dump_exact(accepted.raw), content, call_id, lasting)

    async def count_drops(self, connection: Connection, lists: Collection[str]) -> list[ListDrop]:
        """Return, for staged rows, how far each list has shrunk."""
        rows = await connection.fetch(self._sql.count_lists, sorted(lists))
        return [ListDrop(row["list"], row["current"], row["gone"], row["named"]) for row in rows]

    async def count_current(self, connection: Connection) -> int:
        """Return how many entries all lists have in total."""
        query = compose("SELECT count(*) FROM {table} WHERE valid_to IS NULL", table=self.dataset.table)
        return int(await connection.fetchval(query))

    async def merge(
        self,
        connection: Connection,
        delivery: FmpBatch,
        staged: Counts,
        *,
        waits_to_close: bool = False,
        replaces: bool = True,
    ) -> Counts:
        """Merge the staged rows, quarantine the rejected ones and record the calls; return the full counts.

        With `waits_to_close`, entries that a list no longer contains are only recorded, until `settle_vanished`.
        Without `replaces`, events are added to those of their day.
        """
        # lock the rejects first, as a replay does
        named = await keep_rejected(connection, self.dataset, self._run_id, delivery)
        if self.dataset.storage is Storage.SNAPSHOT:
            await self.lock_table(connection)
            lists, complete = sorted(delivery.lists), sorted(delivery.complete)
            if waits_to_close:
                await connection.execute(self._sql.close_changed, lists)
                await connection.execute(self._sql.record_vanished, complete, self._run_id)
            else:
                await connection.execute(self._sql.close_gone, lists, complete)
            written = await connection.fetch(self._sql.open_new, self._run_id)
        elif self._sql.events is not None:
            if replaces:
                await self._end_events(connection, self._sql.events, delivery.covered, waits_to_close=waits_to_close)
            written = await connection.fetch(self._sql.open_new, self._run_id)
        else:
            await self.lock_table(connection)
            is_versioned = self.dataset.storage is Storage.VERSIONS
            statement = self._sql.append_versions if is_versioned else self._sql.merge_rows
            written = await connection.fetch(statement, self._run_id)
        stored = sum(row["stored"] for row in written)
        named |= {row["call_id"] for row in written if row["call_id"] is not None}
        delivering = [one.call for one in delivery.batch.accepted] + [one.call for one in delivery.batch.rejected]
        calls = {call.call_id: call for call in delivering if call is not None}
        await keep_calls(connection, [calls[call_id] for call_id in named & set(calls)])
        distinct = staged.read - staged.rejected - staged.duplicate
        return staged + Counts(stored=stored, unchanged=distinct - stored)

    async def lock_table(self, connection: Connection) -> None:
        """Lock the table against other merges until the transaction ends.

        Two concurrent runs could both add the next version of a key, or one could replace rows that the other has not seen.
        """
        await take_lock(connection, f"fmp:{self.dataset.table}")

    async def _end_events(
        self, connection: Connection, sql: EventStatements, covered: Coverage | None, *, waits_to_close: bool
    ) -> None:
        # two concurrent runs would both store an event that neither finds
        await self.lock_table(connection)
        scope = self._list_scope(covered)
        await connection.execute(sql.close_replaced, *scope)
        await connection.execute(sql.close_moved, self._run_id)
        if covered is not None:
            await connection.execute(sql.record_ended if waits_to_close else sql.close_ended, *scope)

    def _list_scope(self, covered: Coverage | None) -> tuple[Any, ...]:
        if covered is None:
            return self._run_id, [], date.max, date.min
        return self._run_id, sorted(covered.symbols), covered.first, covered.last

    async def count_ended(self, connection: Connection, covered: Coverage) -> tuple[int, list[ListDrop]]:
        """Return how many stored events the response covers, and the symbols for which it names fewer."""
        sql, scope = cast("EventStatements", self._sql.events), self._list_scope(covered)
        total = int(await connection.fetchval(sql.count_covered, *scope))
        rows = await connection.fetch(sql.list_shrunk, *scope) if total else []
        return total, [
            ListDrop(row["symbol"], row["current"], row["current"] - row["named"], row["named"]) for row in rows
        ]

    async def settle_vanished(self, connection: Connection, *, is_believed: bool) -> None:
        """Close the entries recorded so far, or discard the record."""
        if is_believed:
            await self.lock_table(connection)
            await connection.execute(self._sql.close_vanished, self._run_id)
        await connection.execute(
            "DELETE FROM fmp_vanished_entry WHERE run_id = $1 AND dataset = $2", self._run_id, self.dataset.name
        )


def find_held(drops: Sequence[ListDrop], *, drop_limit: Decimal | None) -> list[ListDrop]:
    """Return the lists that shrank implausibly far.

    That is by more than `drop_limit` of their entries or, without a limit, to less than half.
    """
    if drop_limit is None:
        return [drop for drop in drops if drop.current and drop.named < _HALF * drop.current]
    return [drop for drop in drops if drop.current and drop.gone > drop_limit * drop.current]
