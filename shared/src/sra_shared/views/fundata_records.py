"""The records of Fundata as the SRA app reads them: the latest of each key, every version, and any past state.

The columns are those of the two tables, so that the tables' declarations are the one place where they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, create_model

from sra_shared.columns import ColumnFacts, read_columns
from sra_shared.views.base import Col, Source, SqlFunction, ViewModel, ViewSpec
from sra_shared.views.fragments import is_active, is_latest_data, is_latest_quote, is_settled

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
_DESCRIPTIONS = {
    "identifier": "InstrumentKey.",
    "dataset": "Dataset of the catalogue.",
    "record_id": "RecordId of the vendor; empty where the dataset has none.",
    "data_source": "How the record came: CSV (seed) or API.",
    "data_version": "Version of the record, from 1, within its key.",
    "change_date": "The vendor's ChangeDate.",
    "record_state": "The vendor's RecordState.",
    "run_id": "The run that stored this version.",
    "processed_at": "When it was stored, in UTC; what as_of functions call known.",
    "updated_at": "When it was stored, in UTC.",
    "raw_json": "The record as delivered, every column as text, to the last digit.",
    "date": "Day that the record is about.",
    "navps": "Net asset value per share, at two decimals; all digits are in raw_json.",
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


def _choose_unit(name: str) -> str | None:
    if name in _AMOUNTS or name.endswith("distribution"):
        return "fund_currency"
    if name.endswith(("_percent_change", "_return", "market_percent", "max_percent")) or name == "allocation_value":
        return f"percent, {_DELIVERED}"
    return _DELIVERED if name not in ("year", "days") else None


def _make_field(column: ColumnFacts) -> tuple[Any, Any]:
    """Return the annotation and the field of a column; raises KeyError for a type that no view maps."""
    python_type, sql_type = _TYPES[column.sql_type]
    unit = _choose_unit(column.name) if python_type is Decimal else None
    annotation = python_type | None if column.is_nullable else python_type
    words = _DESCRIPTIONS.get(column.name) or column.comment or f"{column.name.replace('_', ' ').capitalize()}."
    return Annotated[annotation, Col(unit, sql_type)], Field(description=words)


def _make_model(name: str, doc: str, table: str, spec: ViewSpec) -> type[ViewModel]:
    fields: Mapping[str, Any] = {column.name: _make_field(column) for column in read_columns(table).values()}
    tail: dict[str, Any] = {
        "fund_currency": (
            str | None,
            Field(description="Currency of the fund today, which amounts without one are in."),
        ),
        "as_of": (datetime, Field(description="When this version was stored, in UTC.")),
        "last_run_id": (UUID, Field(description="The run that stored this version.")),
    }
    model: type[ViewModel] = create_model(name, __base__=ViewModel, __doc__=doc, __module__=__name__, **fields, **tail)
    model.spec = spec
    return model


def _select(table: str, alias: str, condition: str) -> str:
    columns = ", ".join(f"{alias}.{name}" for name in read_columns(table))
    return (
        f"SELECT {columns}, m.currency AS fund_currency, {alias}.processed_at AS as_of, {alias}.run_id AS last_run_id\n"
        f"FROM public.{table} {alias}\n"
        f"LEFT JOIN sra.security_master m ON m.source = 'fundata' AND m.identifier = {alias}.identifier\n"
        f"WHERE {condition}"
    )


def _select_as_of(view: str, key: tuple[str, ...], valid: str) -> str:
    """The greatest version of each key among those known and valid then, in the order of the specification (2.4)."""
    same = " AND ".join(f"n.{name} = h.{name}" for name in key)

    def order(alias: str) -> str:
        return (
            f"ROW({alias}.data_source = 'API', coalesce({alias}.change_date, '-infinity'::date), {alias}.data_version)"
        )

    return (
        f"SELECT h.* FROM sra.{view} h\n"  # noqa: S608
        f"WHERE h.processed_at <= known_at AND {valid.format('h')} AND {is_active('h')}\n"
        f"  AND NOT EXISTS (SELECT FROM sra.{view} n WHERE {same} AND n.processed_at <= known_at"
        f" AND {valid.format('n')} AND {order('n')} > {order('h')})"
    )


_DATA_SOURCES = (Source("fundata_data", "fundata"),)
_QUOTE_SOURCES = (Source("fundata_quotes", "fundata", ("FundDailyNAVPS", "Pricing")),)
_DATA_KEY = ("dataset", "identifier", "record_id")
_QUOTE_KEY = ("dataset", "identifier", "date")
_ARGUMENTS = {
    "arguments": "valid_on date, known_at timestamp with time zone",
    "argument_types": "date, timestamp with time zone",
}

FundataData = _make_model(
    "FundataData",
    "Latest version of every Fundata data record that is active; one row per record, or per element of its lists.",
    "fundata_data",
    ViewSpec(
        name="fundata_data",
        key=(*_DATA_KEY, "data_version", "row_ordinal"),
        query=_select("fundata_data", "d", is_latest_data("d")),
        sources=_DATA_SOURCES,
        uses=("security_master",),
        used_indexes=("pk_fundata_data",),
    ),
)
FundataDataHistory = _make_model(
    "FundataDataHistory",
    "Every version of every Fundata data record, inactive ones included.",
    "fundata_data",
    ViewSpec(
        name="fundata_data_history",
        key=(*_DATA_KEY, "data_version", "row_ordinal"),
        query=_select("fundata_data", "d", is_settled("d")),
        sources=_DATA_SOURCES,
        uses=("security_master",),
        functions=(
            SqlFunction(
                name="fundata_data_as_of",
                **_ARGUMENTS,
                result="SETOF sra.fundata_data_history",
                body=_select_as_of(
                    "fundata_data_history", _DATA_KEY, "({0}.change_date IS NULL OR {0}.change_date <= valid_on)"
                ),
                description="The data records that were in force on valid_on (by ChangeDate; a record without one always"
                " was), as far as we knew at known_at: of each key the greatest such version, by data_source (API before"
                " CSV), change_date (none last), data_version; keys whose record was not active then are left out.",
            ),
        ),
        used_indexes=("pk_fundata_data",),
    ),
)
FundataQuotes = _make_model(
    "FundataQuotes",
    "Latest version of every Fundata quote record that is active. Both quote datasets may hold a day: prefer FundDailyNAVPS.",
    "fundata_quotes",
    ViewSpec(
        name="fundata_quotes",
        key=(*_QUOTE_KEY, "data_version", "row_ordinal"),
        query=_select("fundata_quotes", "q", is_latest_quote("q")),
        sources=_QUOTE_SOURCES,
        uses=("security_master",),
        used_indexes=("pk_fundata_quotes", "ix_fundata_quotes_date"),
    ),
)
FundataQuotesHistory = _make_model(
    "FundataQuotesHistory",
    "Every version of every Fundata quote record, inactive ones included.",
    "fundata_quotes",
    ViewSpec(
        name="fundata_quotes_history",
        key=(*_QUOTE_KEY, "data_version", "row_ordinal"),
        query=_select("fundata_quotes", "q", is_settled("q")),
        sources=_QUOTE_SOURCES,
        uses=("security_master",),
        functions=(
            SqlFunction(
                name="fundata_quotes_as_of",
                **_ARGUMENTS,
                result="SETOF sra.fundata_quotes_history",
                body=_select_as_of("fundata_quotes_history", _QUOTE_KEY, "{0}.date <= valid_on"),
                description="The quotes of the days up to valid_on as far as we knew at known_at: of each day the greatest"
                " version, by data_source (API before CSV), change_date (none last), data_version; days whose record was"
                " not active then are left out.",
            ),
        ),
        used_indexes=("pk_fundata_quotes", "ix_fundata_quotes_date"),
    ),
)
