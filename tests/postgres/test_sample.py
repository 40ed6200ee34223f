"""The sample and one full refresh on an empty database, on each supported PostgreSQL version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sra_cli.postgres import EmbeddedPostgres
from sra_shared.kit.db import open_connection
from sra_testing.fundata import load_tree
from sra_testing.stack_processes import call_command
from view_builder.inprocess import build_in_process, check_views
from view_builder.work import BuildParameters

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "fundata" / "sample"
TRUTH: dict[str, dict[str, Any]] = json.loads(
    (ROOT / "tests" / "fundata_ingest" / "sample_truth.json").read_text(encoding="utf-8")
)


async def test_sample_is_loaded_and_every_view_built(sandbox_database: str) -> None:
    result = await load_tree(sandbox_database, SAMPLE)
    read = {file["file"]: file["read"] for file in result.files}
    assert read == {path: counts["read"] for path, counts in TRUTH.items()}
    built = await build_in_process(sandbox_database, BuildParameters())
    assert built.task.status.value == "completed", built.task.error_details
    connection = await open_connection(sandbox_database, application_name="test")
    verdicts = await check_views(connection)
    await connection.close()
    assert {verdict.relation: verdict.problems for verdict in verdicts if verdict.problems} == {}
    assert next(verdict.row_count for verdict in verdicts if verdict.relation == "fund_page")


def test_whole_stack_refreshes_from_nothing(postgres_server: EmbeddedPostgres, tmp_path: Path) -> None:
    assert postgres_server.binaries is not None
    settings, home = {"PG_BIN": str(postgres_server.binaries.folder)}, str(tmp_path / "home")
    # another version's stack runs at the same time
    code, result, reported = call_command("up", "--exit-when-done", "--home", home, seconds=400, settings=settings)
    assert (code, result["status"]) == (0, "completed"), reported
    assert f"PostgreSQL {postgres_server.binaries.major} (PG_BIN)" in reported
    datasets = [row for step in result["steps"] for row in step["datasets"] or ()]
    assert sum(row["stored"] for row in datasets) > 1000
    code, checked, reported = call_command("views", "check", "--home", home, settings=settings)
    assert (code, checked["status"]) == (0, "completed"), reported
