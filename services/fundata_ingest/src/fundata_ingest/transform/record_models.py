"""One stored record of Fundata as a typed model: what every row of the two tables must be, checked row by row.

Loads are typed and checked by column (`typed_batches.py`). These models are for a single record: to read stored rows back as
typed values, and to check what a load stored against the rules.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import asyncpg
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, create_model
from pydantic_core import PydanticCustomError

from fundata_ingest.catalogue import ColumnType, load_catalogue
from fundata_ingest.transform.numbers import BLANKS, NULL_WORDS, parse_number, round_money
from fundata_ingest.transform.typed_batches import MAX_KEY_BYTES

_LIMIT = Decimal(10) ** 10
_MOST_WHOLE_DIGITS = 11


def _read_nothing(value: Any) -> Any:
    return None if isinstance(value, str) and value.strip(BLANKS).upper() in NULL_WORDS else value


def _read_number(value: Any) -> Any:
    if isinstance(value, bool | float):
        raise PydanticCustomError("bad_number", "a number must be text or Decimal, not a binary float")
    if not isinstance(value, str):
        return value
    parsed = parse_number(value)
    if parsed.value is None:
        raise _ERRORS[parsed.reason or "bad_number"]
    return parsed.value


def _round_number(value: Decimal) -> Decimal:
    if value.adjusted() > _MOST_WHOLE_DIGITS or abs(rounded := round_money(value)) >= _LIMIT:
        raise _ERRORS["numeric_overflow"]
    return rounded


def _refuse_negative(value: Decimal) -> Decimal:
    if value < 0:
        raise PydanticCustomError("negative_navps", "a net asset value is not negative")
    return value


_ERRORS = {
    "bad_number": PydanticCustomError("bad_number", "this is not a readable number"),
    "numeric_overflow": PydanticCustomError("numeric_overflow", "the rounded number is ten billion or more"),
}
Number = Annotated[Decimal, BeforeValidator(_read_number), AfterValidator(_round_number)]
"""DECIMAL(12,2), rounded half away from zero."""
NetAssetValue = Annotated[Number, AfterValidator(_refuse_negative)]
OptionalNumber = Annotated[Number | None, BeforeValidator(_read_nothing)]
OptionalNetAssetValue = Annotated[NetAssetValue | None, BeforeValidator(_read_nothing)]
OptionalDay = Annotated[date | None, BeforeValidator(_read_nothing)]
OptionalText = Annotated[str | None, BeforeValidator(_read_nothing)]
Key = Annotated[str, Field(min_length=1, max_length=MAX_KEY_BYTES)]


class FundataRecord(BaseModel):
    """The columns of a row of either table besides its dataset's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    identifier: Key
    dataset: Key
    record_id: str = Field(max_length=MAX_KEY_BYTES)
    data_source: Literal["CSV", "API"]
    data_version: int = Field(ge=1)
    row_ordinal: int = Field(ge=0)
    parser_version: int
    api_version: OptionalText = None
    array_source_field: OptionalText = None
    array_element_index: int | None = Field(None, ge=0)
    array_element_value: str | None = None
    raw_json: dict[str, Any]
    source_file: str | None = None
    source_line: int | None = Field(None, ge=1)
    execution_id: str | None = None
    run_id: UUID
    content_hash: bytes = Field(min_length=16, max_length=16)
    record_state: OptionalText = None
    change_date: OptionalDay = None
    processed_at: datetime
    updated_at: datetime

    @classmethod
    def from_row(cls, row: asyncpg.Record) -> Self:
        """Read a row of the table; raises ValidationError that names the column."""
        return cls.model_validate(dict(row))


class FundataQuotesRecord(FundataRecord):
    """A row of `fundata_quotes`; NULL if nothing was delivered, amounts in the fund's currency."""

    date: date
    navps: OptionalNetAssetValue = None
    navps_penny_change: OptionalNumber = None
    navps_percent_change: OptionalNumber = None
    previous_date: OptionalDay = None
    previous_navps: OptionalNetAssetValue = None
    current_yield: OptionalNumber = None
    current_yield_percent_change: OptionalNumber = None
    split: OptionalText = None
    total_distribution: OptionalNumber = None
    dividend_income_distribution: OptionalNumber = None
    foreign_dividend_income_distribution: OptionalNumber = None
    capital_gains_distribution: OptionalNumber = None
    interest_income_distribution: OptionalNumber = None
    return_of_principle_distribution: OptionalNumber = None
    distribution_pay_date: OptionalDay = None


class _DataRecord(FundataRecord):
    language: OptionalText = None
    legal_name: OptionalText = None
    family_name: OptionalText = None
    series_name: OptionalText = None
    company: OptionalText = None
    inception_date: OptionalDay = None
    currency: OptionalText = None


_TYPES: dict[ColumnType, Any] = {
    "text": OptionalText,
    "identifier": OptionalText,
    "number": OptionalNumber,
    "date": OptionalDay,
}


def _make_data_record() -> type[_DataRecord]:
    columns = load_catalogue().flattened_columns("data")
    fields: dict[str, Any] = {
        name: (_TYPES[kind], None) for name, kind in columns.items() if name not in _DataRecord.model_fields
    }
    doc = "A row of `fundata_data`; every column that the catalogue names, NULL if the dataset lacks it."
    return create_model("FundataDataRecord", __base__=_DataRecord, __doc__=doc, __module__=__name__, **fields)


FundataDataRecord = _make_data_record()
