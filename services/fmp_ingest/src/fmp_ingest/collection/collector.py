"""Collecting one dataset: by endpoint, by request, chunk by chunk, resumable at every commit."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, BinaryIO, cast

from fmp_collectors.call import Call
from fmp_collectors.csv_rows import take_rows
from fmp_collectors.dataset import FmpDataset, FmpEndpoint, FmpRequest, Scope, Storage, Targets, plan_requests
from fmp_collectors.fetch import Client, fetch_pages, find_repeated, read_rows
from fmp_collectors.record_shape import make_shape
from fmp_collectors.records import Batch
from fmp_collectors.responses import FmpResponse, ResponseError, ResponseKind
from fmp_ingest.client.call_records import is_kept
from fmp_ingest.client.fmp_client import FmpClient
from fmp_ingest.collection.disagreements import Disagreement, find_disagreements
from fmp_ingest.collection.fetching import (
    Arriving,
    Result,
    check_stop,
    fetch_in_order,
    fetch_request,
    parse_targets,
    settle,
)
from fmp_ingest.collection.resume_point import ResumePoint
from fmp_ingest.collection.target_symbols import narrow_targets
from fmp_ingest.store.batch import FmpBatch, add_coverage, add_list, exclude_held, name_mistaken, name_subjects
from fmp_ingest.store.events import Coverage
from fmp_ingest.store.row_store import Store, find_held
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import FatalError, RunHeldError
from sra_shared.kit.logs import get_logger
from sra_shared.runs import UnitContext
from sra_shared.runs.counts import Counts

_log = get_logger(__name__)

_CHUNK_ROWS = 5000
_CHUNK_CHARACTERS = 16 << 20
_CHUNK_REQUESTS = 100
_BULK_WIDTH = 2
_OWN_SUBJECTS = frozenset({Scope.RANGE, Scope.SESSION, Scope.FISCAL, Scope.TOPIC})
_CAN_END = frozenset({Storage.SNAPSHOT, Storage.EVENTS})
_MOST_COMPARED = 100
_REFUSED = frozenset({ResponseKind.PLAN_ENDPOINT, ResponseKind.PLAN_VALUE})
_NOTHING_YET = _REFUSED | {ResponseKind.BAD_REQUEST, ResponseKind.NOT_FOUND}


class Collector:
    """Collects one dataset within a unit of a run."""

    def __init__(
        self,
        context: UnitContext,
        client: FmpClient,
        dataset: FmpDataset,
        targets: Targets,
        *,
        endpoints: tuple[FmpEndpoint, ...],
        drop_limit: Decimal,
        is_released: bool,
        fetcher: Client | None = None,
    ) -> None:
        """`fetcher` sits between the requests and the client, and may serve some requests from a cache."""
        self.progress = ResumePoint.read(context.unit.resume)
        self._context = context
        self._client = client
        self._fetcher = fetcher or client
        self._dataset = dataset
        self._targets = targets
        # a resumed unit must not use one endpoint's resume point for another endpoint
        preferred = self.progress.first_path or (endpoints[0].path if endpoints else "")
        self.progress.first_path = preferred
        self.endpoints = tuple(sorted(endpoints, key=lambda endpoint: endpoint.path != preferred))
        self._drop_limit = drop_limit
        self._is_released = is_released
        self._store = Store(dataset, context.task.task_id)
        if is_released and self.progress.held:
            self.progress.only, self.progress.held, self.progress.after = self.progress.held, [], ""

    async def collect(self) -> ResumePoint:
        """Go through the endpoints; subjects that one endpoint refuses are requested from the next.

        Raises RunHeldError if lists shrank too far, FatalError if the vendor no longer knows a request, and the
        client's errors. Everything read before is committed.
        """
        progress = self.progress
        while not progress.is_done and progress.level < len(self.endpoints):
            await self._collect_endpoint(self.endpoints[progress.level])
            if not progress.refused:
                break
            if self._is_last_endpoint:
                progress.outside, progress.refused = [*progress.outside, *progress.refused], []
                break
            progress.only = None if "all" in progress.refused else progress.refused
            progress.level, progress.after, progress.refused, progress.row = progress.level + 1, "", [], 0
        if self._dataset.storage is Storage.EVENTS and not progress.is_done:
            # prices are compared with the remaining events
            await self._settle_lists()
            await self._compare_with_prices()
        if self._dataset.storage in _CAN_END:
            await self._settle_lists()
        return progress

    async def _compare_with_prices(self) -> None:
        """Request the full events of symbols that disagree with their prices; the response is stored like any other."""
        progress, since = self.progress, self._targets.again
        if since is None or progress.is_compared:
            return
        async with self._context.pool.acquire() as connection:
            found = await find_disagreements(connection, self._targets.known_symbols, since)
        whole = next((endpoint for endpoint in self._dataset.endpoints if endpoint.scope is Scope.SYMBOL), None)
        if whole is not None and self.endpoints[progress.level : progress.level + 1] != (whole,):
            symbols = sorted({one.symbol for one in found})
            if len(symbols) > _MOST_COMPARED:
                _log.warning("too_many_disagreements", symbols=len(symbols), requested=_MOST_COMPARED)
            await self._request_whole_history(whole, symbols[:_MOST_COMPARED])
        await self._record_disagreements(found)

    async def _request_whole_history(self, endpoint: FmpEndpoint, symbols: list[str]) -> None:
        targets = Targets({"(requested)": symbols}, self._targets.first, self._targets.last)
        for request in plan_requests(endpoint, targets) if symbols else ():
            self._context.check()
            result = await fetch_request(self._fetcher, self._dataset, request, self._targets)
            if result.batch is None:
                self.progress.warnings.append(f"All events of {request.subject} could not be requested: {result.error}")
                continue
            delivery = FmpBatch(path=request.path)
            self._add_result(delivery, result)
            await self._commit(delivery)

    async def _record_disagreements(self, found: list[Disagreement]) -> None:
        progress, reasons = self.progress, Counter(one.reason for one in found)
        for one in found:
            _log.warning(one.reason, dataset=self._dataset.name, symbol=one.symbol, detail=one.text)
        progress.is_compared = True
        progress.warnings.extend(one.text for one in found[:_MOST_COMPARED])
        async with self._context.transaction() as connection:
            await self._context.commit(connection, Counts(warnings_by=reasons), resume=progress.dump())

    @property
    def _is_last_endpoint(self) -> bool:
        return self.progress.level + 1 >= len(self.endpoints)

    @property
    def _waits_to_close(self) -> bool:
        """Whether DROP_LIMIT applies to the dataset's total, at the end; otherwise it applies to each exchange's list."""
        return not self._is_released and self._dataset.list_field != "exchange"

    async def _settle_lists(self) -> None:
        """Close entries that the lists no longer name, unless the dataset as a whole shrank too far; then raise RunHeldError."""
        progress, name = self.progress, self._dataset.name
        allowed = self._drop_limit * (progress.total or 0)
        if self._dataset.storage is Storage.EVENTS:
            # a market of a few events may lose one
            allowed = max(allowed, Decimal(1))
        is_believed = progress.dropped <= allowed
        if self._waits_to_close:
            async with self._context.transaction() as connection:
                await self._store.settle_vanished(connection, is_believed=is_believed)
                await self._context.commit(connection, Counts(), resume=progress.dump())
        reasons = []
        if progress.held:
            reasons.append(f"{', '.join(progress.held)} shrank by more than DROP_LIMIT allows")
        if not is_believed:
            reasons.append(
                f"{progress.dropped} of {progress.total} entries would be removed, more than DROP_LIMIT allows"
            )
        if reasons:
            raise RunHeldError(
                f"{name}: {'; '.join(reasons)}.",
                next_step=f"Check the vendor's data, then run `./sra runs release {self._context.task.task_id}`.",
            )

    async def _collect_endpoint(self, endpoint: FmpEndpoint) -> None:
        targets = narrow_targets(self._targets, self.progress.only)
        requests = self._plan(endpoint, targets)
        if endpoint.scope is Scope.PARTS:
            await self._collect_parts(next(requests))
            return
        width = _BULK_WIDTH if endpoint.is_bulk else max(8, min(400, 8 * self._client.calls.pace.permits))
        group: list[Result] = []
        results = fetch_in_order(requests, self._fetcher, self._dataset, self._targets, width=width)
        try:
            async for result in self._check_stop(results):
                is_refused = result.error is not None and result.error.kind is ResponseKind.PLAN_ENDPOINT
                # the earlier years are requested first, so they have responses
                if is_refused and not result.request.is_ahead:
                    await self._commit_group(group)
                    group = []
                    self._refuse_rest(endpoint, targets)
                    return
                group.append(result)
                if self._is_full(endpoint, group):
                    await self._commit_group(group)
                    group = []
        except Exception:
            # keep what was read before the error
            await self._commit_group(group)
            raise
        finally:
            await results.aclose()  # type: ignore[attr-defined]
        await self._commit_group(group)

    def _check_stop(self, arriving: AsyncIterator[Arriving]) -> AsyncIterator[Arriving]:
        return check_stop(arriving, self._context.check, stop_check=self._context.worker.timing.stop_check)

    def _plan(self, endpoint: FmpEndpoint, targets: Targets) -> Iterator[FmpRequest]:
        """Yield the remaining requests; if subjects are not symbols, `only` names requests."""
        only = set(self.progress.only or ()) if endpoint.scope in _OWN_SUBJECTS else set()
        for request in plan_requests(endpoint, targets, after=self.progress.after):
            if not only or request.subject in only:
                yield request

    @staticmethod
    def _is_full(endpoint: FmpEndpoint, group: list[Result]) -> bool:
        if endpoint.scope not in (Scope.SYMBOL, Scope.BATCH):
            return True
        rows = sum(result.batch.read for result in group if result.batch is not None)
        return rows >= _CHUNK_ROWS or len(group) >= _CHUNK_REQUESTS

    def _refuse_rest(self, endpoint: FmpEndpoint, targets: Targets) -> None:
        """Pass the remaining subjects to the next endpoint, because the plan lacks this one."""
        self.progress.last_error = f"The account's plan does not include {endpoint.path}."
        if not self.progress.after and self.progress.only is None:
            self.progress.refused = ["all"]
            return
        for request in self._plan(endpoint, targets):
            self.progress.refused.extend(name_subjects(request))

    async def _commit_group(self, group: list[Result]) -> None:
        if not group:
            return
        delivery = FmpBatch(path=group[0].request.path)
        for result in group:
            self._add_result(delivery, result)
        self.progress.after = group[-1].request.subject
        await self._commit(delivery)

    def _add_result(self, delivery: FmpBatch, result: Result) -> None:
        progress, request = self.progress, result.request
        if result.batch is not None:
            progress.answered += 1
            progress.mistaken.extend(name_mistaken(request, result.batch, self._targets))
            delivery.batch.extend(result.batch)
            if self._dataset.storage is Storage.SNAPSHOT:
                add_list(delivery, self._dataset, self._targets, request, result.batch)
            elif self._dataset.storage is Storage.EVENTS and not result.is_cut:
                add_coverage(delivery, self._targets, request, result.batch)
            return
        error = cast("ResponseError", result.error)
        if request.is_ahead and error.kind in _NOTHING_YET:
            _log.info("no_data_yet", dataset=self._dataset.name, path=request.path, subject=request.subject)
            return
        progress.last_error = str(error)
        if self._is_refused(error):
            progress.refused.extend(name_subjects(request))
        elif error.kind.may_pass or error.kind is ResponseKind.TOO_LARGE or request.endpoint.scope is Scope.SYMBOL:
            progress.spent.append(request.subject)
        else:
            raise FatalError(str(error), next_step="Compare the dataset's declaration with the vendor's documentation.")

    def _is_refused(self, error: ResponseError) -> bool:
        """Whether to try the next endpoint. A throttled bulk file is retried until the end of the run; without a substitute it
        counts as unanswered."""
        if error.kind is ResponseKind.BULK_THROTTLE:
            self.progress.was_throttled = self.progress.is_again and not self._is_last_endpoint
            return self.progress.was_throttled
        return error.kind in _REFUSED

    async def _commit(self, delivery: FmpBatch) -> None:
        # rows of one key may also come from two responses
        await settle(self._dataset, delivery.batch)
        async with self._client.call_counts.hand_over() as calls, self._context.transaction() as connection:
            staged = await self._store.stage(connection, delivery)
            may_hold = self._dataset.storage is Storage.SNAPSHOT and not self._is_released
            if may_hold and (held := await self._find_held(connection, delivery)):
                delivery = exclude_held(delivery, held, self._dataset)
                self.progress.held.extend(sorted(held))
                staged = await self._store.stage(connection, delivery)
            if delivery.covered is not None and not self._is_released:
                delivery.covered = await self._check_drops(connection, delivery.covered)
            counts = await self._store.merge(connection, delivery, staged, waits_to_close=self._waits_to_close)
            await calls.write(connection)
            self._record_days(delivery)
            progress = self.progress
            await self._context.commit(connection, counts, resume=progress.dump(), progress=progress.describe())
        _log.info(
            "chunk_stored", dataset=self._dataset.name, read=counts.read, stored=counts.stored, path=delivery.path
        )

    def _record_days(self, delivery: FmpBatch) -> None:
        name = self._dataset.day_field
        if name is not None:
            days = (getattr(one.record, name) for one in delivery.batch.accepted)
            self.progress.record_days((day for day in days if day is not None), datetime.now(UTC).date())

    async def _find_held(self, connection: Connection, delivery: FmpBatch) -> set[str]:
        """Return the lists that must not be stored, and record how far the others shrank."""
        # an entry that a list with unreadable rows lacks may be among those rows
        whole = delivery.lists - {name for name in delivery.lists - delivery.complete if name in delivery.unread}
        drops = await self._store.count_drops(connection, whole)
        limit = None if self._waits_to_close else self._drop_limit
        held = {drop.name for drop in find_held(drops, drop_limit=limit)}
        if self._waits_to_close:
            if self.progress.total is None:
                self.progress.total = await self._store.count_current(connection)
            self.progress.dropped += sum(drop.current - drop.named for drop in drops if drop.name not in held)
        return held

    async def _check_drops(self, connection: Connection, covered: Coverage) -> Coverage:
        """Return which of the events that a response covers may end, and record how many would."""
        progress = self.progress
        total, drops = await self._store.count_ended(connection, covered)
        held: set[str] = set()
        if not covered.is_history:
            progress.total = (progress.total or 0) + total
        else:
            # a symbol's whole history, measured against the dataset's total
            held = {drop.name for drop in find_held(drops, drop_limit=None) if drop.gone > 1}
            progress.held.extend(sorted(held))
            progress.total = progress.total or await self._store.count_current(connection)
        progress.dropped += sum(drop.gone for drop in drops if drop.name not in held)
        return replace(covered, symbols=covered.symbols - held)

    async def _collect_parts(self, request: FmpRequest) -> None:
        """Store a bulk response part by part and chunk by chunk; a resumed unit skips the rows that it has stored."""
        first = int(self.progress.after or 0)
        try:
            part = 0
            pages = fetch_pages(self._client, self._dataset, request, first_part=first)
            async for response in self._check_stop(pages):
                await self._store_part(request, response, first + part)
                part += 1
        except ResponseError as error:
            self.progress.last_error = str(error)
            if self._is_refused(error):
                self.progress.refused = ["all"]
            elif error.kind.may_pass or error.kind is ResponseKind.TOO_LARGE:
                self.progress.spent.append(request.subject)
            else:
                raise FatalError(
                    str(error), next_step="Compare the dataset's declaration with the vendor's documentation."
                ) from error

    async def _store_part(self, request: FmpRequest, response: FmpResponse, part: int) -> None:
        """Store a part chunk by chunk; rows whose key occurs more than once are decided together, at its end."""
        shape = make_shape(self._dataset, request.endpoint)
        call = await self._find_call(response.call)
        try:
            repeated = await asyncio.to_thread(find_repeated, shape, read_rows(response), path=request.path)
            rows = read_rows(response)
            held_back: list[Any] = []
            end = 0
            while chunk := await asyncio.to_thread(take_rows, rows, _CHUNK_ROWS, _CHUNK_CHARACTERS):
                held_back.extend(row for row in chunk if repeated and shape.hash_key(row) in repeated)
                ready = [
                    row
                    for place, row in enumerate(chunk, end)
                    if place >= self.progress.row and not (repeated and shape.hash_key(row) in repeated)
                ]
                end += len(chunk)
                if end <= self.progress.row:
                    continue
                self.progress.row = end
                await self._commit(FmpBatch(self._parse(request, ready, call), path=request.endpoint.path))
        finally:
            if response.csv is not None:
                cast("BinaryIO", response.csv).close()
        self.progress.after, self.progress.row = str(part + 1), 0
        self.progress.answered += 1
        await self._commit(FmpBatch(self._parse(request, held_back, call), path=request.endpoint.path))

    async def _find_call(self, call: Call | None) -> Call | None:
        """Return the call to which a part's rows refer: if the part resumed with the same body, the call of the rows
        already stored."""
        if call is None:
            return None
        former = self.progress.call_id if self.progress.row else None
        if former is not None:
            async with self._context.pool.acquire() as connection:
                if await is_kept(connection, former, call):
                    return replace(call, call_id=former)
        self.progress.call_id = call.call_id
        return call

    def _parse(self, request: FmpRequest, rows: Iterable[Any], call: Call | None) -> Batch:
        batch = parse_targets(self._dataset, rows, request, self._targets)
        batch.name_call(call, request.origin)
        return batch
