"""Steps of fundata_processing.feature."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import asyncpg
import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from sra_testing.databases import execute_sql
from sra_testing.fundata import NAVPS_FILE, counts_of, navps, write_csv
from sra_testing.scenes import Scene, read_table, write_records
from sra_testing.stand_in import run_stand_in

scenarios("fundata_processing.feature")

Table = Sequence[Sequence[str]]


@given("a seed tree with these records", target_fixture="scene")
def write_tree(database: str, tmp_path: Path, datatable: Table) -> Scene:
    write_records(tmp_path, read_table(datatable))
    return Scene(database, tmp_path)


@given("a migrated database", target_fixture="scene")
def use_database(database: str, tmp_path: Path) -> Scene:
    return Scene(database, tmp_path)


@given(parsers.parse("a database into which these updates of {dataset} come"), target_fixture="scene")
def deliver(database: str, tmp_path: Path, dataset: str, docstring: str) -> Scene:
    scene = Scene(database, tmp_path)
    counts = scene.deliver(dataset, docstring)
    assert (counts.read, counts.stored) == (1, 1)
    return scene


@given(parsers.parse('a seed tree in which an instrument\'s NAVPSPennyChange is "{delivered}"'), target_fixture="scene")
def write_number(database: str, tmp_path: Path, delivered: str) -> Scene:
    write_csv(tmp_path, NAVPS_FILE, [navps("412003", "2025-01-02", "10", NAVPSPennyChange=delivered)])
    return Scene(database, tmp_path)


def spell(key: str) -> str:
    """Return a key with the invisible characters that the feature names."""
    names = {"no-break space": "\u00a0", "zero-width space": "\u200b", "byte order mark": "\ufeff"}
    for name, character in names.items():
        key = key.replace(f"{{{name}}}", character)
    return key


@given(parsers.parse('a seed tree in which an instrument\'s key is "{delivered}"'), target_fixture="scene")
def write_key(database: str, tmp_path: Path, delivered: str) -> Scene:
    write_csv(tmp_path, NAVPS_FILE, [navps(spell(delivered), "2025-01-02", "10", RecordId="1")])
    return Scene(database, tmp_path)


@then(parsers.parse('the quote belongs to {identifier} and its record keeps "{delivered}"'))
def check_key(scene: Scene, identifier: str, delivered: str) -> None:
    rows = scene.fetch("SELECT identifier, raw_json ->> 'InstrumentKey' FROM fundata_quotes")
    assert [tuple(row) for row in rows] == [(identifier, spell(delivered))]


@when("the tree is loaded")
def load(scene: Scene) -> None:
    result = scene.load()
    assert result.task.status == "completed", result.errors


@then(parsers.parse('"{table}" holds {count:d} rows, each version 1 from CSV'))
def check_first_versions(scene: Scene, table: str, count: int) -> None:
    rows = scene.fetch(f"SELECT data_version, data_source FROM {table}")  # noqa: S608 - named in the feature
    assert [tuple(row) for row in rows] == [(1, "CSV")] * count


def find_row(scene: Scene, record: str) -> asyncpg.Record:
    (row,) = scene.fetch("SELECT * FROM fundata_data WHERE record_id = $1", record)
    return row


@then(
    parsers.parse('the row of record {record} has legal_name "{name}", currency "{currency}" and management_fee {fee}')
)
def check_general(scene: Scene, record: str, name: str, currency: str, fee: str) -> None:
    row = find_row(scene, record)
    assert (row["legal_name"], row["currency"], row["management_fee"]) == (name, currency, Decimal(fee))
    assert row["security"] is None


@then(parsers.parse('the row of record {record} has security "{security}" and no legal_name'))
def check_holding(scene: Scene, record: str, security: str) -> None:
    row = find_row(scene, record)
    assert (row["security"], row["legal_name"]) == (security, None)


@then(parsers.parse('the row of record {record} still gives {column} as "{text}"'))
def check_raw(scene: Scene, record: str, column: str, text: str) -> None:
    assert find_row(scene, record)["raw_json"][column] == text


@then("every row names its file, its line and its run")
def check_provenance(scene: Scene) -> None:
    rows = scene.fetch(
        "SELECT dataset, source_file, source_line, run_id FROM fundata_data ORDER BY dataset, source_line"
    )
    run = scene.results[-1].task.task_id
    assert [tuple(row) for row in rows] == [
        ("FundGeneral", "data/FundGeneralSeed.csv", 2, run),
        ("FundTopHolding", "data/FundTopHoldingSeed.csv", 2, run),
        ("FundTopHolding", "data/FundTopHoldingSeed.csv", 3, run),
    ]


@then(parsers.parse('"fundata_data" holds these rows of instrument {identifier}'))
def check_elements(scene: Scene, identifier: str, datatable: Table) -> None:
    rows = scene.fetch(
        "SELECT row_ordinal::text AS row, array_source_field AS field, array_element_index::text AS index,"
        " array_element_value AS value FROM fundata_data WHERE identifier = $1 ORDER BY row_ordinal",
        identifier,
    )
    assert [dict(row) for row in rows] == read_table(datatable)


@then("each of them holds the whole record")
def check_whole(scene: Scene) -> None:
    rows = scene.fetch("SELECT raw_json, api_version FROM fundata_data")
    for row in rows:
        assert row["raw_json"]["sectors"] == ["Banks", "Energy"]
        assert row["raw_json"]["ratings"][1] == {"agency": "X", "grade": "AA"}
        assert row["api_version"] == "2.1"


@then(parsers.parse('every numeric column of "{first}" and "{second}" is a DECIMAL(12,2)'))
def check_types(scene: Scene, first: str, second: str) -> None:
    rows = scene.fetch(
        "SELECT table_name, column_name, data_type, numeric_precision, numeric_scale FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = ANY($1::text[])"
        " AND data_type IN ('numeric', 'real', 'double precision', 'money')",
        [first, second],
    )
    assert {row["table_name"] for row in rows} == {first, second}
    assert len(rows) > 50
    assert {(row["data_type"], row["numeric_precision"], row["numeric_scale"]) for row in rows} == {("numeric", 12, 2)}


@then(parsers.parse("its navps_penny_change is {stored}"))
def check_number(scene: Scene, stored: str) -> None:
    found = scene.fetch_value("SELECT navps_penny_change::text FROM fundata_quotes")
    assert (found or "NULL") == stored


@then(parsers.parse("the load warns of {warning}"))
def check_warning(scene: Scene, warning: str) -> None:
    counts = counts_of(scene.results[-1], NAVPS_FILE)
    assert counts["warnings_by"] == ({} if warning == "nothing" else {warning: 1})
    if warning != "nothing":
        (row,) = scene.fetch("SELECT file_path, line, field, reason FROM field_warning")
        field = "InstrumentKey" if warning == "normalised_key" else "NAVPSPennyChange"
        assert tuple(row) == (NAVPS_FILE, 2, field, warning)


@then("joining the two tables by identifier gives")
def check_join(scene: Scene, datatable: Table) -> None:
    rows = scene.fetch(
        "SELECT d.legal_name, q.date::text, q.navps::text FROM fundata_data d JOIN fundata_quotes q USING (identifier)"
        " ORDER BY q.date"
    )
    assert [dict(row) for row in rows] == read_table(datatable)


@when(parsers.parse("the update API delivers a NAVPS of {value} for {identifier} on {day}"))
def update(scene: Scene, tmp_path: Path, value: str, identifier: str, day: str) -> None:
    vendor = tmp_path / "vendor"
    write_csv(vendor, NAVPS_FILE, [navps(identifier, day, value, ChangeDate="2025-01-03")])
    execute_sql(scene.dsn, "UPDATE database_mark SET sandbox = true")
    with run_stand_in(fundata_tree=vendor, as_of=dt.date.fromisoformat(day)) as stand_in:
        result = scene.update(stand_in, "quotes", datasets=["FundDailyNAVPS"])
    assert result.task.status == "completed", result.errors


@then("the day has these versions")
def check_versions(scene: Scene, datatable: Table) -> None:
    rows = scene.fetch(
        "SELECT data_version::text AS version, data_source AS source, navps::text FROM fundata_quotes ORDER BY data_version"
    )
    assert [dict(row) for row in rows] == read_table(datatable)


@then("the database refuses to change or delete any of them")
def check_refusal(scene: Scene) -> None:
    for statement in ("UPDATE fundata_quotes SET navps = 1", "DELETE FROM fundata_quotes", "TRUNCATE fundata_quotes"):
        with pytest.raises(asyncpg.PostgresError, match="append"):
            execute_sql(scene.dsn, statement)
