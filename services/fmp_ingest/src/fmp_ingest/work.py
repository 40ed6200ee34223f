"""The work of the three FMP task types: which datasets a run collects, one unit each, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx

from fmp_collectors.dataset import Audience, FmpDataset, Targets
from fmp_collectors.datasets import BY_NAME
from fmp_collectors.datasets.delisted import DELISTED as DELISTED_COMPANIES
from fmp_collectors.datasets.eod_prices import EOD_PRICES
from fmp_collectors.datasets.universe import UNIVERSE
from fmp_ingest.client.circuit_breaker import OutageDetector, OutageError, RetryPolicy
from fmp_ingest.client.fmp_client import AccountError, check_source, open_client, share_account
from fmp_ingest.client.response_cache import CachedFetcher
from fmp_ingest.collection.backfill import list_single_endpoints, read_former, request_history
from fmp_ingest.collection.collector import Collector
from fmp_ingest.collection.estimate import order_endpoints
from fmp_ingest.collection.reject_replay import TELLS_OWNERS, FmpReplayWork
from fmp_ingest.collection.resume_point import ResumePoint
from fmp_ingest.collection.stored_history import DELISTED, LISTED, find_missing_topics, has_topics, record_history
from fmp_ingest.collection.target_symbols import has_delisted, has_universe, read_delisted_targets, read_targets
from fmp_ingest.collection.trading_sessions import store_sessions
from fmp_ingest.limiter.call_counts import CallCounts, prune_tally, read_tally
from fmp_ingest.limiter.pace import WINDOW_SECONDS
from fmp_ingest.parameters import choose_datasets, choose_endpoints
from fmp_ingest.store.identity import refresh_owners
from fmp_ingest.store.quarantine import SOURCE
from fmp_ingest.store.row_replacement import extend_history
from sra_shared.kit.database.cache import DatabaseCache
from sra_shared.kit.database.revision import read_sandbox_mark
from sra_shared.kit.db import Connection
from sra_shared.kit.errors import ConfigError, FatalError, RunParkedError, SraError
from sra_shared.kit.sandbox import RefusedSourceError
from sra_shared.kit.settings import FmpSettings
from sra_shared.runs import ProcessingTask, RunEnd, RunStatus, TaskType, Unit, UnitContext, UnitPlan, UnitStatus, Work
from sra_shared.runs.counts import Counts
from sra_shared.runs.ending import decide_run_status

_PART = "part"
_NAMED = 10


class FmpWork:
    """Collects datasets one after the other; `transport`, `policy` and `window` are for tests."""

    source = "fmp"
    ordered = True
    concurrency = 1

    def __init__(
        self,
        settings: FmpSettings,
        *,
        policy: RetryPolicy | None = None,
        detector: OutageDetector | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        window: float = WINDOW_SECONDS,
    ) -> None:
        self._settings = settings
        self._policy = policy or RetryPolicy()
        self._detector = detector or OutageDetector(self._policy)
        self._transport = transport
        self._window = window
        self.refusal: SraError | None = None
        """Why a run of this process ended early, for the command that waits for it."""

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return one unit per dataset, and a second one each at the end for requests without a response; raises ConfigError."""
        task = context.task
        datasets = choose_datasets(task.task_type, task.parameters.get("datasets"))
        ended = choose_datasets(task.task_type, task.parameters.get("delisted") or [])
        if self._settings.fmp_api_key is None:
            # the freshness of other sources uses the same calendars
            await self._store_sessions(context)
            error = "FMP_API_KEY is not set: FMP is skipped."
            return [UnitPlan(d.name, d.name, status=UnitStatus.SKIPPED, error=error) for d in datasets]
        async with context.pool.acquire() as connection:
            try:
                check_source(self._settings.fmp_base_url, is_sandbox=await read_sandbox_mark(connection))
            except ConfigError as error:
                self.refusal = error
                raise
            lacks_universe = not await has_universe(connection)
            lacks_delisted = bool(ended) and not await has_delisted(connection)
        if lacks_delisted and DELISTED_COMPANIES not in datasets:
            datasets = [DELISTED_COMPANIES, *datasets]
        is_needed = bool(ended) or any(dataset.needs_universe for dataset in datasets)
        if lacks_universe and UNIVERSE not in datasets and is_needed:
            datasets = [UNIVERSE, *datasets]
        units = [UnitPlan(dataset.name, dataset.name) for dataset in datasets]
        units += [UnitPlan(f"{d.name}: {DELISTED}", d.name, detail={_PART: DELISTED}) for d in ended]
        # profiles and statements, which come before, show which currencies are needed
        units.sort(key=lambda unit: BY_NAME[unit.dataset].audience is Audience.CURRENCIES)
        return [*units, *(replace(unit, unit=f"{unit.unit}: again", repeats=unit.unit) for unit in units)]

    async def process(self, context: UnitContext) -> None:
        """Collect one dataset, or request again the subjects without a response."""
        try:
            if context.unit.repeats is not None:
                await self._request_again(context)
            else:
                await self._collect(context)
        except (AccountError, RefusedSourceError) as error:
            self.refusal = error
            await _cancel_rest(context)
            raise

    async def _collect(self, context: UnitContext) -> None:
        dataset = BY_NAME[context.unit.dataset]
        if dataset is UNIVERSE:
            await self._store_sessions(context)
            async with context.pool.acquire() as connection:
                await prune_tally(connection)
                await extend_history(connection)
            await DatabaseCache(context.pool).prune()
        if dataset is EOD_PRICES and context.task.task_type is TaskType.DAILY_QUOTES:
            async with context.pool.acquire() as ledger, ledger.transaction():
                await request_history(ledger, self._settings, today=datetime.now(UTC).date())
        progress = await self._try_collector(context, dataset)
        status, error = decide_status(dataset, progress)
        async with context.transaction() as connection:
            if dataset in TELLS_OWNERS:
                await refresh_owners(connection, context.task.task_id)
            await record_history(connection, context.task, dataset, find_part(context.unit), progress)
            await context.finish(connection, status=status, error=error, resume=progress.dump())

    async def _store_sessions(self, context: UnitContext) -> None:
        async with context.pool.acquire() as connection:
            today = datetime.now(UTC).date()
            await store_sessions(connection, today=today, years=self._settings.fmp_history_years)

    async def _try_collector(self, context: UnitContext, dataset: FmpDataset) -> ResumePoint:
        """Like `_run_collector`; if the vendor is down, return how far it got."""
        try:
            return await self._run_collector(context, dataset)
        except OutageError as error:
            progress = ResumePoint.read(context.unit.resume)
            progress.broken_off = str(error)
            return progress

    async def _run_collector(self, context: UnitContext, dataset: FmpDataset) -> ResumePoint:
        task, names = context.task, context.task.parameters.get("datasets")
        async with context.pool.acquire() as connection:
            is_sandbox = await read_sandbox_mark(connection)
            targets = await _read_targets(connection, context, dataset)
        if find_part(context.unit) == DELISTED and not targets.list_symbols():
            return ResumePoint(answered=1)
        if dataset.is_lost_without_universe and not targets.list_symbols():
            if task.parameters.get("symbols") is None and dataset.audience is Audience.ALL:
                raise FatalError("The universe is empty.", next_step="Collect it first: ./sra fmp universe.")
            return ResumePoint(answered=1)
        is_backfill = task.task_type is TaskType.FMP_BACKFILL
        async with open_client(
            self._settings,
            share_account(context.pool, task.task_id),
            task.task_id,
            is_sandbox=is_sandbox,
            is_backfill=is_backfill,
            policy=self._policy,
            detector=self._detector,
            transport=self._transport,
            window=self._window,
        ) as client:
            allowed = choose_endpoints(dataset, task.task_type, names)
            if find_part(context.unit) == DELISTED:
                allowed = list_single_endpoints(allowed)
            if is_backfill and not context.unit.resume and (begin := await _find_beginning(context, dataset)):
                context.unit.resume.update(begin.dump())
            endpoints = order_endpoints(allowed, targets, self._settings, is_backfill=is_backfill)
            collector = Collector(
                context,
                client,
                dataset,
                targets,
                endpoints=endpoints,
                drop_limit=self._settings.drop_limit,
                is_released=_is_released(task),
                fetcher=CachedFetcher(client, DatabaseCache(context.pool), scope=self._settings.fmp_base_url),
            )
            try:
                return await collector.collect()
            finally:
                await _write_tally(context, client.call_counts)

    async def _request_again(self, context: UnitContext) -> None:
        dataset = BY_NAME[context.unit.dataset]
        first = await _read_first_try(context)
        if first is None or not (first[1].spent or first[1].broken_off):
            return
        status, tried = first
        if not context.unit.resume:
            context.unit.resume.update(tried.start_again().dump())
        progress = await self._try_collector(context, dataset)
        left, error = decide_status(dataset, progress)
        if left in (UnitStatus.COMPLETED, UnitStatus.SKIPPED):
            status = left if not tried.answered else UnitStatus.COMPLETED
        elif tried.answered or progress.answered:
            status = UnitStatus.PARTIAL
        async with context.transaction() as connection:
            await connection.execute(
                "UPDATE run_unit SET status = $3, error = $4 WHERE task_id = $1 AND unit = $2",
                context.task.task_id,
                context.unit.repeats,
                status,
                error,
            )
            await record_history(connection, context.task, dataset, find_part(context.unit), progress)
            await context.finish(connection)

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Decide the run's status from its datasets, without the second tries, and record how many calls it took."""
        counted = [unit.status for unit in units if unit.repeats is None]
        details: dict[str, Any] = {"fmp": await read_tally(connection, task.task_id)}
        if counted and all(status is UnitStatus.SKIPPED for status in counted):
            details["skipped"] = (
                "FMP_API_KEY is not set."
                if self._settings.fmp_api_key is None
                else "The account's plan does not include it."
            )
        if warnings := [text for unit in units for text in ResumePoint.read(unit.resume).warnings]:
            details["warnings"] = list(dict.fromkeys(warnings))
        planned = await connection.fetchval(
            "SELECT planned_at FROM task_execution_log WHERE task_id = $1", task.task_id
        )
        status = decide_run_status(task, counted, plan_failed=planned is None)
        if UnitStatus.CANCELLED in counted and status is RunStatus.PARTIAL:
            status = RunStatus.FAILED
        error = self._check_rejects(units)
        if error is not None and status in (RunStatus.COMPLETED, RunStatus.PARTIAL):
            status = RunStatus.FAILED
        return RunEnd(status=status, error=error, details=details)

    def _check_rejects(self, units: Sequence[Unit]) -> str | None:
        """Return the error if more records were rejected than REJECT_LIMIT allows."""
        total, limit = sum((unit.counts for unit in units), Counts()), self._settings.reject_limit
        if total.rejected <= limit * total.read:
            return None
        share = Decimal(total.rejected) / total.read
        return (
            f"{total.rejected} of {total.read} records were rejected ({share:.2%}), more than REJECT_LIMIT ({limit:.2%})"
            " allows. The valid ones are stored; see `./sra rejects`."
        )


def find_part(unit: Unit) -> str:
    """Return whether a unit is about listed or delisted securities, as the history names them."""
    return str(unit.detail.get(_PART, LISTED))


async def _read_targets(connection: Connection, context: UnitContext, dataset: FmpDataset) -> Targets:
    parameters = context.task.parameters
    if find_part(context.unit) == LISTED:
        return await read_targets(connection, dataset, parameters)
    first, last = (parameters.get(name) for name in ("from", "to"))
    today = datetime.now(UTC).date()
    return await read_delisted_targets(
        connection, date.fromisoformat(str(first)), today if last is None else date.fromisoformat(str(last))
    )


async def _find_beginning(context: UnitContext, dataset: FmpDataset) -> ResumePoint | None:
    """Return where a part of a backfill starts: with the rest of an earlier one, or with the series that are not stored."""
    task = context.task
    async with context.pool.acquire() as connection:
        if not task.parameters.get("missing") or not has_topics(dataset):
            return await read_former(connection, task, context.unit.unit)
        topics = await find_missing_topics(connection, dataset, date.fromisoformat(str(task.parameters["from"])))
    return ResumePoint(only=topics) if topics else ResumePoint(answered=1, is_done=True)


def decide_status(dataset: FmpDataset, progress: ResumePoint) -> tuple[UnitStatus, str | None]:
    """Return a unit's final status and its reason: partial if symbols got no response or the plan refuses them, skipped
    if the plan refuses everything."""
    reasons = []
    if progress.broken_off:
        reasons.append(progress.broken_off)
    elif progress.spent:
        what = f"{len(progress.spent)} of the requested items ({_name_some(progress.spent)})"
        reasons.append(f"no data for {what}. {progress.last_error}")
    if progress.outside and progress.answered and not dataset.skips_refused:
        is_rest = "all" in progress.outside
        what = (
            "the rest"
            if is_rest
            else f"{len(progress.outside)} of the requested items ({_name_some(progress.outside)})"
        )
        reasons.append(f"the account's plan does not include {what}.")
    mistakes = f"{dataset.name}: no data for {_name_some(progress.mistaken)}." if progress.mistaken else None
    if reasons:
        reasons += [mistakes] if mistakes else []
        status = UnitStatus.PARTIAL if progress.answered else UnitStatus.FAILED
        return status, f"{dataset.name}: {' '.join(reasons)}"
    if progress.outside and not progress.answered:
        # a bulk file that was throttled is within the plan
        status = UnitStatus.FAILED if progress.was_throttled else UnitStatus.SKIPPED
        return status, f"{dataset.name}: {progress.last_error}"
    # a symbol without data is not a failure, whatever else the response was about
    return UnitStatus.COMPLETED, mistakes


def _name_some(subjects: Sequence[str]) -> str:
    return ", ".join(subjects[:_NAMED]) + (" ..." if len(subjects) > _NAMED else "")


async def _read_first_try(context: UnitContext) -> tuple[UnitStatus, ResumePoint] | None:
    row = await context.pool.fetchrow(
        "SELECT status, resume, coalesce(not_before, now() + interval '1 minute') AS due FROM run_unit"
        " WHERE task_id = $1 AND unit = $2",
        context.task.task_id,
        context.unit.repeats,
    )
    if row is None:
        return None
    status = UnitStatus(row["status"])
    if status.is_live:
        # other units need not wait for a parked unit, but this one must follow it
        raise RunParkedError(f"The first try of {context.unit.dataset} is parked.", until=row["due"])
    return status, ResumePoint.read(row["resume"])


async def _cancel_rest(context: UnitContext) -> None:
    """Cancel the other parts of the run: they would fail in the same way, and one error is enough."""
    await context.pool.execute(
        "UPDATE run_unit SET status = 'cancelled', completed_at = now()"
        " WHERE task_id = $1 AND unit <> $2 AND status IN ('queued', 'parked')",
        context.task.task_id,
        context.unit.unit,
    )


async def _write_tally(context: UnitContext, call_counts: CallCounts) -> None:
    async with call_counts.hand_over() as calls, context.pool.acquire() as connection, connection.transaction():
        await calls.write(connection)


def _is_released(task: ProcessingTask) -> bool:
    return bool(task.parameters.get("released") or task.details.get("released"))


@dataclass(frozen=True)
class FmpRuns:
    """Dispatches each run to its work: collecting, or replaying rejects."""

    collecting: Work
    replaying: Work
    source: str = SOURCE
    ordered: bool = True
    concurrency: int = 1

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """Return the parts of the run."""
        return await self._choose(context.task).plan(context)

    async def process(self, context: UnitContext) -> None:
        """Process one part."""
        await self._choose(context.task).process(context)

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Decide the status of the whole run."""
        return await self._choose(task).conclude(connection, task, units)

    def _choose(self, task: ProcessingTask) -> Work:
        return self.replaying if "replay" in task.parameters else self.collecting


def make_works(settings: FmpSettings) -> dict[str, Work]:
    """Return the work of every FMP task type."""
    types = (TaskType.DAILY_QUOTES, TaskType.WEEKLY_FUNDAMENTALS, TaskType.FMP_BACKFILL)
    detector = OutageDetector(RetryPolicy())
    return {task_type.value: FmpRuns(FmpWork(settings, detector=detector), FmpReplayWork()) for task_type in types}
