"""The published views: each model with its key, its sources and its SQL, which lies in `sql/marts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sra_shared.views import (
    VIEWS,
    FundataData,
    FundataDataHistory,
    FundataQuotes,
    FundataQuotesHistory,
    TreasuryCurve,
    ViewModel,
)
from sra_shared.views.base import Source, SqlFunction, ViewSpec
from view_builder.spec import Mart
from view_builder.sql_files import read_mart

_DATA_KEY = ("dataset", "identifier", "record_id", "data_version", "row_ordinal")
_QUOTE_KEY = ("dataset", "identifier", "date", "data_version", "row_ordinal")
_DATA = (Source("fundata_data", "fundata"),)
_QUOTES = (Source("fundata_quotes", "fundata", ("FundDailyNAVPS", "Pricing")),)


def _make_spec(name: str, **facts: Any) -> ViewSpec:
    return ViewSpec(name=name, query=read_mart(name)["rows"], **facts)


def _make_as_of(history: str, description: str) -> SqlFunction:
    return SqlFunction(
        name=history.replace("_history", "_as_of"),
        arguments="valid_on date, known_at timestamp with time zone",
        argument_types="date, timestamp with time zone",
        result=f"SETOF sra.{history}",
        body=read_mart(history)["as_of"],
        description=description,
    )


_SPECS: Mapping[type[ViewModel], ViewSpec] = {
    FundataData: _make_spec(
        "fundata_data", key=_DATA_KEY, sources=_DATA, uses=("security_master",), used_indexes=("pk_fundata_data",)
    ),
    FundataDataHistory: _make_spec(
        "fundata_data_history",
        key=_DATA_KEY,
        sources=_DATA,
        uses=("security_master",),
        functions=(
            _make_as_of(
                "fundata_data_history",
                "The data records that were in force on valid_on (by ChangeDate; a record without one always was), as far as"
                " we knew at known_at: of each key the greatest such version, by data_source (API before CSV), change_date"
                " (none last), data_version; keys whose record was not active then are left out.",
            ),
        ),
        used_indexes=("pk_fundata_data",),
    ),
    FundataQuotes: _make_spec(
        "fundata_quotes",
        key=_QUOTE_KEY,
        sources=_QUOTES,
        uses=("security_master",),
        used_indexes=("pk_fundata_quotes", "ix_fundata_quotes_date"),
    ),
    FundataQuotesHistory: _make_spec(
        "fundata_quotes_history",
        key=_QUOTE_KEY,
        sources=_QUOTES,
        uses=("security_master",),
        functions=(
            _make_as_of(
                "fundata_quotes_history",
                "The quotes of the days up to valid_on as far as we knew at known_at: of each day the greatest version, by"
                " data_source (API before CSV), change_date (none last), data_version; days whose record was not active then"
                " are left out.",
            ),
        ),
        used_indexes=("pk_fundata_quotes", "ix_fundata_quotes_date"),
    ),
    TreasuryCurve: _make_spec(
        "treasury_curve",
        key=("date", "tenor"),
        sources=(Source("fmp_treasury_rate", "fmp", ("treasury_rates",)),),
        used_indexes=("pk_fmp_treasury_rate",),
    ),
}


MARTS: tuple[Mart, ...] = tuple(Mart(model, _SPECS.get(model, model.spec)) for model in VIEWS)
