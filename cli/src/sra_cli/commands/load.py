"""`./sra load`: loads a Fundata seed tree into the database in this process, or derives a dataset's columns again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.repair.reparse import ReparseWork, make_reparse_request
from fundata_ingest.seed.local_load import LoadResult, load_seed_tree, make_load_request, run_in_process
from fundata_ingest.seed.manifest import Manifest, write_manifest
from fundata_ingest.seed.tree import SeedTree
from fundata_ingest.seed.work import SeedWork
from sra_cli.database import use_database
from sra_cli.home import Home
from sra_cli.output import HomeOption, JsonOption, Output, choose_exit_code
from sra_cli.person import name_actor
from sra_cli.settings import read_settings
from sra_cli.tables import make_table
from sra_shared.kit.database.database_check import require_fit_database
from sra_shared.kit.database.revision import read_sandbox_mark, require_revision
from sra_shared.kit.db import open_connection
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.logs import configure_logs
from sra_shared.kit.settings import (
    DatabaseSettings,
    FundataSettings,
    SeedStorageSettings,
    ServiceSettings,
    check_settings,
)
from sra_shared.kit.timing import DEFAULT_TIMING, LeaseTiming
from sra_shared.runs import Unit, summarise_progress

_LINE_SECONDS = 5.0

FolderArgument = Annotated[
    Path | None, typer.Argument(metavar="DIR", help="Folder with the seed files in `data` and `quotes`.")
]
ReparseOption = Annotated[
    str | None,
    typer.Option("--reparse", metavar="DATASET", help="Derive the typed columns again from the raw JSON."),
]
ManifestOption = Annotated[
    bool, typer.Option("--write-manifest", help="Write DIR/manifest.json for object storage and load nothing.")
]
ReleaseOption = Annotated[
    bool, typer.Option("--release", help="Approve a load that was held because records would leave the views.")
]


def load(
    context: typer.Context,
    folder: FolderArgument = None,
    reparse: ReparseOption = None,
    manifest: ManifestOption = False,
    release: ReleaseOption = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load a Fundata seed tree, or reparse a dataset. A load that was killed resumes from its last committed chunk."""
    output = Output(as_json=as_json)
    if manifest:
        save_manifest(output, folder)
    if (folder is None) == (reparse is None):
        raise ConfigError("Name either a folder or --reparse DATASET.", next_step="See ./sra load --help.")
    check_settings(DatabaseSettings, ServiceSettings, FundataSettings, SeedStorageSettings)
    configure_logs(
        service="load", level="WARNING" if not as_json else read_settings(ServiceSettings).log_level, form="json"
    )
    timing: LeaseTiming = context.obj
    with use_database(Home(home)) as dsn, LoadDisplay(output) as progress:
        if folder is not None:
            result = asyncio.run(load_folder(dsn, folder, progress.show, released=release, timing=timing))
        else:
            result = asyncio.run(reparse_dataset(dsn, str(reparse), progress.show, timing=timing))
    for error in result.errors:
        output.print_note(error)
    output.finish(
        result.as_dict(), code=choose_exit_code(result.task.status.value), render=lambda: render_result(result)
    )


def save_manifest(output: Output, folder: Path | None) -> NoReturn:
    """Write the manifest of a tree into its folder and end the command; raises ConfigError if it has no seed files."""
    files = [] if folder is None else write_manifest(folder).files
    if folder is None or not files:
        raise ConfigError(
            f"The folders `data` and `quotes` of {folder or '(no folder)'} contain no CSV file.",
            next_step="Name the seed tree.",
        )
    target = folder / "manifest.json"
    try:
        target.write_text(Manifest(files=files).model_dump_json(indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{target} cannot be written: {error.strerror}.", next_step="Check permissions and free space."
        ) from error
    size = sum(file.size for file in files)
    output.print_note(f"{target}: {len(files)} files, {size:,} bytes")
    output.finish({"status": "completed", "manifest": str(target), "files": len(files), "bytes": size})


async def load_folder(
    dsn: str,
    folder: Path,
    watch: Callable[[Sequence[Unit]], None] | None = None,
    *,
    released: bool = False,
    timing: LeaseTiming = DEFAULT_TIMING,
) -> LoadResult:
    """Load a tree; raises ConfigError before writing anything if the tree and the database do not match."""
    settings = read_settings(FundataSettings)
    root = await asyncio.to_thread(folder.resolve)
    tree = await asyncio.to_thread(SeedTree.at, root)
    connection = await open_connection(dsn, application_name="sra:load")
    try:
        await require_fit_database(connection)
        await require_revision(connection)
        tree.check_mark(is_sandbox=await read_sandbox_mark(connection))
    finally:
        await connection.close()
    work = SeedWork(
        catalogue=load_catalogue(),
        find_tree=lambda _task: tree,
        reject_limit=settings.reject_limit,
        drop_limit=settings.drop_limit,
        storage=read_settings(SeedStorageSettings),
    )
    request = make_load_request(root, released=released)
    return await load_seed_tree(dsn, request, tree, work, watch=watch, timing=timing, by=name_actor())


async def reparse_dataset(
    dsn: str,
    dataset: str,
    watch: Callable[[Sequence[Unit]], None] | None = None,
    *,
    timing: LeaseTiming = DEFAULT_TIMING,
) -> LoadResult:
    """Derive a dataset's typed columns again; raises ConfigError that lists the datasets if the name is unknown."""
    catalogue = load_catalogue()
    catalogue.find_dataset(dataset)
    request, work = make_reparse_request(dataset), ReparseWork(catalogue)
    return await run_in_process(dsn, request, work, watch=watch, timing=timing, by=name_actor())


class LoadDisplay:
    """Shows each file's progress, rows a second and the time left.

    On a terminal it is a live table, otherwise a line every few seconds.
    """

    def __init__(self, output: Output, *, every_seconds: float = _LINE_SECONDS) -> None:
        self._output = output
        self._live: Live | None = None
        if not output.as_json and output.notes.is_terminal:
            self._live = Live(console=output.notes, transient=True, refresh_per_second=4)
        self._every = every_seconds
        self._shown_at = time.monotonic()

    def __enter__(self) -> LoadDisplay:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, units: Sequence[Unit]) -> None:
        """Show the state of a run's units."""
        if self._live is not None:
            self._live.update(render_progress(units))
        elif time.monotonic() - self._shown_at >= self._every:
            self._shown_at = time.monotonic()
            self._output.print_note(describe_progress(units))


def describe_progress(units: Sequence[Unit]) -> str:
    """Return the progress of a run in one line."""
    found = summarise_progress(units)
    rows = sum(unit.counts.read for unit in units)
    if found is None:
        return f"{rows:,} records" if units else "Inspecting the files."
    share = 100 * found.bytes_done // found.bytes_total
    left = "" if found.eta_seconds is None else f", {found.eta_seconds:,} s left"
    return f"{rows:,} records, {found.rows_per_second:,} a second, {share} % of {found.bytes_total:,} bytes{left}"


def render_progress(units: Sequence[Unit]) -> Table:
    """Return a table of the files in progress, and a line for the whole run."""
    files: dict[str, tuple[str, int, int]] = {}
    for unit in units:
        progress = unit.progress
        if unit.status == "running" and progress.get("bytes_total"):
            row = (
                f"{100 * progress['bytes_done'] // progress['bytes_total']} %",
                progress["rows"],
                progress["rows_per_second"],
            )
            files[progress["file"]] = max(files.get(progress["file"], row), row, key=itemgetter(1))
    rows = [(shorten_file(name), *row) for name, row in sorted(files.items())]
    return make_table(describe_progress(units), ("file", "#done", "#records", "#a second"), rows)


def render_result(result: LoadResult) -> Group:
    """Return a line for every file found, and the totals."""
    columns = ("file", "status", "#read", "#stored", "?#unchanged", "?#duplicate", "#rejected")
    names = [column.lstrip("#?") for column in columns]
    rows = [[shorten_file(file["file"]), *(file[name] for name in names[1:])] for file in result.files]
    missing = f", {len(result.missing)} missing" if result.missing else ""
    totals = ", ".join(f"{sum(file[name] for file in result.files):,} {name}" for name in names[2:])
    return Group(
        make_table("", columns, rows),
        Text(f"\n{result.task.status}: {len(rows)} files{missing}, {result.seconds:.1f} s\n{totals}"),
    )


def shorten_file(path: str) -> str:
    """Return the part of a seed file's path that identifies it, without the folders and the suffix that all files share."""
    return path.rpartition("/")[2].removesuffix(".csv").removesuffix("Seed")
