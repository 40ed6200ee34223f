"""The JSON Schema of every view holds for its rows as the database writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from sra_shared.kit.db import Pool
from sra_testing.fundata import load_tree
from sra_testing.listings import DATASETS, put_market
from sra_testing.publication import build_all
from sra_testing.records import put_run
from view_builder.compile import CompiledView
from view_builder.reports import make_schema

SAMPLE = Path(__file__).parents[2] / "fundata" / "sample"


async def test_rows_as_json_fit_the_schema_of_their_view(
    database: str, pool: Pool, views: tuple[CompiledView, ...]
) -> None:
    await pool.execute("UPDATE database_mark SET sandbox = true")
    await load_tree(database, SAMPLE)
    async with pool.acquire() as connection, connection.transaction():
        run = await put_run(connection, "fmp", [*DATASETS, "treasury_rates"])
        await put_market(connection, run)
        await connection.execute(
            "INSERT INTO fmp_treasury_rate (date, year1, raw_json, run_id, content_hash) VALUES (now(), 4.125, '{}', $1, '')",
            run,
        )
    await build_all(pool, views)
    for view in views:
        schema = make_schema(view)
        Draft202012Validator.check_schema(schema)
        validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        rows = await pool.fetch(f"SELECT row_to_json(v) AS row FROM {view.name} v LIMIT 60")  # noqa: S608
        assert rows, view.relation
        for row in rows:
            problems = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(row["row"])]
            assert problems == [], view.relation


def test_numbers_are_numbers_in_columns_and_in_lists(view_by_name: dict[str, CompiledView]) -> None:
    schema = make_schema(view_by_name["fund_page"])

    def types_of(described: dict[str, Any]) -> set[str]:
        return {option["type"] for option in described["anyOf"]}

    assert types_of(schema["properties"]["navps"]) == {"number", "null"}
    assert types_of(schema["$defs"]["Holding"]["properties"]["weight"]) == {"number", "null"}
    validator = Draft202012Validator(schema["$defs"]["Holding"])
    assert validator.is_valid({"number": 1, "security": "Gold", "weight": 0.045})
    assert not validator.is_valid({"number": 1, "security": "Gold", "weight": "0.045"})
