"""Replay of rejected FMP rows: checked by the current rules, stored if nothing newer is known, marked as resolved."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from fmp_collectors.call import Origin
from fmp_collectors.dataset import FmpDataset, Repeats, Storage
from fmp_collectors.datasets import BY_NAME
from fmp_collectors.datasets.delisted import DELISTED
from fmp_collectors.datasets.symbol_changes import SYMBOL_CHANGES
from fmp_collectors.datasets.universe import UNIVERSE
from fmp_collectors.records import Accepted, Batch, Record
from fmp_collectors.rejects import find_request, recheck_row
from fmp_collectors.repeats import AMBIGUOUS_KEY, settle_repeats
from fmp_ingest.client.call_records import read_call
from fmp_ingest.collection.target_symbols import read_aliases
from fmp_ingest.store.batch import FmpBatch
from fmp_ingest.store.identity import refresh_owners
from fmp_ingest.store.late_rows import Late, Standing, Stored, build_late_statements, find_standing
from fmp_ingest.store.quarantine import SOURCE
from fmp_ingest.store.row_store import Store
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import FatalError
from sra_shared.runs import ProcessingTask, RunEnd, Unit, UnitContext, UnitPlan
from sra_shared.runs.counts import Counts
from sra_shared.runs.rejects import (
    CORRECTED,
    RejectPages,
    ReplayRequest,
    conclude_replay,
    leave_open,
    plan_replay,
    resolve_reject,
)

TELLS_OWNERS = (UNIVERSE, SYMBOL_CHANGES, DELISTED)
# each row of a page takes several statements, and the page holds the table's lock
_PAGE_ROWS = 200
_SQL_KNOWN = """
SELECT symbol FROM fmp_universe WHERE valid_to IS NULL UNION SELECT symbol FROM fmp_delisted
UNION SELECT former_symbol FROM fmp_symbol_alias
"""
_SQL_SIBLINGS = """
SELECT * FROM rejected_record
WHERE identity = $1 AND delivery = $2 AND reject_id <> $3 AND resolved_at IS NULL AND dismissed_at IS NULL
ORDER BY reject_id
"""
_NEEDS_ANSWER = "needs_answer"
_OUT_OF_SCOPE = "out_of_scope"
_UNPROVEN = "not_newest"
_WHY = {
    Standing.AMBIGUOUS: (
        AMBIGUOUS_KEY,
        "its response has another row with this key, and nothing shows which one is correct: collect the dataset again, or"
        " dismiss the row",
    ),
    Standing.UNPROVEN: (
        _UNPROVEN,
        "the row may be outdated: the dataset was requested since, or the row was rejected before calls were recorded."
        " Collect the dataset again, or dismiss the row",
    ),
}
_KNOWN = {Standing.KNOWN: "already known", Standing.OUTDATED: "newer data is stored"}


@dataclass(frozen=True)
class KnownSymbols:
    """The symbols that rows may be about, and which of them name the same security."""

    known: frozenset[str]
    aliases: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class FmpReplayWork:
    """The work of `rejects replay` for FMP: dataset by dataset, page by page in the order of the rejects."""

    source: str = SOURCE
    ordered: bool = False
    concurrency: int = 1

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return a part for each dataset with open rejects, and one that fails for ids that name no open reject."""
        async with context.pool.acquire() as connection:
            return await plan_replay(connection, context.task, self.source)

    async def process(self, context: UnitContext) -> None:
        """Replay a dataset's rejects from the resume point on; rows that are still invalid stay open with their current reason.

        Raises FatalError for a dataset that is no longer collected.
        """
        dataset = BY_NAME.get(context.unit.dataset)
        if dataset is None:
            raise FatalError(
                f"FMP dataset {context.unit.dataset} is no longer collected.", next_step="Dismiss its rejects."
            )
        request = ReplayRequest.read(context.task)
        pages = RejectPages(self.source, dataset.name, request, rows=_PAGE_ROWS)
        async with context.pool.acquire() as connection:
            known = frozenset(row["symbol"] for row in await connection.fetch(_SQL_KNOWN))
            market = KnownSymbols(known, await read_aliases(connection))
        replay = Replay(dataset, context.task.task_id, request, market)
        while True:
            async with context.transaction() as connection:
                rows = await pages.read_page(connection, int(context.unit.resume.get("reject_id", 0)))
                if not rows:
                    break
                total = await replay.try_page(connection, rows)
                await context.commit(connection, total, resume={"reject_id": rows[-1]["reject_id"]})

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Report as datasets those whose rejects were resolved."""
        return await conclude_replay(connection, task, units)


@dataclass
class Replay:
    """The rejects of one dataset in one run."""

    dataset: FmpDataset
    run_id: UUID
    request: ReplayRequest
    market: KnownSymbols
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store(self.dataset, self.run_id)

    async def try_page(self, connection: Connection, rows: Sequence[asyncpg.Record]) -> Counts:
        """Replay a page's rejects in the order of their delivery; return their counts."""
        await self.store.lock_table(connection)
        total = Counts()
        for row in sorted(rows, key=lambda row: (row["last_seen_at"], row["reject_id"])):
            total += await self.try_again(connection, row)
        if total.stored and self.dataset in TELLS_OWNERS:
            await refresh_owners(connection, self.run_id)
        return total

    async def try_again(self, connection: Connection, row: asyncpg.Record) -> Counts:
        """Store one row, or record why it is still invalid; return its counts."""
        accepted = self._check_row(row)
        if isinstance(accepted, list) and row["identity"] is not None:
            accepted = await self._settle(connection, row, accepted)
        if not isinstance(accepted, list):
            return await leave_open(connection, row, *accepted)
        call, late = await read_call(connection, row["call_id"]), _read_late(row)
        records = [replace(one, call=call) for one in accepted]
        # all of them or none: one row may name several records
        for one in records:
            await self._stage(connection, one)
            standing, _ = await find_standing(connection, self.dataset, late)
            if standing in _WHY:
                return await leave_open(connection, row, *_WHY[standing])
        standings = [await self._store_one(connection, one, late) for one in records]
        warnings = {reason: 1 for one in accepted for reason in one.warnings}
        how = CORRECTED if row["reject_id"] in self.request.corrections else "replayed"
        known = next((_KNOWN[standing] for standing in standings if standing in _KNOWN), None)
        await resolve_reject(connection, row["reject_id"], self.run_id, f"{how}, {known}" if known else how)
        stored = int(any(standing not in _KNOWN for standing in standings))
        return Counts(read=1, stored=stored, unchanged=1 - stored, warnings_by=warnings)

    def _check_row(self, row: asyncpg.Record) -> list[Accepted] | tuple[str, str]:
        """Return the records of a row under the current rules, or reason and detail if it has none."""
        given = read_row(row, self.request.corrections.get(row["reject_id"]))
        if given is None:
            return row["reason"], row["detail"] or "only the beginning of the row was kept"
        origin = read_origin(row)
        request = find_request(self.dataset, origin, path=row["file_path"], symbol=row["record_key"], row=given)
        if request is None:
            return (
                _NEEDS_ANSWER,
                "the row can only be checked with its whole response, which was not kept: collect the dataset again",
            )
        known, aliases = self.market.known, self.market.aliases
        batch = recheck_row(self.dataset, given, request, known_symbols=known, aliases=aliases)
        if batch.out_of_scope:
            return _OUT_OF_SCOPE, "the row is about a security or exchange that is not collected"
        if batch.rejected:
            return batch.rejected[0].reason, batch.rejected[0].detail
        return batch.accepted or ("not_a_record", "the row has no data")

    async def _settle(
        self, connection: Connection, row: asyncpg.Record, accepted: list[Accepted]
    ) -> list[Accepted] | tuple[str, str]:
        """Compare a row with the other rejects of its response that have the same key, by the dataset's rule for repeats."""
        others = []
        for sibling in await connection.fetch(_SQL_SIBLINGS, row["identity"], row["delivery"], row["reject_id"]):
            checked = self._check_row(sibling)
            others.extend(checked if isinstance(checked, list) else [])
        if not others:
            return accepted
        batch = Batch([*accepted, *others])
        settle_repeats(self.dataset, batch)
        kept = {id(one.raw) for one in batch.accepted}
        own = [one for one in accepted if id(one.raw) in kept]
        if batch.rejected and not own:
            return batch.rejected[0].reason, batch.rejected[0].detail
        # several filings become versions in order, which a replay one by one would not preserve
        return _WHY[Standing.AMBIGUOUS] if self.dataset.storage is Storage.VERSIONS else own or accepted

    async def _store_one(self, connection: Connection, one: Accepted, late: Late) -> Standing:
        staged = await self._stage(connection, one)
        standing, stored = await find_standing(connection, self.dataset, late)
        if standing is Standing.STORE:
            await self.store.merge(connection, self._deliver(one), staged)
        elif standing is Standing.ADD:
            numbered = self._number(one, stored)
            staged = await self._stage(connection, numbered)
            await self.store.merge(connection, self._deliver(numbered), staged, replaces=False)
        elif standing is Standing.OUTDATED and self.dataset.storage is Storage.VERSIONS:
            below = build_late_statements(self.dataset).append_below
            if await connection.fetch(below, self.run_id):
                return Standing.STORE
        return standing

    async def _stage(self, connection: Connection, one: Accepted) -> Counts:
        return await self.store.stage(connection, self._deliver(one))

    def _deliver(self, one: Accepted) -> FmpBatch:
        """Return a delivery of this row alone; it does not complete the list to which the row belongs."""
        lists = {str(getattr(one.record, self.dataset.list_field))} if self.dataset.list_field else set()
        return FmpBatch(Batch([one]), lists=lists)

    def _number(self, one: Accepted, stored: Sequence[Stored]) -> Accepted:
        """Return a position, numbered after the stored positions of its response that look like it."""
        if self.dataset.repeats is not Repeats.NUMBERED:
            return one
        place = max((other.occurrence for other in stored), default=0) + 1
        record: Record = one.record.model_copy(update={"occurrence": place})
        return replace(one, record=record)


def read_row(row: asyncpg.Record, corrected: str | None) -> Any:
    """Return a rejected row as delivered, or as a person corrected it; None if it is not JSON."""
    text = bytes(row["raw"]).decode("utf-8", "surrogateescape") if corrected is None else corrected
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=Decimal)
    except (ValueError, RecursionError):
        return None


def read_origin(row: asyncpg.Record) -> Origin | None:
    """Return the origin of a rejected row; None if the row was kept before origins were recorded."""
    origin = row["origin"]
    return None if origin is None else Origin(origin["path"], origin["subject"], origin["defaults"])


def _read_late(row: asyncpg.Record) -> Late:
    return Late(
        seen_at=row["last_seen_at"],
        run_id=row["last_run_id"] or row["run_id"],
        call_id=row["call_id"],
        symbol=row["record_key"],
        has_twin=bool((row["origin"] or {}).get("has_twin")),
        is_traced=row["identity"] is not None,
    )
