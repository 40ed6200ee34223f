"""Steps of fundata_api_integration.feature."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd import given, parsers, scenarios, then, when

from fundata_ingest.catalogue import TableName, load_catalogue
from sra_stand_in.fundata.datasets import DATASETS
from sra_stand_in.fundata.exports import encode_csv
from sra_stand_in.server import StandIn
from sra_testing.fundata import NAVPS_FILE, counts_of, navps, write_csv
from sra_testing.scenes import Scene
from sra_testing.stand_in import TEST_DAY, run_stand_in

scenarios("fundata_api_integration.feature")

SEEDED = ("FundGeneral", "FundDailyNAVPS")
SEED_ROWS = "SELECT to_jsonb(t)::text AS row FROM {} t WHERE data_source = 'CSV' ORDER BY 1"


@pytest.fixture(scope="session")
def database_template(views_template: str) -> str:
    return views_template


@pytest.fixture
def vendor() -> Iterator[StandIn]:
    with run_stand_in(funds=4, fundata_format="json") as running:
        yield running


@given("a vendor whose update API answers")
def check_vendor(vendor: StandIn) -> None:
    assert vendor.stats()["fundata"]


@given("a database seeded from the vendor's seed files", target_fixture="scene")
def seed(sandbox_database: str, tmp_path: Path, vendor: StandIn) -> Scene:
    scene = Scene(sandbox_database, tmp_path / "seed")
    for name in SEEDED:
        file = scene.root / DATASETS[name].file
        file.parent.mkdir(parents=True)
        file.write_bytes(encode_csv(DATASETS[name], vendor.app.fundata.list_records(DATASETS[name])))
    result = scene.load()
    assert {file["status"] for file in result.files} == {"completed"}
    scene.facts["seed"] = read_seed(scene)
    assert all(scene.facts["seed"].values())
    return scene


def read_seed(scene: Scene) -> dict[str, list[str]]:
    return {
        table: [row["row"] for row in scene.fetch(SEED_ROWS.format(table))]
        for table in ("fundata_data", "fundata_quotes")
    }


@when("the vendor's world moves on by a week and the update API is asked")
def update(scene: Scene, vendor: StandIn) -> None:
    vendor.set_as_of((TEST_DAY + dt.timedelta(days=7)).isoformat())
    ask(scene, vendor)


@when("the same days are requested from the update API again")
def request_again(scene: Scene, vendor: StandIn) -> None:
    ask(scene, vendor, **{"from": TEST_DAY.isoformat()})


def ask(scene: Scene, vendor: StandIn, **parameters: Any) -> None:
    steps: tuple[tuple[TableName, str], ...] = (("data", "FundGeneral"), ("quotes", "FundDailyNAVPS"))
    for table, name in steps:
        result = scene.update(vendor, table, datasets=[name], **parameters)
        assert result.task.status == "completed", result.errors


@then("every changed quote has its next version, from the API")
def check_next_versions(scene: Scene) -> None:
    rows = scene.fetch(
        "SELECT n.data_version, n.data_source, n.raw_json ->> 'NAVPS' AS value, o.raw_json ->> 'NAVPS' AS former"
        " FROM fundata_quotes o JOIN fundata_quotes n USING (dataset, identifier, date)"
        " WHERE o.data_source = 'CSV' AND n.data_version > o.data_version"
    )
    assert rows, "the week brought no correction of a seeded quote"
    assert {(row["data_version"], row["data_source"]) for row in rows} == {(2, "API")}
    assert all(row["value"] != row["former"] for row in rows)
    counts = scene.results[-1].units[0].counts
    assert counts.stored == scene.fetch_value("SELECT count(*) FROM fundata_quotes WHERE data_source = 'API'")
    assert counts.unchanged > 0, "the overlap brings records that are known"


@then("each new version names the API's version, its export and when it was stored")
def check_provenance(scene: Scene) -> None:
    run = scene.results[-1].task
    rows = scene.fetch(
        "SELECT q.api_version, q.processed_at, q.run_id, e.execution_id = q.execution_id AS is_known"
        " FROM fundata_quotes q JOIN fundata_export e ON e.run_id = q.run_id WHERE q.data_source = 'API'"
    )
    assert rows
    for row in rows:
        assert (row["api_version"], row["run_id"], row["is_known"]) == ("2.1", run.task_id, True)
        assert run.started_at <= row["processed_at"] <= run.completed_at


@then("the rows of the seed are the same as before, byte by byte")
def check_seed(scene: Scene) -> None:
    assert read_seed(scene) == scene.facts["seed"]


@when("the views are built")
def build(scene: Scene) -> None:
    scene.build_views()


@then('"sra.fundata_quotes" shows one version of each quote, the API\'s where there is one')
def check_latest(scene: Scene) -> None:
    stored = scene.fetch_value("SELECT count(*) FROM (SELECT DISTINCT dataset, identifier, date FROM fundata_quotes) k")
    shown = scene.fetch("SELECT dataset, identifier, date, data_version, data_source FROM sra.fundata_quotes")
    assert len(shown) == len({tuple(row)[:3] for row in shown}) == stored
    newest = scene.fetch(
        "SELECT dataset, identifier, date, max(data_version), max(data_source) FILTER (WHERE data_source = 'API')"
        " FROM fundata_quotes GROUP BY 1, 2, 3"
    )
    expected = {tuple(row)[:3]: (row[3], row[4] or "CSV") for row in newest}
    assert {tuple(row)[:3]: tuple(row)[3:] for row in shown} == expected


@then('"sra.fundata_quotes_history" shows every version that is stored')
def check_history(scene: Scene) -> None:
    columns = "dataset, identifier, date, data_version, row_ordinal"
    shown = scene.fetch(f"SELECT {columns} FROM sra.fundata_quotes_history ORDER BY {columns}")  # noqa: S608
    assert shown == scene.fetch(f"SELECT {columns} FROM fundata_quotes ORDER BY {columns}")  # noqa: S608
    assert max(row["data_version"] for row in shown) == 2


@then("the second run stores nothing and reports every record as unchanged")
def check_second_run(scene: Scene) -> None:
    for result in scene.results[-2:]:
        counts = result.units[0].counts
        assert (counts.stored, counts.unchanged) == (0, counts.read)
    assert scene.results[-1].units[0].counts.read > 0


@when("newer seed files are put in place of the old ones and the update API is asked")
def put_newer_files(scene: Scene, vendor: StandIn) -> None:
    write_csv(scene.root, NAVPS_FILE, [navps("990001", "2025-01-02", "77.7")])
    result = scene.update(vendor, "quotes")
    assert result.task.status == "completed", result.errors


@then("no record of the newer files is stored")
def check_nothing_newer(scene: Scene) -> None:
    assert scene.fetch("SELECT 1 FROM fundata_quotes WHERE identifier = '990001'") == []
    assert all("file" not in unit.detail for unit in scene.results[-1].units)


@when(parsers.parse('a file "{path}" is loaded'))
def load_unknown(scene: Scene, tmp_path: Path, path: str) -> None:
    file = tmp_path / "other" / path
    file.parent.mkdir(parents=True)
    file.write_text("RecordId,InstrumentKey,Opinion\n1,412003,good\n", encoding="utf-8")
    scene.facts["path"] = path
    scene.load(tmp_path / "other")


@when(parsers.parse('a seed file of NAVPS is loaded whose column "{old}" is called "{new}" and that lacks "{missing}"'))
def load_changed(scene: Scene, tmp_path: Path, old: str, new: str, missing: str) -> None:
    names = load_catalogue().find_dataset("FundDailyNAVPS").column_names
    header = [new if name == old else name for name in names if name != missing]
    record = navps("990002", "2025-01-02", "1") | {new: "1"}
    write_csv(tmp_path / "other", NAVPS_FILE, [record], header=header)
    scene.facts["path"] = NAVPS_FILE
    scene.load(tmp_path / "other")


@then(parsers.re(r"the file is rejected with a message that names (?P<names>.+)"))
def check_rejected(scene: Scene, names: str) -> None:
    file = counts_of(scene.results[-1], scene.facts["path"])
    assert file["status"] == "rejected"
    for name in names.replace(" and ", ", ").split(", "):
        assert name.strip('"') in file["error"], file["error"]


@then("nothing of it is stored")
def check_nothing_stored(scene: Scene) -> None:
    assert counts_of(scene.results[-1], scene.facts["path"])["stored"] == 0
    assert read_seed(scene) == scene.facts["seed"]


@then('every fund of "sra.fundata_data" finds its quotes in "sra.fundata_quotes" by identifier')
def check_join(scene: Scene) -> None:
    rows = scene.fetch(
        "SELECT d.identifier, count(q.identifier) AS quotes, max(q.date) AS newest"
        " FROM (SELECT DISTINCT identifier FROM sra.fundata_data WHERE dataset = 'FundGeneral') d"
        " LEFT JOIN sra.fundata_quotes q USING (identifier) GROUP BY 1"
    )
    assert len(rows) == 4
    assert all(row["quotes"] > 0 and row["newest"] > TEST_DAY for row in rows)
