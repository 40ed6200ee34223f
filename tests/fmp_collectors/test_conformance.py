"""Every record model with absent, zero, unknown and exact values; the rows are generated from the declarations."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest

from fmp_collectors.dataset import FmpDataset
from fmp_collectors.datasets import BY_NAME, DATASETS
from fmp_collectors.records import Accepted, Record, hash_content, parse_row

each_dataset = pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
NAMES = {"exchange": "TSX", "exchangeShortName": "TSX", "period": "Q4"}


def find_type(annotation: Any) -> Any:
    """Return the plain type of a field: the other member of a union with None."""
    if get_origin(annotation) is Annotated:
        return find_type(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return find_type(next(one for one in get_args(annotation) if one is not type(None)))
    return str if get_origin(annotation) is Literal else get_origin(annotation) or annotation


def list_fields(model: type[Record]) -> dict[str, tuple[str, Any, bool]]:
    """Return, per field, its name with the vendor, its type and whether it is required."""
    found = {}
    for name, info in model.model_fields.items():
        alias = info.alias or name
        if info.validation_alias is not None and not isinstance(info.validation_alias, str):
            alias = name
        kind = find_type(info.annotation)
        found[name] = (alias, kind, info.is_required())
    return found


def make_row(dataset: FmpDataset, number: Any = Decimal("4000000000000.25")) -> dict[str, Any]:
    """Return a full row with the same number in every field of numbers."""
    values: dict[Any, Any] = {
        str: "RY-PB.TO",
        Decimal: number,
        int: 2025,
        bool: False,
        date: "2025-12-31",
        datetime: 1767646800,
        list: [],
    }
    fields = list_fields(dataset.record).values()
    return {alias: NAMES.get(alias, values[kind]) for alias, kind, _ in fields}


def accept(dataset: FmpDataset, row: Mapping[str, Any]) -> Accepted:
    parsed = parse_row(dataset.record, row)
    assert isinstance(parsed, Accepted), parsed
    return parsed


def find_numbers(dataset: FmpDataset) -> list[str]:
    return [name for name, (_, kind, _) in list_fields(dataset.record).items() if kind is Decimal]


@each_dataset
@pytest.mark.parametrize(
    "number", [Decimal(0), Decimal("4000000000000.25"), Decimal("0.00000000000001387778780781446")]
)
def test_numbers_are_exact_and_zero_is_a_value(dataset: FmpDataset, number: Decimal) -> None:
    record = accept(dataset, make_row(dataset, number)).record
    assert [getattr(record, name) for name in find_numbers(dataset)] == [number] * len(find_numbers(dataset))


@each_dataset
def test_text_and_number_are_the_same_content(dataset: FmpDataset) -> None:
    typed = accept(dataset, make_row(dataset, Decimal("10250.25")))
    text = accept(dataset, make_row(dataset, "10250.25"))
    assert typed.record == text.record
    assert hash_content(typed) == hash_content(text)


@each_dataset
def test_a_number_where_a_text_belongs_is_that_text(dataset: FmpDataset) -> None:
    texts = [
        alias
        for name, (alias, kind, _) in list_fields(dataset.record).items()
        if kind is str and alias not in NAMES and name not in dataset.record.volatile
    ]
    assert texts or dataset.name in {"splits", "treasury_rates", "earnings", "eod_prices", "index_prices"}
    numbers = {alias: 320193 + place for place, alias in enumerate(texts)}
    typed = accept(dataset, make_row(dataset) | numbers)
    text = accept(dataset, make_row(dataset) | {alias: str(number) for alias, number in numbers.items()})
    assert typed.record == text.record
    assert hash_content(typed) == hash_content(text)


@pytest.mark.parametrize(
    ("cik", "kept"),
    [
        ("0000320193", "0000320193"),
        ("320193", "0000320193"),
        (320193, "0000320193"),
        ("0000000000", None),
        (0, None),
        ("", None),
        ("no number", "no number"),
    ],
)
def test_a_filers_number_has_ten_digits_and_zeros_are_none(cik: Any, kept: str | None) -> None:
    for name in ("income_statement", "constituents"):
        dataset = BY_NAME[name]
        assert accept(dataset, make_row(dataset) | {"cik": cik}).record.model_dump()["cik"] == kept


@pytest.mark.parametrize("name", ["quote", "universe", "profile", "scores", "key_metrics"])
@pytest.mark.parametrize(
    ("cap", "is_good"), [(Decimal(0), True), (Decimal(10) ** 14, True), (Decimal("1e14") + 1, False), (-1, False)]
)
def test_a_market_cap_is_between_zero_and_1e14(name: str, cap: Any, is_good: bool) -> None:
    dataset = BY_NAME[name]
    parsed = parse_row(dataset.record, make_row(dataset) | {"marketCap": cap})
    assert isinstance(parsed, Accepted) == is_good
    assert is_good or parsed.reason == "market_cap_range"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("name", "field"),
    [
        *(("quote", "volume"), ("universe", "volume"), ("universe", "avgVolume"), ("profile", "averageVolume")),
        *(("eod_prices", "volume"), ("index_prices", "volume"), ("etf_info", "avgVolume")),
    ],
)
def test_no_volume_is_negative(name: str, field: str) -> None:
    dataset = BY_NAME[name]
    parsed = parse_row(dataset.record, make_row(dataset) | {field: Decimal(-1)})
    assert not isinstance(parsed, Accepted)
    assert parsed.reason == "negative_volume"


@each_dataset
@pytest.mark.parametrize("absence", [None, "", "N/A", "NULL", "None"])
def test_optional_fields_may_be_absent(dataset: FmpDataset, absence: str | None) -> None:
    fields = list_fields(dataset.record)
    needed = {alias for alias, _, required in fields.values() if required}
    row = {alias: value if alias in needed else absence for alias, value in make_row(dataset).items()}
    if "occurrence" in fields:
        row.pop(fields["occurrence"][0])
    record = accept(dataset, row).record
    lacking = {name for name, (_, kind, required) in fields.items() if not required and kind is Decimal}
    assert all(getattr(record, name) is None for name in lacking)
    accept(dataset, {alias: value for alias, value in row.items() if alias in needed})


@each_dataset
def test_a_row_without_its_key_is_rejected_with_the_field_named(dataset: FmpDataset) -> None:
    for name, (alias, _, required) in list_fields(dataset.record).items():
        if not required:
            continue
        parsed = parse_row(dataset.record, make_row(dataset) | {alias: None})
        assert not isinstance(parsed, Accepted)
        assert parsed.reason == f"missing_{name}"


@each_dataset
def test_unknown_fields_are_kept_and_are_content(dataset: FmpDataset) -> None:
    row = make_row(dataset)
    more = accept(dataset, row | {"brandNewField": Decimal("1.50")})
    assert more.raw["brandNewField"] == Decimal("1.50")
    assert hash_content(more) != hash_content(accept(dataset, row))


@each_dataset
@pytest.mark.parametrize("symbol", ["brk-b ", " RY.TO", "A" * 32])
def test_symbols_are_trimmed_and_in_capitals(dataset: FmpDataset, symbol: str) -> None:
    fields = [name for name in ("symbol", "old_symbol", "new_symbol", "pair") if name in dataset.record.model_fields]
    assert fields or dataset.name == "treasury_rates"
    aliases = {list_fields(dataset.record)[name][0]: symbol for name in fields}
    record = accept(dataset, make_row(dataset) | aliases).record
    assert all(record.model_dump()[name] == symbol.strip().upper() for name in fields)
