"""`./sra fmp`: collects one FMP dataset in this process, or lists the datasets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from fmp_collectors.dataset import Cadence, FmpDataset
from fmp_collectors.datasets import BY_NAME, DATASETS
from fmp_collectors.describe import describe_calls, write_line
from fmp_ingest.client.fmp_client import check_source
from fmp_ingest.collection.backfill import plan_history
from fmp_ingest.collection.estimate import estimate_calls
from fmp_ingest.collection.target_symbols import has_universe, read_targets
from fmp_ingest.parameters import FmpParameters
from fmp_ingest.work import FmpWork
from sra_cli.database import use_database
from sra_cli.home import Home
from sra_cli.ledger_view import describe_cost
from sra_cli.output import HomeOption, JsonOption, Output, choose_exit_code
from sra_cli.person import name_actor
from sra_cli.settings import read_settings
from sra_cli.stack import choose_fmp_settings
from sra_cli.tables import make_table
from sra_shared.kit.database.revision import read_sandbox_mark, require_revision
from sra_shared.kit.db import Connection, open_connection
from sra_shared.kit.errors import ConfigError, SraError
from sra_shared.kit.logs import configure_logs, hide_secrets
from sra_shared.kit.settings import DatabaseSettings, FmpSettings, ServiceSettings, check_settings
from sra_shared.kit.timing import LeaseTiming
from sra_shared.runs import ProcessingTask, RunRequest, TaskType, Unit, execute_in_process
from sra_shared.runs.counts import Counts

DatasetArgument = Annotated[
    str | None, typer.Argument(metavar="[DATASET]", help="Dataset; without a name, lists them.")
]
FromOption = Annotated[str | None, typer.Option("--from", help="First day (YYYY-MM-DD) of a backfill.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Last day of the backfill.")]
SymbolsOption = Annotated[str | None, typer.Option("--symbols", help="Only these symbols, separated by commas.")]
DryOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Show the number of calls and minutes without calling FMP; without a dataset, for the first history.",
    ),
]
NO_UNIVERSE = (
    "The universe is not stored yet, so calls for single symbols are not counted: collect it first with"
    " `./sra fmp universe`, about ten calls, then repeat this command."
)


def fmp(
    context: typer.Context,
    dataset: DatasetArgument = None,
    first: FromOption = None,
    last: ToOption = None,
    symbols: SymbolsOption = None,
    dry_run: DryOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Collect one FMP dataset, or list the datasets. Needs only the database and FMP_API_KEY."""
    output = Output(as_json=as_json)
    if dataset is None and dry_run:
        show_history_cost(output, Home(home))
    if dataset is None:
        list_all(output)
    chosen = BY_NAME.get(dataset)
    if chosen is None:
        raise ConfigError(f"FMP dataset {dataset!r} does not exist.", next_step=f"Choose one of: {', '.join(BY_NAME)}.")
    parameters = read_parameters(chosen, first, last, symbols)
    check_settings(DatabaseSettings, ServiceSettings, FmpSettings)
    service = read_settings(ServiceSettings)
    configure_logs(service="fmp", level=service.log_level, form=service.log_format)
    with use_database(Home(home)) as dsn:
        settings = choose_fmp_settings(Home(home), dsn)
        hide_secrets([settings.fmp_api_key.get_secret_value() if settings.fmp_api_key else None])
        if dry_run:
            result = asyncio.run(estimate(dsn, chosen, parameters, settings))
            if result["note"]:
                output.print_note(result["note"])
            output.finish(result, render=lambda: f"{result['calls']} calls, {result['minutes']} minutes.")
        result = asyncio.run(collect(dsn, chosen, parameters, settings, context.obj))
    columns = ("dataset", "status", "#read", "#stored", "#unchanged", "#rejected")
    row = [result[name.lstrip("#")] for name in columns]
    if result["error"]:
        output.print_note(result["error"])
    output.finish(result, code=choose_exit_code(result["status"]), render=lambda: make_table("", columns, [row]))


fmp.__doc__ = f"{fmp.__doc__}\n\n\b\nDatasets, how often they are collected, and calls:\n" + "\n".join(
    write_line(one) for one in DATASETS
)


def list_all(output: Output) -> NoReturn:
    """Print every dataset."""
    rows = [
        {
            "dataset": one.name,
            "cadence": str(one.cadence),
            "title": one.title,
            "table": one.table,
            "key": list(one.key),
            "plan": str(one.endpoints[0].plan),
            "calls": describe_calls(one.endpoints[0]),
            "paths": [endpoint.path for endpoint in one.endpoints],
        }
        for one in DATASETS
    ]
    columns = ("dataset", "cadence", "?calls", "?plan", "~title")
    names = [column.lstrip("?~") for column in columns]
    output.finish(
        {"datasets": rows}, render=lambda: make_table("", columns, [[row[name] for name in names] for row in rows])
    )


def show_history_cost(output: Output, home: Home) -> NoReturn:
    """Print what the next daily run would request as the first history, and the cost of each part."""
    check_settings(DatabaseSettings, FmpSettings)
    with use_database(home) as dsn:
        result = asyncio.run(estimate_history(dsn, choose_fmp_settings(home, dsn)))
    if result["note"]:
        output.print_note(result["note"])
    columns = ("dataset", "part", "path", "#calls", "#minutes")
    rows = [[part[name.lstrip("#")] for name in columns] for part in result["datasets"]]
    output.finish(result, render=lambda: make_table(describe_cost(result), columns, rows))


async def estimate_history(dsn: str, settings: FmpSettings) -> dict[str, Any]:
    """Return what is missing from the first history and its cost, without calling FMP."""
    connection = await open_connection(dsn, application_name="sra:fmp")
    try:
        await require_revision(connection)
        plan = await plan_history(connection, settings, today=datetime.now(UTC).date())
        is_stored = await has_universe(connection)
    finally:
        await connection.close()
    note = None if is_stored or not plan.parts else NO_UNIVERSE
    return {"dry_run": True, **plan.as_dict(), "universe_stored": is_stored, "note": note}


def read_parameters(dataset: FmpDataset, first: str | None, last: str | None, symbols: str | None) -> dict[str, Any]:
    """Return the run's parameters; raises ConfigError that names the invalid option."""
    given: dict[str, Any] = {"datasets": [dataset.name]}
    for option, value in (("from", first), ("to", last)):
        if value is not None:
            try:
                given[option] = date.fromisoformat(value)
            except ValueError as error:
                raise ConfigError(f"--{option} {value!r} is not a day.", next_step="Write it as YYYY-MM-DD.") from error
    if first and last and given["from"] > given["to"]:
        raise ConfigError(f"--from {first} is after --to {last}.", next_step="Swap them.")
    if symbols is not None:
        given["symbols"] = symbols.split(",")
    try:
        return FmpParameters.model_validate(given).model_dump(mode="json", by_alias=True, exclude_none=True)
    except ValidationError as error:
        raise ConfigError(str(error.errors()[0]["msg"]), next_step="See ./sra fmp --help.") from error


async def estimate(dsn: str, dataset: FmpDataset, parameters: dict[str, Any], settings: FmpSettings) -> dict[str, Any]:
    """Return the cost of the collection."""
    connection = await open_connection(dsn, application_name="sra:fmp")
    try:
        await require_revision(connection)
        is_stored = await has_universe(connection)
        cost = estimate_calls(
            dataset,
            await read_targets(connection, dataset, parameters),
            settings,
            is_backfill=bool({"from", "to"} & set(parameters)),
            lacks_universe=not is_stored,
        )
    finally:
        await connection.close()
    return {
        "dataset": dataset.name,
        "dry_run": True,
        "path": cost.path,
        "calls": cost.calls,
        "minutes": float(cost.minutes),
        "universe_stored": is_stored,
        "note": None if is_stored or not dataset.needs_universe else NO_UNIVERSE,
    }


async def collect(
    dsn: str, dataset: FmpDataset, parameters: dict[str, Any], settings: FmpSettings, timing: LeaseTiming
) -> dict[str, Any]:
    """Collect in this process and return the dataset's counts; raises ConfigError before any call if it cannot start."""

    async def check(connection: Connection) -> None:
        if settings.fmp_api_key is None:
            raise ConfigError("FMP_API_KEY is not set.", next_step="Set it to the key of the FMP account.")
        check_source(settings.fmp_base_url, is_sandbox=await read_sandbox_mark(connection))

    work = FmpWork(settings)
    done = await execute_in_process(
        dsn,
        _make_request(dataset, parameters),
        work,
        name="fmp",
        connections=6,
        check=check,
        timing=timing,
        by=name_actor(),
    )
    if isinstance(work.refusal, SraError) and work.refusal.exit_code == ConfigError.exit_code:
        raise work.refusal
    return describe(dataset, done.task, done.units, done.seconds)


def _make_request(dataset: FmpDataset, parameters: dict[str, Any]) -> RunRequest:
    weekly = dataset.cadence is Cadence.WEEKLY
    task_type = TaskType.WEEKLY_FUNDAMENTALS if weekly else TaskType.DAILY_QUOTES
    if {"from", "to"} & set(parameters):
        task_type = TaskType.FMP_BACKFILL
    return RunRequest(task_type=task_type, parameters=parameters, timeout_seconds=14_400)


def describe(dataset: FmpDataset, task: ProcessingTask, units: Sequence[Unit], seconds: float) -> dict[str, Any]:
    """Return the result object of the command."""
    own = [unit for unit in units if unit.dataset == dataset.name]
    first = next((unit for unit in own if unit.repeats is None), None)
    counts = sum((unit.counts for unit in own), Counts())
    status = str(first.status) if first is not None and not first.status.is_live else str(task.status)
    if task.status == "parked":
        status = "parked"
    errors = [str(error["message"]) for error in task.error_details]
    # errors of the run as a whole, such as too many rejects, belong to no unit
    whole = [str(error["message"]) for error in task.error_details if not error["unit"]]
    if whole and status in ("completed", "partial", "skipped"):
        status = str(task.status)
    error = (first.error if first is not None else None) or (errors[0] if errors and status != "completed" else None)
    if whole:
        error = " ".join([*([first.error] if first is not None and first.error else []), *whole])
    return {
        "dataset": dataset.name,
        "status": status,
        "error": error,
        "seconds": round(seconds, 2),
        **counts.as_dict(),
        "out_of_scope": counts.out_of_scope,
        "run_id": str(task.task_id),
        "resume_at": task.resume_at.isoformat() if task.resume_at else None,
        **task.details.get("fmp", {}),
    }
