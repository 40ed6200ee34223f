"""The records of Fundata as the SRA app reads them: the latest of each key, every version, and any past state.

The columns are those of the two tables, whose declarations are their only definition.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, create_model

from sra_contract.base import Col, ViewModel

_TYPES: Mapping[str, tuple[Any, str]] = {
    "TEXT": (str, "text"),
    "SMALLINT": (int, "smallint"),
    "BIGINT": (int, "bigint"),
    "INTEGER": (int, "integer"),
    "NUMERIC(12, 2)": (Decimal, "numeric(12,2)"),
    "TIMESTAMP WITH TIME ZONE": (datetime, "timestamp with time zone"),
    "DATE": (date, "date"),
    "UUID": (UUID, "uuid"),
    "BYTEA": (bytes, "bytea"),
    "JSONB": (dict[str, Any], "jsonb"),
}
_AMOUNTS = (
    "navps",
    "navps_penny_change",
    "previous_navps",
    "min_investment",
    "sub_investment",
    "fund_assets_value",
    "series_assets_value",
    "dividend_income",
    "foreign_dividend_income",
    "capital_gains",
    "interest_income",
    "return_of_principle",
)
_DELIVERED = "as the vendor delivers it"
_NAMES = "Names and units are the vendor's, as delivered."


def _choose_unit(name: str) -> str | None:
    if name in _AMOUNTS or name.endswith("distribution"):
        return "fund_currency"
    if name.endswith(("_percent_change", "_return", "market_percent", "max_percent")) or name == "allocation_value":
        return f"percent, {_DELIVERED}"
    return _DELIVERED if name not in ("year", "days") else None


@cache
def _read_columns(table: str) -> Sequence[Mapping[str, str]]:
    text = resources.files("sra_contract").joinpath("fundata_columns.csv").read_text(encoding="utf-8")
    return [row for row in csv.DictReader(text.splitlines()) if row["table"] == table]


def _make_field(column: Mapping[str, str]) -> tuple[Any, Any]:
    """Return the annotation and the field of a column; raises KeyError for a type that no view maps."""
    name = column["column"]
    python_type, sql_type = _TYPES[column["type"]]
    unit = _choose_unit(name) if python_type is Decimal else None
    annotation = python_type | None if column["nullable"] == "yes" else python_type
    return Annotated[annotation, Col(unit, sql_type)], Field(description=column["comment"])


def _make_model(name: str, view: str, doc: str, table: str, *, record: str) -> type[ViewModel]:
    fields: Mapping[str, Any] = {column["column"]: _make_field(column) for column in _read_columns(table)}
    tail: dict[str, Any] = {
        "fund_currency": (
            str | None,
            Field(description="Currency of the fund today, which amounts without one are in."),
        ),
        "as_of": (datetime, Field(description="When this version was stored, in UTC.")),
        "last_run_id": (UUID, Field(description="The run that stored this version.")),
        "security_id": (str | None, Field(description="Id of the security. NULL for a record of no fund.")),
    }
    model: type[ViewModel] = create_model(
        name, __base__=ViewModel, __doc__=f"{doc} {_NAMES}", __module__=__name__, **fields, **tail
    )
    model.view_name = view
    model.view_subject = "Records of Fundata"
    model.view_key = ("dataset", "identifier", record, "data_version", "row_ordinal")
    return model


FundataData = _make_model(
    "FundataData",
    "fundata_data",
    "Latest version of every Fundata data record that is active; one row per record, or per element of its lists.",
    "fundata_data",
    record="record_id",
)
FundataDataHistory = _make_model(
    "FundataDataHistory",
    "fundata_data_history",
    "Every version of every Fundata data record, inactive ones included.",
    "fundata_data",
    record="record_id",
)
FundataQuotes = _make_model(
    "FundataQuotes",
    "fundata_quotes",
    "Latest version of every Fundata quote record that is active. Both quote datasets may hold a day: prefer FundDailyNAVPS.",
    "fundata_quotes",
    record="date",
)
FundataQuotesHistory = _make_model(
    "FundataQuotesHistory",
    "fundata_quotes_history",
    "Every version of every Fundata quote record, inactive ones included.",
    "fundata_quotes",
    record="date",
)


def _make_past_state(name: str, history: type[ViewModel], function: str, doc: str) -> type[ViewModel]:
    model: type[ViewModel] = create_model(name, __base__=history, __doc__=f"{doc} {_NAMES}", __module__=__name__)
    model.view_function = function
    return model


FundataDataAsOf = _make_past_state(
    "FundataDataAsOf",
    FundataDataHistory,
    "fundata_data_as_of",
    "The data records that were in force on a day, as far as we knew at a moment.",
)
FundataQuotesAsOf = _make_past_state(
    "FundataQuotesAsOf",
    FundataQuotesHistory,
    "fundata_quotes_as_of",
    "The quotes of the days up to a day, as far as we knew at a moment.",
)
