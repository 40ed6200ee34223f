"""Collecting one dataset: source after source, request after request, chunk after chunk, resumable at every commit."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO, cast

from fmp_collectors.answers import Answer, AnswerError, Kind
from fmp_collectors.dataset import Dataset, Request, Scope, Source, Storage, Targets, plan_requests
from fmp_collectors.fetch import Client, fetch_pages, parse_rows, read_rows
from fmp_collectors.records import Batch
from fmp_ingest.client import FmpClient
from fmp_ingest.fetching import Result, fetch_in_order
from fmp_ingest.progress import Progress
from fmp_ingest.storage import Delivery, Store, find_held
from fmp_ingest.targets import narrow_targets
from sra_shared.counts import Counts
from sra_shared.db import Connection
from sra_shared.errors import FatalError, RunHeldError
from sra_shared.logs import get_logger
from sra_shared.runs import UnitContext

_log = get_logger(__name__)

_CHUNK_ROWS = 5000
_CHUNK_REQUESTS = 100
_BULK_WIDTH = 2
_OWN_SUBJECTS = frozenset({Scope.RANGE, Scope.SESSION, Scope.FISCAL, Scope.TOPIC})
_REFUSED = frozenset({Kind.PLAN_ENDPOINT, Kind.PLAN_VALUE})


class Collector:
    """Collects one dataset within a unit of a run."""

    def __init__(
        self,
        context: UnitContext,
        client: FmpClient,
        dataset: Dataset,
        targets: Targets,
        *,
        sources: tuple[Source, ...],
        drop_limit: Decimal,
        is_released: bool,
        fetcher: Client | None = None,
    ) -> None:
        """`fetcher` stands between the requests and the client, where some answers need not be asked for again."""
        self.progress = Progress.read(context.unit.resume)
        self._context = context
        self._client = client
        self._fetcher = fetcher or client
        self._dataset = dataset
        self._targets = targets
        # a resumed unit must not take one source's resume point for another's
        preferred = self.progress.first_path or (sources[0].path if sources else "")
        self.progress.first_path = preferred
        self._sources = tuple(sorted(sources, key=lambda source: source.path != preferred))
        self._drop_limit = drop_limit
        self._is_released = is_released
        self._store = Store(dataset, context.task.task_id)
        if is_released and self.progress.held:
            self.progress.only, self.progress.held, self.progress.after = self.progress.held, [], ""

    def list_sources(self) -> tuple[Source, ...]:
        """Return the sources in the order of their levels."""
        return self._sources

    async def collect(self) -> Progress:
        """Go through the sources; what one refuses the next is asked for.

        Raises RunHeldError where lists shrank too far, FatalError where the vendor no longer knows what we ask, and what
        the client raises; all that was read before is committed.
        """
        progress = self.progress
        while not progress.is_done and progress.level < len(self._sources):
            await self._collect_source(self._sources[progress.level])
            if not progress.refused:
                break
            if self._is_last_source:
                progress.outside, progress.refused = [*progress.outside, *progress.refused], []
                break
            progress.only = None if "all" in progress.refused else progress.refused
            progress.level, progress.after, progress.refused, progress.row = progress.level + 1, "", [], 0
        if self._dataset.storage is Storage.SNAPSHOT:
            await self._settle_lists()
        return progress

    @property
    def _is_last_source(self) -> bool:
        return self.progress.level + 1 >= len(self._sources)

    @property
    def _waits_to_close(self) -> bool:
        """Whether what vanished is judged by the dataset's total, at the end; an exchange's list is judged by itself."""
        return not self._is_released and self._dataset.list_field != "exchange"

    async def _settle_lists(self) -> None:
        """Close what the lists name no more, where the dataset as a whole did not shrink too far; else raise RunHeldError."""
        progress, name = self.progress, self._dataset.name
        is_believed = progress.dropped <= self._drop_limit * (progress.total or 0)
        if self._waits_to_close:
            async with self._context.transaction() as connection:
                await self._store.settle_vanished(connection, is_believed=is_believed)
                await self._context.commit(connection, Counts(), resume=progress.dump())
        reasons = []
        if progress.held:
            reasons.append(f"{', '.join(progress.held)} shrank further than DROP_LIMIT allows")
        if not is_believed:
            reasons.append(f"{progress.dropped} of {progress.total} entries would vanish, more than DROP_LIMIT")
        if reasons:
            raise RunHeldError(
                f"{name}: {'; '.join(reasons)}.",
                next_step=f"Look at the vendor's data, then `./sra runs release {self._context.task.task_id}`.",
            )

    async def _collect_source(self, source: Source) -> None:
        targets = narrow_targets(self._targets, self.progress.only)
        requests = self._plan(source, targets)
        if source.scope is Scope.PARTS:
            await self._collect_parts(next(requests))
            return
        width = _BULK_WIDTH if source.is_bulk else max(8, min(400, 8 * self._client.calls.pace.permits))
        group: list[Result] = []
        results = fetch_in_order(requests, self._fetcher, self._dataset, self._targets, width=width)
        try:
            async for result in results:
                if result.error is not None and result.error.kind is Kind.PLAN_ENDPOINT:
                    await self._commit_group(group)
                    group = []
                    self._refuse_rest(source, targets)
                    return
                group.append(result)
                if self._is_full(source, group):
                    await self._commit_group(group)
                    group = []
        except Exception:
            # what was read before the trouble is kept
            await self._commit_group(group)
            raise
        finally:
            await results.aclose()  # type: ignore[attr-defined]
        await self._commit_group(group)

    def _plan(self, source: Source, targets: Targets) -> Iterator[Request]:
        """Yield what is left to ask for; where subjects are no symbols, `only` names requests."""
        only = set(self.progress.only or ()) if source.scope in _OWN_SUBJECTS else set()
        for request in plan_requests(source, targets, after=self.progress.after):
            if not only or request.subject in only:
                yield request

    @staticmethod
    def _is_full(source: Source, group: list[Result]) -> bool:
        if source.scope not in (Scope.SYMBOL, Scope.BATCH):
            return True
        rows = sum(result.batch.read for result in group if result.batch is not None)
        return rows >= _CHUNK_ROWS or len(group) >= _CHUNK_REQUESTS

    def _refuse_rest(self, source: Source, targets: Targets) -> None:
        """The plan lacks the endpoint: everything that is left goes to the next source."""
        self.progress.last_error = f"{source.path} is outside the account's plan."
        if not self.progress.after and self.progress.only is None:
            self.progress.refused = ["all"]
            return
        for request in self._plan(source, targets):
            self.progress.refused.extend(_name_subjects(request))

    async def _commit_group(self, group: list[Result]) -> None:
        if not group:
            return
        delivery = Delivery(path=group[0].request.path)
        for result in group:
            self._add_result(delivery, result)
        self.progress.after = group[-1].request.subject
        await self._commit(delivery)

    def _add_result(self, delivery: Delivery, result: Result) -> None:
        progress, request = self.progress, result.request
        if result.batch is not None:
            progress.answered += 1
            delivery.batch.extend(result.batch)
            if self._dataset.storage is Storage.SNAPSHOT:
                self._add_list(delivery, request, result.batch)
            return
        error = cast("AnswerError", result.error)
        progress.last_error = str(error)
        if self._is_refused(error):
            progress.refused.extend(_name_subjects(request))
        elif error.kind.may_pass or error.kind is Kind.TOO_LARGE or request.source.scope is Scope.SYMBOL:
            progress.spent.append(request.subject)
        else:
            raise FatalError(str(error), next_step="Compare the declaration of the dataset with the vendor's page.")

    def _is_refused(self, error: AnswerError) -> bool:
        """Whether the next source is to be asked; a throttled bulk file is waited for until the end of the run, and where
        nothing stands in for it, it did not answer."""
        if error.kind is Kind.BULK_THROTTLE:
            self.progress.was_throttled = self.progress.is_again and not self._is_last_source
            return self.progress.was_throttled
        return error.kind in _REFUSED

    def _add_list(self, delivery: Delivery, request: Request, batch: Batch) -> None:
        if request.source.scope is Scope.LIST:
            self._add_lists(delivery, batch)
            return
        if self._targets.only is not None and request.source.scope is not Scope.SYMBOL:
            # only some of its entries were kept
            return
        name = request.exchange or request.subject
        delivery.lists.add(name)
        # a row that could not be read may be any entry, and nothing at all is no list
        if batch.rejected:
            delivery.unread.add(name)
        elif batch.accepted:
            delivery.complete.add(name)

    def _add_lists(self, delivery: Delivery, batch: Batch) -> None:
        """One answer has the lists of all symbols."""
        named = {str(getattr(one.record, str(self._dataset.list_field))) for one in batch.accepted}
        unread = {rejected.symbol for rejected in batch.rejected}
        delivery.lists |= named
        # a row without a name may belong to any of them
        delivery.unread |= named if None in unread else {str(name).upper() for name in unread}
        delivery.complete |= named - delivery.unread

    async def _commit(self, delivery: Delivery) -> None:
        async with self._client.tally.hand_over() as calls, self._context.transaction() as connection:
            staged = await self._store.stage(connection, delivery)
            may_hold = self._dataset.storage is Storage.SNAPSHOT and not self._is_released
            if may_hold and (held := await self._find_held(connection, delivery)):
                delivery = _leave_out(delivery, held, self._dataset)
                self.progress.held.extend(sorted(held))
                staged = await self._store.stage(connection, delivery)
            counts = await self._store.merge(connection, delivery, staged, waits_to_close=self._waits_to_close)
            await calls.write(connection)
            await self._context.commit(connection, counts, resume=self.progress.dump())
        _log.info(
            "chunk_stored", dataset=self._dataset.name, read=counts.read, stored=counts.stored, path=delivery.path
        )

    async def _find_held(self, connection: Connection, delivery: Delivery) -> set[str]:
        """Return the lists that must not be stored, and note how far the others fell."""
        # what a list with unreadable rows lacks may be among them
        whole = delivery.lists - {name for name in delivery.lists - delivery.complete if name in delivery.unread}
        drops = await self._store.count_drops(connection, whole)
        limit = None if self._waits_to_close else self._drop_limit
        held = {drop.name for drop in find_held(drops, drop_limit=limit)}
        if self._waits_to_close:
            if self.progress.total is None:
                self.progress.total = await self._store.count_current(connection)
            self.progress.dropped += sum(drop.current - drop.named for drop in drops if drop.name not in held)
        return held

    async def _collect_parts(self, request: Request) -> None:
        """Store a bulk answer part by part and chunk by chunk; a resumed unit skips the rows that it has stored."""
        first = int(self.progress.after or 0)
        try:
            part = 0
            async for answer in fetch_pages(self._client, request, first_part=first):
                await self._store_part(request, answer, first + part)
                part += 1
        except AnswerError as error:
            self.progress.last_error = str(error)
            if self._is_refused(error):
                self.progress.refused = ["all"]
            elif error.kind.may_pass or error.kind is Kind.TOO_LARGE:
                self.progress.spent.append(request.subject)
            else:
                raise FatalError(str(error), next_step="Compare the declaration with the vendor's page.") from error

    async def _store_part(self, request: Request, answer: Answer, part: int) -> None:
        rows = read_rows(answer)
        try:
            for _ in islice(rows, self.progress.row):
                pass
            while chunk := await asyncio.to_thread(lambda: list(islice(rows, _CHUNK_ROWS))):
                self.progress.row += len(chunk)
                await self._commit(Delivery(self._parse(request, chunk), path=request.source.path))
        finally:
            if answer.csv is not None:
                cast("BinaryIO", answer.csv).close()
        self.progress.after, self.progress.row = str(part + 1), 0
        self.progress.answered += 1
        async with self._client.tally.hand_over() as calls, self._context.transaction() as connection:
            await calls.write(connection)
            await self._context.commit(connection, Counts(), resume=self.progress.dump())

    def _parse(self, request: Request, rows: Iterable[Any]) -> Batch:
        targets = self._targets
        return parse_rows(self._dataset, rows, request, known_symbols=targets.known_symbols, only=targets.only)


def _name_subjects(request: Request) -> list[str]:
    """Return what a refused request was about, as the next source can ask for it."""
    if request.source.scope is Scope.EXCHANGE and request.exchange is not None:
        return [request.exchange]
    return list(request.symbols) or ["all"]


def _leave_out(delivery: Delivery, held: set[str], dataset: Dataset) -> Delivery:
    """Return the delivery without held lists; their rows are not stored and not counted until they are released."""
    name = str(dataset.list_field)
    kept = [one for one in delivery.batch.accepted if getattr(one.record, name) not in held]
    batch = Batch(kept, delivery.batch.rejected, delivery.batch.out_of_scope)
    return Delivery(batch, delivery.lists - held, delivery.complete - held, delivery.unread, delivery.path)
