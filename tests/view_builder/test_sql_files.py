"""The SQL files of the views: their documentation, the tables that they read, the origins of their columns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sra_shared.kit.db import Pool
from sra_testing.packages import ROOT
from view_builder import merge
from view_builder.compile import CompiledView
from view_builder.lineage import describe_origins, read_lineage
from view_builder.marts import MARTS
from view_builder.reports import make_schema
from view_builder.sql_files import find_core, read_core

SQL = ROOT / "services" / "view_builder" / "src" / "view_builder" / "sql"
FILES = sorted(SQL.rglob("*.sql"))
# what no raw column is behind: constants, and the number of rows
WITHOUT_ORIGINS = re.compile(r"(?m)^-- Without origins: (.+)\.$")
ALWAYS_WITHOUT = {"last_run_id"}
NO_RUN = "'{00000000-0000-0000-0000-000000000000}'"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_short_and_documents_its_result(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150
    head = " ".join(line for line in lines[: next(n for n, line in enumerate(lines) if not line.startswith("--"))])
    for word in ("Grain: ", "Key: ", "Sources: ", "Units: "):
        assert word in head, word


def test_a_file_is_one_object_of_its_name() -> None:
    for name, item in read_core().items():
        assert re.findall(r"CREATE OR REPLACE (?:VIEW|FUNCTION) core\.(\w+)", item.statement) == [name]
    assert {path.stem for path in (SQL / "marts").iterdir()} == {mart.model.relation() for mart in MARTS}


def test_marts_read_core_and_no_raw_table() -> None:
    raw = re.compile(r"\b(?:FROM|JOIN) public\.")
    assert not [path.stem for path in (SQL / "marts").iterdir() if raw.search(path.read_text(encoding="utf-8"))]


def test_every_definition_of_core_is_used(views: tuple[CompiledView, ...]) -> None:
    used = {item.name for view in views for item in find_core(view.spec.texts)}
    assert set(read_core()) == used


def test_every_column_has_origins_or_an_exception(views: tuple[CompiledView, ...]) -> None:
    for view in views:
        text = (SQL / "marts" / f"{view.relation}.sql").read_text(encoding="utf-8")
        said = {name for names in WITHOUT_ORIGINS.findall(text) for name in names.split(", ")}
        without = {name for name, origins in read_lineage()[view.relation].items() if not origins} - ALWAYS_WITHOUT
        assert said == without, view.relation
        assert list(read_lineage()[view.relation]) == [column.name for column in view.columns]


def test_origins_are_reported_by_table_in_comments_and_schemas(views: tuple[CompiledView, ...]) -> None:
    assert describe_origins("equity_metrics", "return_on_assets") == (
        "fmp_balance_sheet (total_assets), fmp_income_statement (date, net_income, period, reported_currency, revenue)"
    )
    assert describe_origins("equity_metrics", "last_run_id") == ""
    metrics = next(view for view in views if view.relation == "equity_metrics")
    origins = [
        f"fmp_income_statement.{name}" for name in ("date", "net_income", "period", "reported_currency", "revenue")
    ]
    schema = make_schema(metrics)["properties"]["return_on_assets"]
    assert schema["x-lineage"] == ["fmp_balance_sheet.total_assets", *origins]
    assert any("return_on_assets IS" in text and "From: fmp_balance_sheet" in text for text in metrics.comments)


async def test_the_planner_inlines_every_function(pool: Pool, views: tuple[CompiledView, ...]) -> None:
    """A function that is not inlined is planned for a thousand rows, and called for each."""
    async with pool.acquire() as connection:
        for view in views:
            statements = [f"SELECT * FROM {view.name}"]  # noqa: S608 - our own name
            if view.spec.incremental is not None:
                await connection.execute("DROP TABLE IF EXISTS affected_keys")
                await connection.execute(merge.create_affected_keys(view).replace("ON COMMIT DROP", ""))
                statements += [view.select_rows, view.select_all_rows]
                statements += [merge.fill_affected_keys(view).replace("$1", NO_RUN), merge.fill_all_keys(view)]
                if view.incremental.next_keys is not None:
                    statements.append(merge.fill_next_keys(view).replace("$1", "''").replace("$2", "1"))
            for statement in statements:
                plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN (VERBOSE) {statement}"))
                assert not re.findall(r"\bcore\.(\w+)", plan), view.relation
