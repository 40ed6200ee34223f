"""`./sra rejects replay`: replays rejected records of both sources, in the same way as their services do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from fmp_collectors.datasets import BY_NAME
from fmp_ingest.collection.reject_replay import FmpReplayWork as FmpReplay
from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.repair.corrections import parse_corrections
from fundata_ingest.repair.reject_replay import FundataReplayWork as FundataReplay
from fundata_ingest.seed.local_load import LoadResult, run_in_process
from sra_cli.database import use_database
from sra_cli.home import Home
from sra_cli.output import HomeOption, JsonOption, Output, choose_exit_code
from sra_cli.person import name_actor
from sra_cli.tables import make_table
from sra_shared.kit.database.revision import require_revision
from sra_shared.kit.database.statements import compose
from sra_shared.kit.db import open_connection
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.logs import configure_logs
from sra_shared.kit.timing import LeaseTiming
from sra_shared.runs import UnitStatus, Work
from sra_shared.runs.counts import Counts
from sra_shared.runs.reject_state import REJECT_IS_OPEN
from sra_shared.runs.rejects import make_replay_request

_COUNTED = ("read", "stored", "unchanged", "rejected", "rejected_by")
_NOTHING = "Nothing was resolved: there was no open reject to replay."
_SQL_SOURCES = compose(
    """
SELECT DISTINCT source FROM rejected_record WHERE {reject_is_open} AND ($1::text IS NULL OR dataset = $1) ORDER BY 1
""",
    reject_is_open=REJECT_IS_OPEN,
)
_SQL_SOURCE_OF = "SELECT reject_id, source FROM rejected_record WHERE reject_id = ANY($1::bigint[])"


@dataclass(frozen=True)
class ReplaySelection:
    """What to replay: all open rejects or those of a dataset, the rejects with these ids, or those with corrections."""

    dataset: str | None = None
    reject_ids: Sequence[int] | None = None
    corrections: Mapping[int, str] | None = None

    def take_part(self, source_of: Mapping[int, str], source: str) -> ReplaySelection:
        """Return the part for one source; unknown ids go to Fundata's replay, which reports them."""

        def is_own(reject_id: int) -> bool:
            return source_of.get(reject_id, "fundata") == source

        ids = None if self.reject_ids is None else [one for one in self.reject_ids if is_own(one)]
        corrections = self.corrections
        if corrections is not None:
            corrections = {one: record for one, record in corrections.items() if is_own(one)}
        return ReplaySelection(self.dataset, ids, corrections)


def replay(
    context: typer.Context,
    dataset: Annotated[str | None, typer.Option("--dataset", help="Only this dataset.")] = None,
    reject_ids: Annotated[
        list[int] | None, typer.Option("--id", min=1, max=2**63 - 1, help="Only this reject; can be repeated.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="Corrected records, one per line: the reject's id, a tab, the record."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Process rejected records again, as delivered or as corrected.

    An FMP row is stored only if nothing newer is known for its key. A replay that resolves nothing exits with code 2.
    """
    output = Output(as_json=as_json)
    configure_logs(service="replay", level="WARNING")
    if dataset is not None and dataset not in BY_NAME:
        load_catalogue().find_dataset(dataset)
    corrections = read_corrections(file) if file is not None else None
    wanted = ReplaySelection(dataset, reject_ids or None, corrections)
    with use_database(Home(home)) as dsn:
        results = asyncio.run(replay_all(dsn, wanted, context.obj))
    status, error, tried = summarise_results(results)
    if error:
        output.print_note(error)
    counts = tried.as_dict()
    output.finish(
        {"status": status, "error": error, **{name: counts[name] for name in _COUNTED}},
        code=choose_exit_code(status),
        render=lambda: make_table(
            f"{status}: resolved rejects are stored, or were already known",
            ("#tried", "#stored", "#known", "#still rejected"),
            [[counts[name] for name in _COUNTED[:4]]],
        ),
    )


async def replay_all(dsn: str, wanted: ReplaySelection, timing: LeaseTiming) -> list[LoadResult]:
    """Replay the rejects of each source, one source after the other; empty if none is open."""
    works: dict[str, Work] = {"fundata": FundataReplay(load_catalogue()), "fmp": FmpReplay()}
    parts = await _split(dsn, wanted, list(works))
    results = []
    for source, part in parts.items():
        request = make_replay_request(
            source, dataset=part.dataset, reject_ids=part.reject_ids, corrections=part.corrections
        )
        results.append(await run_in_process(dsn, request, works[source], timing=timing, by=name_actor()))
    return results


async def _split(dsn: str, wanted: ReplaySelection, sources: Sequence[str]) -> dict[str, ReplaySelection]:
    named = list(wanted.corrections if wanted.corrections is not None else wanted.reject_ids or [])
    connection = await open_connection(dsn, application_name="sra:replay")
    try:
        await require_revision(connection)
        if not named:
            found = {row["source"] for row in await connection.fetch(_SQL_SOURCES, wanted.dataset)}
            return {source: wanted for source in sources if source in found}
        source_of = {row["reject_id"]: row["source"] for row in await connection.fetch(_SQL_SOURCE_OF, named)}
    finally:
        await connection.close()
    parts = {source: wanted.take_part(source_of, source) for source in sources}
    return {source: part for source, part in parts.items() if part.reject_ids or part.corrections}


def summarise_results(results: Sequence[LoadResult]) -> tuple[str, str | None, Counts]:
    """Return the status, errors and counts of all replays together: at best partial if nothing was resolved."""
    tried = sum((unit.counts for result in results for unit in result.units), Counts())
    resolved = tried.stored + tried.unchanged
    statuses, errors = set(), []
    for result in results:
        # one of several sources may resolve nothing
        did_its_part = all(unit.status is UnitStatus.COMPLETED for unit in result.units)
        statuses.add("completed" if did_its_part and resolved else result.task.status.value)
        errors += [] if did_its_part and resolved else result.errors
    if not results:
        return "partial", _NOTHING, tried
    if len(statuses) == 1:
        return statuses.pop(), "; ".join(errors) or None, tried
    worst = next((one for one in ("failed", "cancelled") if one in statuses), "partial")
    return "partial" if resolved else worst, "; ".join(errors) or None, tried


def read_corrections(file: Path) -> dict[int, str]:
    """Read the corrected records by reject; raises ConfigError that names the file and the invalid line."""
    try:
        return parse_corrections(file.read_bytes())
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.", next_step="Name the corrected lines.") from error
    except ConfigError as error:
        raise ConfigError(f"{file}: {error.message}", next_step=error.next_step) from error
