"""Processes that start often or wait for long do not import what only their work needs; docs/benchmarks.md has the figures."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.dialects import postgresql

from fmp_collectors.datasets import DATASETS
from fmp_ingest.main import build_app as build_fmp
from fundata_ingest.main import build_service as build_fundata
from sra_shared.runs import Work
from sra_shared.runs.deferred import DeferredWork, WorkTraits, defer_works
from sra_shared.schema.columns import ColumnFacts, read_columns
from sra_shared.schema.tables import metadata
from sra_shared.service import ServiceDefinition, create_service_app
from sra_testing.job_process import ProbeWork

WORK = frozenset({"polars", "numpy", "pandas", "exchange_calendars", "alembic", "mako", "sqlalchemy"})
TERMINAL = frozenset({"rich", "pygments", "click", "typer"})
SERVER = frozenset({"fastapi", "uvicorn", "pgqueuer", "jinja2"})
STARTS = {
    "import gateway.main": WORK | TERMINAL - {"click"},  # uvicorn imports click
    "import fmp_ingest.main": WORK | TERMINAL - {"click"},
    "import fundata_ingest.main": WORK | TERMINAL - {"click"},
    "import view_builder.main": WORK | TERMINAL - {"click"},
    "import sra_shared.migrate": WORK | TERMINAL | SERVER,
    "from sra_cli.app import run; run(['--help'])": WORK | SERVER | {"httpx"},
    **{
        f"import sra_cli.app, sra_cli.commands.{name}": WORK | SERVER
        for name in ("up", "migrate", "status", "runs", "refresh", "fmp", "views")
    },
}


@pytest.mark.parametrize("code", STARTS)
def test_nothing_is_imported_that_only_later_work_needs(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*(name for name, it in sys.modules.items() if it))"],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert imported & STARTS[code] == set()


@pytest.mark.parametrize("build", [build_fmp, build_fundata])
async def test_the_works_of_a_service_match_their_declarations(
    build: Callable[[], tuple[FastAPI, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
    given: dict[str, Work] = {}

    def note_works(definition: ServiceDefinition, *settings: Any) -> FastAPI:
        given.update(definition.works)
        return create_service_app(definition, *settings)

    monkeypatch.setattr(f"{build.__module__}.create_service_app", note_works)
    build()
    assert len(given) == 3
    for work in given.values():
        assert isinstance(work, DeferredWork)
        await work.load()


async def test_deferred_works_are_created_once_and_outside_the_loop() -> None:
    threads = []

    def make() -> dict[str, Work]:
        threads.append(threading.current_thread())
        return {"one": ProbeWork(), "two": ProbeWork(concurrency=2)}

    traits = WorkTraits(source="fundata", ordered=False, concurrency=1)
    works = defer_works(make, {"one": traits, "two": traits._replace(concurrency=2)})
    assert threads == []
    await asyncio.gather(*(work.load() for work in [*works.values(), *works.values()]))
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()


async def test_a_work_that_is_not_as_declared_is_refused() -> None:
    works = defer_works(lambda: {"one": ProbeWork(concurrency=3)}, {"one": WorkTraits("fundata", False, 1)})
    with pytest.raises(TypeError, match="concurrency=3"):
        await works["one"].load()


def test_the_written_columns_are_those_of_the_tables() -> None:
    dialect = postgresql.dialect()
    for name in {"fundata_data", "fundata_quotes", *(dataset.table for dataset in DATASETS)}:
        declared = [
            ColumnFacts(column.name, column.type.compile(dialect=dialect), bool(column.nullable), column.comment)
            for column in metadata.tables[name].columns
        ]
        assert list(read_columns(name).values()) == declared, name
