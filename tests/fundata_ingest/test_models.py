"""The models accept one record as the tables do, and report what they reject."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError
from sqlalchemy import Numeric

from fundata_ingest.transform.numbers import parse_number, round_money
from fundata_ingest.transform.record_models import FundataDataRecord, FundataQuotesRecord
from sra_shared.kit.db import Pool
from sra_shared.schema.tables import metadata
from sra_testing.fundata import load_tree

SAMPLE = Path(__file__).resolve().parents[2] / "fundata" / "sample"


def make_record(**values: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "identifier": "412003",
        "dataset": "FundDailyNAVPS",
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
        "date": "2025-01-02",
    } | values


@pytest.mark.parametrize("model", [FundataDataRecord, FundataQuotesRecord])
def test_models_have_the_columns_of_their_tables(model: Any) -> None:
    table = metadata.tables["fundata_data" if model is FundataDataRecord else "fundata_quotes"]
    assert set(model.model_fields) == {column.name for column in table.columns}
    required = {name for name, field in model.model_fields.items() if field.is_required()}
    assert required == {column.name for column in table.columns if not column.nullable}


@pytest.mark.parametrize(
    "text", ["123.456789", "15.7", "0.045", "$1,234.50", "84450.0", "-2.345", "9999999999.994", "1e3", " 7 ", "-0.001"]
)
def test_a_number_is_the_one_that_a_load_stores(text: str) -> None:
    record = FundataQuotesRecord.model_validate(make_record(navps_penny_change=text))
    assert record.navps_penny_change == round_money(Decimal(str(parse_number(text).value)))
    assert str(record.navps_penny_change)[-3] == "."


@pytest.mark.parametrize("text", ["", "NULL", "none", "N/A", " n/a ", None])
def test_null_is_accepted_if_the_column_is_nullable(text: str | None) -> None:
    names = [column.name for column in metadata.tables["fundata_quotes"].columns if column.nullable]
    texts = {"source_file", "execution_id", "array_element_value", "array_element_index", "source_line"}
    record = FundataQuotesRecord.model_validate(make_record(**{name: text for name in names if name not in texts}))
    assert record.navps is None
    assert record.distribution_pay_date is None


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"navps": "-0.01"}, "negative_navps"),
        ({"previous_navps": "-1"}, "negative_navps"),
        ({"navps": "9999999999.995"}, "numeric_overflow"),
        ({"navps": Decimal("1E+400")}, "numeric_overflow"),
        ({"navps": Decimal("NaN")}, "finite_number"),
        ({"navps": "12,34"}, "bad_number"),
        ({"navps": 0.1}, "bad_number"),
        ({"navps": True}, "bad_number"),
        ({"identifier": ""}, "string_too_short"),
        ({"date": None}, "date_type"),
        ({"data_source": "FTP"}, "literal_error"),
        ({"data_version": 0}, "greater_than_equal"),
        ({"navp": "1"}, "extra_forbidden"),
    ],
)
def test_a_broken_rule_is_named(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        FundataQuotesRecord.model_validate(make_record(**values))
    (error,) = caught.value.errors()
    assert (error["type"], error["loc"]) == (reason, tuple(values))


async def test_every_stored_row_of_the_sample_fits(sandbox_database: str, pool: Pool) -> None:
    await load_tree(sandbox_database, SAMPLE)
    checked = 0
    for table, model in (("fundata_data", FundataDataRecord), ("fundata_quotes", FundataQuotesRecord)):
        numbers = [column.name for column in metadata.tables[table].columns if isinstance(column.type, Numeric)]
        async with pool.acquire() as connection:
            rows = await connection.fetch(f"SELECT * FROM {table}")  # noqa: S608 - two names
        for row in rows:
            record = model.from_row(row)
            assert [getattr(record, name) for name in numbers] == [row[name] for name in numbers]
        checked += len(rows)
    assert checked > 5_000
