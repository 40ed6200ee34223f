"""The work of the three FMP task types: which datasets a run collects, one unit each, and how it ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import httpx
from pydantic import BaseModel, ConfigDict, Field, field_validator

from fmp_collectors.dataset import Audience, Cadence, Dataset, Source
from fmp_collectors.datasets import BY_NAME, list_datasets
from fmp_collectors.datasets.eod_prices import EOD_PRICES
from fmp_collectors.datasets.profile import PROFILE
from fmp_collectors.datasets.symbol_changes import SYMBOL_CHANGES
from fmp_collectors.datasets.universe import UNIVERSE
from fmp_ingest.backfill import read_former, request_first_backfill
from fmp_ingest.cached import CachedFetcher
from fmp_ingest.client import AccountError, RefusedSourceError, check_source, open_client
from fmp_ingest.collect import Collector
from fmp_ingest.estimate import order_sources
from fmp_ingest.gate import Breaker, OutageError, RetryPolicy
from fmp_ingest.identity import refresh_aliases
from fmp_ingest.progress import Progress
from fmp_ingest.sessions import store_sessions
from fmp_ingest.tally import Tally, prune_tally, read_tally
from fmp_ingest.targets import has_universe, read_targets
from sra_shared.cache import DatabaseCache
from sra_shared.counts import Counts
from sra_shared.db import Connection
from sra_shared.errors import ConfigError, FatalError, RunParkedError, SraError
from sra_shared.migrate import read_sandbox_mark
from sra_shared.runs import ProcessingTask, RunEnd, RunStatus, TaskType, Unit, UnitContext, UnitPlan, UnitStatus
from sra_shared.runs.ending import judge_units
from sra_shared.settings import FmpSettings

AGAIN = ": again"
_NAMED = 10


class FmpParameters(BaseModel):
    """What a run may be asked for besides its type; nothing means its ordinary daily or weekly work."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    datasets: list[str] | None = Field(None, description="Names of datasets.", max_length=100)
    first: date | None = Field(None, alias="from", description="First day, for datasets with dates.")
    last: date | None = Field(None, alias="to", description="Last day.")
    symbols: list[str] | None = Field(None, description="Only these symbols.", max_length=20_000)
    released: bool | None = Field(None, description="Whether lists that shrank past DROP_LIMIT are let through.")

    @field_validator("datasets")
    @classmethod
    def check_datasets(cls, value: list[str] | None) -> list[str] | None:
        unknown = [name for name in value or [] if name not in BY_NAME]
        if unknown:
            raise ValueError(f"no dataset is called {', '.join(unknown)}; there are {', '.join(BY_NAME)}")
        return value

    @field_validator("symbols")
    @classmethod
    def read_symbols(cls, value: list[str] | None) -> list[str] | None:
        return None if value is None else sorted({symbol.strip().upper() for symbol in value if symbol.strip()})


def choose_datasets(task_type: TaskType, names: Sequence[str] | None) -> list[Dataset]:
    """Return the datasets of a run in their order."""
    if names is not None:
        return [BY_NAME[name] for name in BY_NAME if name in set(names)]
    if task_type is TaskType.WEEKLY_FUNDAMENTALS:
        return list(list_datasets(Cadence.WEEKLY))
    return [*list_datasets(Cadence.DAILY), PROFILE]


def choose_sources(dataset: Dataset, task_type: TaskType, names: Sequence[str] | None) -> tuple[Source, ...]:
    """Return the sources that a run may use: a daily one takes weekly datasets only where the plan has bulk."""
    is_extra = task_type is TaskType.DAILY_QUOTES and dataset.cadence is Cadence.WEEKLY and names is None
    return tuple(source for source in dataset.sources if source.is_bulk) if is_extra else dataset.sources


class FmpWork:
    """Collects datasets one after the other; `transport` and `policy` are for tests."""

    source = "fmp"
    ordered = True
    concurrency = 1

    def __init__(
        self,
        settings: FmpSettings,
        *,
        policy: RetryPolicy | None = None,
        breaker: Breaker | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._policy = policy or RetryPolicy()
        self._breaker = breaker or Breaker(self._policy)
        self._transport = transport
        self.refusal: SraError | None = None
        """Why a run of this process ended before its time, for the command that waits for it."""

    async def plan(self, context: UnitContext) -> Sequence[UnitPlan]:
        """One unit per dataset, and one more each at the end for what did not answer; raises ConfigError."""
        task = context.task
        datasets = choose_datasets(task.task_type, task.parameters.get("datasets"))
        if self._settings.fmp_api_key is None:
            # the freshness of other sources is measured by the same calendars
            await self._store_sessions(context)
            error = "FMP_API_KEY is not set: FMP is left out."
            return [UnitPlan(d.name, d.name, status=UnitStatus.SKIPPED, error=error) for d in datasets]
        async with context.pool.acquire() as connection:
            try:
                check_source(self._settings.fmp_base_url, is_sandbox=await read_sandbox_mark(connection))
            except ConfigError as error:
                self.refusal = error
                raise
            lacks_universe = not await has_universe(connection)
        if lacks_universe and UNIVERSE not in datasets and any(dataset.needs_universe for dataset in datasets):
            datasets = [UNIVERSE, *datasets]
        return [
            *(UnitPlan(dataset.name, dataset.name) for dataset in datasets),
            *(UnitPlan(dataset.name + AGAIN, dataset.name) for dataset in datasets),
        ]

    async def process(self, context: UnitContext) -> None:
        """Collect one dataset, or ask once more for what did not answer."""
        try:
            if context.unit.unit.endswith(AGAIN):
                await self._ask_again(context)
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
            await DatabaseCache(context.pool).prune()
        if dataset is EOD_PRICES and context.task.task_type is TaskType.DAILY_QUOTES:
            async with context.pool.acquire() as ledger, ledger.transaction():
                await request_first_backfill(
                    ledger, today=datetime.now(UTC).date(), years=self._settings.fmp_history_years
                )
        progress = await self._try_collector(context, dataset)
        status, error = judge_progress(dataset, progress)
        async with context.transaction() as connection:
            if dataset is SYMBOL_CHANGES:
                await refresh_aliases(connection, context.task.task_id)
            await context.finish(connection, status=status, error=error, resume=progress.dump())

    async def _store_sessions(self, context: UnitContext) -> None:
        async with context.pool.acquire() as connection:
            today = datetime.now(UTC).date()
            await store_sessions(connection, today=today, years=self._settings.fmp_history_years)

    async def _try_collector(self, context: UnitContext, dataset: Dataset) -> Progress:
        """As `_run_collector`; where the vendor is down, how far it got."""
        try:
            return await self._run_collector(context, dataset)
        except OutageError as error:
            progress = Progress.read(context.unit.resume)
            progress.broken_off = str(error)
            return progress

    async def _run_collector(self, context: UnitContext, dataset: Dataset) -> Progress:
        task, names = context.task, context.task.parameters.get("datasets")
        async with context.pool.acquire() as connection:
            is_sandbox = await read_sandbox_mark(connection)
            targets = await read_targets(connection, dataset, task.parameters)
        if dataset.is_lost_without_universe and not targets.list_symbols():
            if task.parameters.get("symbols") is None and dataset.audience is Audience.ALL:
                raise FatalError("The universe is empty.", next_step="Collect it first: ./sra fmp universe.")
            return Progress(answered=1)
        is_backfill = task.task_type is TaskType.FMP_BACKFILL
        async with open_client(
            self._settings,
            context.pool,
            task.task_id,
            is_sandbox=is_sandbox,
            is_backfill=is_backfill,
            policy=self._policy,
            breaker=self._breaker,
            transport=self._transport,
        ) as client:
            allowed = choose_sources(dataset, task.task_type, names)
            if is_backfill and not context.unit.resume and (former := await self._read_former(context)):
                context.unit.resume.update(former.dump())
            sources = order_sources(allowed, targets, self._settings, is_backfill=is_backfill)
            collector = Collector(
                context,
                client,
                dataset,
                targets,
                sources=sources,
                drop_limit=self._settings.drop_limit,
                is_released=_is_released(task),
                fetcher=CachedFetcher(client, DatabaseCache(context.pool), scope=self._settings.fmp_base_url),
            )
            try:
                return await collector.collect()
            finally:
                await _write_tally(context, client.tally)

    @staticmethod
    async def _read_former(context: UnitContext) -> Progress | None:
        async with context.pool.acquire() as connection:
            return await read_former(connection, context.task.task_id, context.unit.unit)

    async def _ask_again(self, context: UnitContext) -> None:
        dataset = BY_NAME[context.unit.dataset]
        first = await _read_first_try(context)
        if first is None or not (first[1].spent or first[1].broken_off):
            return
        status, tried = first
        if not context.unit.resume:
            context.unit.resume.update(tried.start_again().dump())
        progress = await self._try_collector(context, dataset)
        left, error = judge_progress(dataset, progress)
        if left in (UnitStatus.COMPLETED, UnitStatus.SKIPPED):
            status = left if not tried.answered else UnitStatus.COMPLETED
        elif tried.answered or progress.answered:
            status = UnitStatus.PARTIAL
        async with context.transaction() as connection:
            await connection.execute(
                "UPDATE run_unit SET status = $3, error = $4 WHERE task_id = $1 AND unit = $2",
                context.task.task_id,
                dataset.name,
                status,
                error,
            )
            await context.finish(connection)

    async def conclude(self, connection: Connection, task: ProcessingTask, units: Sequence[Unit]) -> RunEnd:
        """Judge by the datasets, asking again left aside, and note how many calls it took."""
        counted = [unit.status for unit in units if not unit.unit.endswith(AGAIN)]
        details: dict[str, Any] = {"fmp": await read_tally(connection, task.task_id)}
        if counted and all(status is UnitStatus.SKIPPED for status in counted):
            details["skipped"] = "FMP_API_KEY is not set." if self._settings.fmp_api_key is None else "outside the plan"
        planned = await connection.fetchval(
            "SELECT planned_at FROM task_execution_log WHERE task_id = $1", task.task_id
        )
        status = judge_units(task, counted, plan_failed=planned is None)
        if UnitStatus.CANCELLED in counted and status is RunStatus.PARTIAL:
            status = RunStatus.FAILED
        error = self._judge_rejects(units)
        if error is not None and status in (RunStatus.COMPLETED, RunStatus.PARTIAL):
            status = RunStatus.FAILED
        return RunEnd(status=status, error=error, details=details)

    def _judge_rejects(self, units: Sequence[Unit]) -> str | None:
        """Return what to say where more records were rejected than REJECT_LIMIT allows."""
        total, limit = sum((unit.counts for unit in units), Counts()), self._settings.reject_limit
        if total.rejected <= limit * total.read:
            return None
        share = Decimal(total.rejected) / total.read
        return (
            f"{total.rejected} of {total.read} records were rejected ({share:.2%}), more than REJECT_LIMIT ({limit:.2%})"
            " allows. The good ones are stored; see `./sra rejects`."
        )


def judge_progress(dataset: Dataset, progress: Progress) -> tuple[UnitStatus, str | None]:
    """Return how a dataset's unit ends and why: in part where symbols did not answer or the plan does not give them, skipped
    where the plan gives nothing of it."""
    reasons = []
    if progress.broken_off:
        reasons.append(progress.broken_off)
    elif progress.spent:
        what = f"{len(progress.spent)} of those asked for ({_name_some(progress.spent)})"
        reasons.append(f"no data for {what}. {progress.last_error}")
    if progress.outside and progress.answered:
        is_rest = "all" in progress.outside
        what = "the rest" if is_rest else f"{len(progress.outside)} of those asked for ({_name_some(progress.outside)})"
        reasons.append(f"the account's plan does not give {what}.")
    if reasons:
        status = UnitStatus.PARTIAL if progress.answered else UnitStatus.FAILED
        return status, f"{dataset.name}: {' '.join(reasons)}"
    if progress.outside:
        # a bulk file that was throttled is within the plan
        status = UnitStatus.FAILED if progress.was_throttled else UnitStatus.SKIPPED
        return status, f"{dataset.name}: {progress.last_error}"
    return UnitStatus.COMPLETED, None


def _name_some(subjects: Sequence[str]) -> str:
    return ", ".join(subjects[:_NAMED]) + (" ..." if len(subjects) > _NAMED else "")


async def _read_first_try(context: UnitContext) -> tuple[UnitStatus, Progress] | None:
    row = await context.pool.fetchrow(
        "SELECT status, resume, coalesce(not_before, now() + interval '1 minute') AS due FROM run_unit"
        " WHERE task_id = $1 AND unit = $2",
        context.task.task_id,
        context.unit.dataset,
    )
    if row is None:
        return None
    status = UnitStatus(row["status"])
    if status.is_live:
        # a parked unit holds up none of those after it, but this one belongs behind it
        raise RunParkedError(f"{context.unit.dataset} is parked itself.", until=row["due"])
    return status, Progress.read(row["resume"])


async def _cancel_rest(context: UnitContext) -> None:
    """No other part of the run can do better, and one error is enough."""
    await context.pool.execute(
        "UPDATE run_unit SET status = 'cancelled', completed_at = now()"
        " WHERE task_id = $1 AND unit <> $2 AND status IN ('queued', 'parked')",
        context.task.task_id,
        context.unit.unit,
    )


async def _write_tally(context: UnitContext, tally: Tally) -> None:
    async with tally.hand_over() as calls, context.pool.acquire() as connection, connection.transaction():
        await calls.write(connection)


def _is_released(task: ProcessingTask) -> bool:
    return bool(task.parameters.get("released") or task.details.get("released"))


def make_works(settings: FmpSettings) -> dict[str, FmpWork]:
    """Return the work of every FMP task type."""
    types = (TaskType.DAILY_QUOTES, TaskType.WEEKLY_FUNDAMENTALS, TaskType.FMP_BACKFILL)
    breaker = Breaker(RetryPolicy())
    return {task_type.value: FmpWork(settings, breaker=breaker) for task_type in types}
