"""The catalogue names every file and does not contradict itself."""

from __future__ import annotations

import copy
import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from fundata_ingest.catalogue import load_catalogue, make_snake_case, parse_catalogue
from sra_shared.kit.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
CONTENT: dict[str, Any] = tomllib.loads((ROOT / "fundata/catalogue.toml").read_text(encoding="utf-8"))


def test_packaged_catalogue_is_the_one_in_fundata() -> None:
    assert load_catalogue() == load_catalogue(ROOT / "fundata/catalogue.toml")


def test_names_26_files_and_21_endpoints() -> None:
    catalogue = load_catalogue()
    assert len(catalogue.files) == 26
    endpoints = [dataset.endpoint for dataset in catalogue.datasets if dataset.endpoint]
    assert len(endpoints) == len(set(endpoints)) == 21
    in_languages = {d.endpoint for d in catalogue.datasets if d.languages}
    assert in_languages == {"fund/getgeneral", "benchmark/getgeneral"}
    assert catalogue.find_file("data/NewSeed.csv") is None


@pytest.mark.parametrize(
    ("name", "snake"),
    [
        ("NAVPSPercentChange", "navps_percent_change"),
        ("CIFSCType", "cifsc_type"),
        ("YTDReturn", "ytd_return"),
        ("AnnualizedSTD", "annualized_std"),
        ("RSquared", "r_squared"),
        ("FundServCode", "fund_serv_code"),
    ],
)
def test_snake_case(name: str, snake: str) -> None:
    assert make_snake_case(name) == snake


def test_quotes_table_has_exactly_the_columns_of_the_contract() -> None:
    assert set(load_catalogue().flattened_columns("quotes")) == {
        "date",
        "navps",
        "navps_penny_change",
        "navps_percent_change",
        "previous_date",
        "previous_navps",
        "current_yield",
        "current_yield_percent_change",
        "split",
        "total_distribution",
        "dividend_income_distribution",
        "foreign_dividend_income_distribution",
        "capital_gains_distribution",
        "interest_income_distribution",
        "return_of_principle_distribution",
        "distribution_pay_date",
    }
    assert load_catalogue().flattened_columns("quotes")["split"] == "text"


def test_codes_and_keys_are_never_numbers() -> None:
    columns = load_catalogue().flattened_columns("data")
    assert {columns[n] for n in ("fund_serv_code", "identifier_value", "benchmark_instrument_key")} == {"identifier"}
    assert columns["fund_grade"] == "text"
    assert {columns[n] for n in ("year", "days", "holding_number", "compound_return_fund_count")} == {"number"}


def change(*path: str | int, value: object) -> dict[str, Any]:
    content = copy.deepcopy(CONTENT)
    place: Any = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return content


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (change("datasets", 0, "name", value="FundAssets"), "two datasets have the same name"),
        (change("datasets", 0, "files", value=["data/FundAssetsSeed.csv"]), "two datasets name the same file"),
        (change("datasets", 0, "columns", 3, "name", value="family_name"), "String should match pattern"),
        (change("datasets", 0, "columns", 3, "name", value="Familyname"), "two columns have the same name"),
        (change("datasets", 0, "columns", 3, "to", value="company"), "both map to table column company"),
        (
            change("datasets", 1, "columns", 3, "type", value="number"),
            "column legal_name of fundata_data has type text",
        ),
        (change("datasets", 0, "columns", 1, "name", value="Key"), "InstrumentKey is not declared"),
        (change("datasets", 0, "columns", 0, "name", value="Key"), "RecordId is not declared"),
        (change("datasets", 20, "columns", 4, "type", value="text"), "Date is not declared as a date"),
        (change("datasets", 0, "colour", value="blue"), "Extra inputs are not permitted"),
        (change("datasets", value={}), "version|datasets"),
        (change("roles", value=None), "roles"),
    ],
)
def test_contradiction_is_named(content: dict[str, Any], message: str) -> None:
    if content["datasets"] == {}:
        del content["version"]
    with pytest.raises(ConfigError, match=message):
        parse_catalogue(content)


def test_unreadable_catalogue_and_unknown_dataset_are_configuration_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_catalogue(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("version = ")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_catalogue(tmp_path / "bad.toml")
    with pytest.raises(ConfigError, match="FundAssets"):
        load_catalogue().find_dataset("FundAsset")


def test_a_change_of_the_parsing_raises_the_version() -> None:
    """`parser_version` of a row identifies the rules of its derivation: after an edit raise `version` and pin the new digest."""
    parts = {"name", "table", "date_formats", "columns", "roles"}
    shape = json.dumps([dataset.model_dump(mode="json", include=parts) for dataset in load_catalogue().datasets])
    pinned = (load_catalogue().version, hashlib.sha256(shape.encode()).hexdigest())
    assert pinned == (1, "d19e9adc9869903a1e47e60beea0c0a1fdcd05ae74392c32e2059dea25e1a977")
