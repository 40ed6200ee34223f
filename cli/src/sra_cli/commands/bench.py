"""`./sra bench NAME`: one of the scripts under `benchmarks/`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from sra_cli.database import create_database
from sra_cli.foreground import run_foreground
from sra_cli.output import EXIT_FAILED, JsonOption, Output
from sra_cli.postgres import EmbeddedPostgres
from sra_cli.settings import ROOT, CommandSettings, read_settings
from sra_cli.tables import make_table
from sra_shared.kit.database.database_check import quote_name
from sra_shared.kit.db import open_connection
from sra_shared.kit.errors import ConfigError
from sra_shared.kit.settings import DatabaseSettings

FOLDER = ROOT / "benchmarks"
NameArgument = Annotated[
    str | None, typer.Argument(metavar="[NAME]", help="Name of a benchmark; without a name, lists them.")
]
MoreArguments = Annotated[list[str] | None, typer.Argument(metavar="[-- OPTIONS]", help="Passed to the benchmark.")]


def bench(name: NameArgument = None, more: MoreArguments = None, as_json: JsonOption = False) -> None:
    """Run a benchmark on DATABASE_URL if it is set, otherwise on a temporary embedded PostgreSQL."""
    output = Output(as_json=as_json)
    found = {path.stem.removeprefix("bench_"): path for path in sorted(FOLDER.glob("bench_*.py"))}
    if name is None:
        rows = [(known, _read_summary(path)) for known, path in found.items()]
        output.finish(
            {"benchmarks": [{"name": known, "summary": summary} for known, summary in rows]},
            render=lambda: make_table("", ("name", ">what it measures"), rows),
        )
    path = found.get(name.replace("-", "_"))
    if path is None:
        raise ConfigError(f"Benchmark {name!r} does not exist.", next_step=f"Choose one of: {', '.join(found)}.")
    words = [sys.executable, str(path), *(more or []), *(["--json"] if as_json else [])]
    with _provide_database() as dsn:
        code = run_foreground(words, settings={"DATABASE_URL": dsn, "PYTHONPATH": str(ROOT)}, folder=ROOT)
    raise typer.Exit(EXIT_FAILED if code else 0)


def _read_summary(path: Path) -> str:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    return first.strip('"')


@contextmanager
def _provide_database() -> Iterator[str]:
    dsn = read_settings(DatabaseSettings).dsn
    if dsn is not None:
        yield dsn
        return
    with tempfile.TemporaryDirectory(prefix="sra-bench-") as folder:
        server = EmbeddedPostgres(Path(folder), pg_bin=read_settings(CommandSettings).pg_bin)
        server.start()
        try:
            dsn = asyncio.run(create_database(server))
            asyncio.run(_grant_rights(server))
            yield dsn
        finally:
            server.stop()


async def _grant_rights(server: EmbeddedPostgres) -> None:
    """Grant the owner rights that only benchmarks need: to create databases, and to write a checkpoint before measuring."""
    connection = await open_connection(server.build_dsn(), application_name="sra:bench")
    try:
        owner = quote_name(server.owner.user)
        await connection.execute(f"ALTER ROLE {owner} CREATEDB; GRANT pg_checkpoint TO {owner}")
    finally:
        await connection.close()
