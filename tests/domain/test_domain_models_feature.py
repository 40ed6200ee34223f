"""Steps of domain_models.feature."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from pydantic import ValidationError
from pytest_bdd import given, parsers, scenarios, then, when

from fmp_collectors.dataset import Targets, plan_requests
from fmp_collectors.datasets.profile import PROFILE
from fmp_collectors.fetch import parse_rows
from fmp_ingest.store.batch import FmpBatch
from fmp_ingest.store.row_store import Store
from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.transform.record_models import FundataDataRecord, FundataQuotesRecord
from sra_shared.kit.db import open_connection
from sra_shared.runs.counts import Counts
from sra_testing.databases import run_async
from sra_testing.fundata import GENERAL_FILE, NAVPS_FILE, five, navps, write_csv
from sra_testing.kept_logs import keep_logs
from sra_testing.scenes import Scene, read_table

scenarios("domain_models.feature")

Table = Sequence[Sequence[str]]
GOOD = {"symbol": "SHOP", "companyName": "Shopify Inc.", "exchange": "TSX", "marketCap": 1}


@given("FMP sends this profile", target_fixture="scene")
def take_profile(database: str, tmp_path: Path, docstring: str) -> Scene:
    return Scene(database, tmp_path, facts={"row": json.loads(docstring, parse_float=Decimal)})


@given(parsers.re(r'FMP sends a profile whose "(?P<name>\w+)" is "(?P<value>[^"]*)"'), target_fixture="scene")
def take_bad_profile(database: str, tmp_path: Path, name: str, value: str) -> Scene:
    return Scene(database, tmp_path, facts={"row": {**GOOD, name: value}})


@when("the profile is stored")
def store_profile(scene: Scene) -> None:
    run = uuid4()
    symbols = {"TSX": ["SHOP"]}
    request = next(
        iter(plan_requests(PROFILE.endpoints[-1], Targets(symbols, datetime.now(UTC).date(), datetime.now(UTC).date())))
    )

    async def store() -> Counts:
        delivery = FmpBatch(parse_rows(PROFILE, [scene.facts["row"]], request), path="profile")
        connection = await open_connection(scene.dsn, application_name="feature")
        try:
            async with connection.transaction():
                target = Store(PROFILE, run)
                return await target.merge(connection, delivery, await target.stage(connection, delivery))
        finally:
            await connection.close()

    with keep_logs() as kept:
        scene.facts["counts"] = run_async(store())
    scene.logs.extend(kept)


@then(parsers.parse('"equity_profile" holds {symbol} on {exchange} as "{name}"'))
def check_profile(scene: Scene, symbol: str, exchange: str, name: str) -> None:
    (row,) = scene.fetch("SELECT * FROM equity_profile")
    assert (row["symbol"], row["exchange"], row["company_name"]) == (symbol, exchange, name)
    scene.facts["profile"] = dict(row)


@then(parsers.parse("its market cap is the number {cap}, its employees the number {employees}, its volume {volume}"))
def check_numbers(scene: Scene, cap: str, employees: str, volume: str) -> None:
    profile = scene.facts["profile"]
    found = [profile[name] for name in ("market_cap", "employees", "volume")]
    assert found == [Decimal(cap), Decimal(employees), Decimal(volume)]
    assert {type(profile[name]) for name in ("market_cap", "current_price", "change_percentage")} == {Decimal}
    assert (profile["is_etf"], profile["is_actively_trading"]) == (False, True)


@then("what FMP did not send is empty, and nothing was made up")
def check_absent(scene: Scene) -> None:
    profile = scene.facts["profile"]
    sent = scene.facts["row"].keys()
    left_out = [name for name, field in PROFILE.record.model_fields.items() if (field.alias or name) not in sent]
    assert {"industry", "description", "website"} < set(left_out)
    assert {name: profile[name] for name in left_out if name in profile} == dict.fromkeys(
        [name for name in left_out if name in profile]
    )


@then(parsers.parse('it is rejected for "{reason}" with a message that says "{message}"'))
def check_rejected(scene: Scene, reason: str, message: str) -> None:
    counts = scene.facts["counts"]
    assert (counts.read, counts.stored, dict(counts.rejected_by)) == (1, 0, {reason: 1})
    (row,) = scene.fetch("SELECT reason, detail, raw FROM rejected_record")
    assert row["reason"] == reason
    assert message in row["detail"]
    assert json.loads(row["raw"]) == scene.facts["row"]


@then("the rejection is logged")
def check_logged(scene: Scene) -> None:
    (entry,) = [entry for entry in scene.logs if entry["event"] == "records_rejected"]
    (row,) = scene.fetch("SELECT reason, detail FROM rejected_record")
    assert (entry["level"], entry["first"], entry["reasons"]) == ("warning", row["detail"], {row["reason"]: 1})


@then('"equity_profile" stays empty')
def check_empty(scene: Scene) -> None:
    assert scene.fetch_value("SELECT count(*) FROM equity_profile") == 0


@then("it counts as out of scope")
def check_out_of_scope(scene: Scene) -> None:
    counts = scene.facts["counts"]
    assert (counts.read, counts.out_of_scope) == (0, 1)


def make_record(values: Mapping[str, str]) -> dict[str, Any]:
    now = datetime.now(UTC)
    fixed: dict[str, Any] = {
        "identifier": "412003",
        "dataset": "FundGeneral",
        "record_id": "1",
        "data_source": "CSV",
        "data_version": 1,
        "row_ordinal": 0,
        "parser_version": 1,
        "raw_json": {},
        "run_id": uuid4(),
        "content_hash": b"\0" * 16,
        "processed_at": now,
        "updated_at": now,
    }
    return fixed | values


def place_record(dsn: str, folder: Path, path: str, known: Mapping[str, str], table: Table) -> Scene:
    """A seed file with one record: what is known, and the values of the table by column."""
    dataset = load_catalogue().find_file(path)
    assert dataset is not None
    values = {row["column"]: row["value"] for row in read_table(table)}
    write_csv(
        folder, path, [{name: (known | values).get(column, "") for name, column in dataset.table_columns.items()}]
    )
    return Scene(dsn, folder, facts={"path": path, "values": known | values})


@given("a Fundata data record with these values", target_fixture="scene")
def take_data(database: str, tmp_path: Path, datatable: Table) -> Scene:
    known = {"identifier": "412003", "record_id": "1", "language": "en"}
    return place_record(database, tmp_path, GENERAL_FILE, known, datatable)


@given("a Fundata quotes record with these values", target_fixture="scene")
def take_quotes(database: str, tmp_path: Path, datatable: Table) -> Scene:
    known = {"identifier": "412003", "record_id": "1", "date": "2025-01-02"}
    return place_record(database, tmp_path, NAVPS_FILE, known, datatable)


@when("the record is validated")
def validate(scene: Scene) -> None:
    """By the model of one record, and by the loader, which works column by column: both follow the same rules."""
    scene.load()
    scene.facts["table"], model = {
        GENERAL_FILE: ("fundata_data", FundataDataRecord),
        NAVPS_FILE: ("fundata_quotes", FundataQuotesRecord),
    }[scene.facts["path"]]
    scene.facts["stored"] = [
        model.from_row(row)
        for row in scene.fetch(f"SELECT * FROM {scene.facts['table']}")  # noqa: S608 - one of two names
    ]
    try:
        scene.facts["record"] = model.model_validate(make_record(scene.facts["values"]))
    except ValidationError as error:
        scene.facts["errors"] = error.errors()


@then("it is accepted with these values")
def check_values(scene: Scene, datatable: Table) -> None:
    assert "errors" not in scene.facts, scene.facts
    assert five(scene.results[-1], scene.facts["path"]) == (1, 1, 0, 0, 0)
    assert scene.fetch("SELECT FROM field_warning") == []
    for record in (scene.facts["record"], *scene.facts["stored"]):
        for row in read_table(datatable):
            value = getattr(record, row["column"])
            assert ("" if value is None else str(value)) == row["value"], row["column"]


@then(parsers.parse('it is refused because of "{column}" with a message that says "{message}"'))
def check_refused(scene: Scene, column: str, message: str) -> None:
    (error,) = scene.facts["errors"]
    assert error["loc"] == (column,)
    assert message in error["msg"]
    # the loader rejects the record, or stores it without the value and warns
    reason = f"missing_{column}" if column == "date" else error["type"]
    rejected = [row["reason"] for row in scene.fetch("SELECT reason FROM rejected_record")]
    warned = [(row["field"].lower(), row["reason"]) for row in scene.fetch("SELECT field, reason FROM field_warning")]
    assert (rejected, warned) in (([reason], []), ([], [(column, reason)]))
    assert [getattr(record, column) for record in scene.facts["stored"]] == [None] * len(warned)


@given("a seed file with a NAVPS of -10.5 and one of 10.5", target_fixture="scene")
def write_file(database: str, tmp_path: Path) -> Scene:
    write_csv(tmp_path, NAVPS_FILE, [navps("412003", "2025-01-02", "-10.5"), navps("412003", "2025-01-03", "10.5")])
    return Scene(database, tmp_path)


@when("it is loaded")
def load(scene: Scene) -> None:
    scene.load()


@then(parsers.parse('one record is stored and one is rejected for "{reason}"'))
def check_load(scene: Scene, reason: str) -> None:
    assert five(scene.results[-1], NAVPS_FILE) == (2, 1, 0, 0, 1)
    assert scene.fetch_value("SELECT array_agg(reason) FROM rejected_record") == [reason]
    assert [row["navps"] for row in scene.fetch("SELECT navps FROM fundata_quotes")] == [Decimal("10.50")]
