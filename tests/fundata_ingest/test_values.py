"""Numbers and dates: the grammar, rounding away from zero, and the column form that equals the value form."""

from __future__ import annotations

import random
import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundata_ingest.catalogue import DateFormat
from fundata_ingest.transform.dates import parse_date, type_dates
from fundata_ingest.transform.numbers import NUMBER_PATTERN, parse_number, round_money, type_numbers
from sra_testing.examples import examples

BOTH: tuple[DateFormat, ...] = ("iso", "month_first")


@pytest.mark.parametrize(
    ("text", "canonical", "rounded"),
    [
        ("123.456789", "123.456789", "123.46"),
        ("15.7", "15.7", "15.70"),
        ("0.045", "0.045", "0.05"),
        ("-0.045", "-0.045", "-0.05"),
        ("$1,234.50", "1234.5", "1234.50"),
        ("-$1,234.50", "-1234.5", "-1234.50"),
        ("84450.0", "84450", "84450.00"),
        ("  7 ", "7", "7.00"),
        ("+007.10", "7.1", "7.10"),
        (".5", "0.5", "0.50"),
        ("5.", "5", "5.00"),
        ("1e3", "1000", "1000.00"),
        ("1.5E-2", "0.015", "0.02"),
        ("0", "0", "0.00"),
        ("-0", "0", "0.00"),
        ("-0.000", "0", "0.00"),
        ("1.10", "1.1", "1.10"),
        ("9999999999.994", "9999999999.994", "9999999999.99"),
        ("0.12345678901234567890123456789012345678", "0.12345678901234567890123456789012345678", "0.12"),
        ("1e-999999999999", "0.1E-999999999", "0.00"),
        ("0e99999999999999", "0", "0.00"),
    ],
)
def test_readable_number(text: str, canonical: str, rounded: str) -> None:
    parsed = parse_number(text)
    assert parsed.reason is None
    assert parsed.value is not None
    assert str(round_money(Decimal(parsed.value))) == rounded
    if "E-9" not in canonical:
        assert parsed.canonical == canonical


@pytest.mark.parametrize(
    "text",
    [
        "n.m.",
        "#REF!",
        "12..5",
        "--",
        "(5)",
        "5%",
        "1,23",
        "1234,567",
        "1,234,56",
        ",5",
        "$",
        "$-5",
        "5-",
        "1 000",
        ".",
        "e5",
        "1e",
        "NaN",
        "Infinity",
        "٣",
        "0x10",
        "1_000",
        "5\n\x00",
        "5\xa0",
        "CAD 5",
        "-",
    ],
)
def test_unreadable_number(text: str) -> None:
    assert parse_number(text).reason == "bad_number"
    assert parse_number(text).value is None
    assert parse_number(text).canonical == text


@pytest.mark.parametrize("text", ["", "  ", "NULL", "null", "None", "NONE", "n/a", "N/A", " N/A "])
def test_a_missing_number_causes_no_warning(text: str) -> None:
    parsed = parse_number(text)
    assert (parsed.canonical, parsed.value, parsed.reason) == ("", None, None)


@pytest.mark.parametrize(
    "text", ["10000000000", "9999999999.995", "-9999999999.995", "12345678901.23", "1e10", "1e999999999"]
)
def test_overflow(text: str) -> None:
    assert parse_number(text).reason == "numeric_overflow"
    assert parse_number(text).value is None


def test_rounding_is_half_away_from_zero_on_ten_thousand_values() -> None:
    rng = random.Random(20_261_123)  # noqa: S311
    with localcontext() as context:
        context.prec = 60
        for _ in range(10_000):
            digits, decimals = rng.randrange(10 ** rng.randint(1, 38)), rng.randint(0, 38)
            text = f"{rng.choice(['', '-'])}{Decimal(digits).scaleb(-decimals):f}"
            if rng.random() < 0.3:
                text += "5"
            exact = Decimal(text)
            expected = exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
            assert round_money(exact) == expected
            parsed = parse_number(text)
            if abs(expected) >= Decimal(10) ** 10:
                assert parsed.reason == "numeric_overflow"
            else:
                assert round_money(Decimal(parsed.value or "NaN")) == expected
                assert Decimal(parsed.canonical) == exact


NUMBER_LIKE = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**38), max_value=10**38, places=8).map(str),
    st.text(alphabet="0123456789.,$+-eE ", max_size=14),
    st.integers(min_value=-(10**12), max_value=10**12).map(lambda n: f"{n:,}"),
    st.sampled_from(["", "NULL", "1.50", "-0.0", "0." + "1" * 60, "1" * 60, "n.m.", "9999999999.995", "0.0", "-0"]),
    st.from_regex(r"\A-?[0-9]{1,11}\.[0-9]{0,34}\Z"),
)


@examples(150)
@given(texts=st.lists(NUMBER_LIKE, max_size=20))
def test_number_column_equals_number_by_number(texts: list[str]) -> None:
    column = type_numbers(pl.Series("x", texts, dtype=pl.String))
    parsed = [parse_number(text) for text in texts]
    assert column.canonical.to_list() == [p.canonical for p in parsed]
    assert column.value.to_list() == [p.value for p in parsed]
    assert column.problems == [(row, p.reason) for row, p in enumerate(parsed) if p.reason]
    negative = [p.canonical.startswith("-") and p.reason != "bad_number" for p in parsed]
    assert column.find_negative().to_list() == negative


@examples(300)
@given(text=NUMBER_LIKE)
def test_equal_numbers_have_one_canonical_form(text: str) -> None:
    parsed = parse_number(text)
    assert (re.search(NUMBER_PATTERN, text) is None) == (parsed.reason == "bad_number" or parsed.canonical == "")
    if parsed.canonical and parsed.reason != "bad_number":
        assert parse_number(parsed.canonical).canonical == parsed.canonical
        # a very long number keeps its exponent
        other = parsed.canonical if "E" in parsed.canonical else f"{parsed.canonical}e0"
        assert parse_number(f" {other}").canonical == parsed.canonical


@pytest.mark.parametrize(
    ("text", "day", "canonical"),
    [
        ("2025-08-31", date(2025, 8, 31), "2025-08-31"),
        (" 2025-08-31 ", date(2025, 8, 31), "2025-08-31"),
        ("20250831", date(2025, 8, 31), "2025-08-31"),
        ("2025-08-31T00:00:00", date(2025, 8, 31), "2025-08-31"),
        ("2025-08-31 00:00:00.000", date(2025, 8, 31), "2025-08-31"),
        ("2025-08-31T00:00:00Z", date(2025, 8, 31), "2025-08-31"),
        ("2025-08-31T09:05", date(2025, 8, 31), "2025-08-31T09:05:00"),
        ("2025-08-31T09:05:07.250-05:00", date(2025, 8, 31), "2025-08-31T09:05:07.25-05:00"),
        ("08/31/2025", date(2025, 8, 31), "2025-08-31"),
        ("8/3/2025", date(2025, 8, 3), "2025-08-03"),
        ("8/31/2025 12:00:00 AM", date(2025, 8, 31), "2025-08-31"),
        ("8/31/2025 1:30 pm", date(2025, 8, 31), "2025-08-31T13:30:00"),
        ("", None, ""),
        ("N/A", None, ""),
    ],
)
def test_readable_date(text: str, day: date | None, canonical: str) -> None:
    parsed = parse_date(text, BOTH)
    assert (parsed.day, parsed.canonical, parsed.bad) == (day, canonical, False)


@pytest.mark.parametrize(
    "text",
    [
        "31/08/2025",
        "13/01/2025",
        "2025-13-01",
        "2025-02-29",
        "2025-8-31",
        "2025-0831",
        "25-08-31",
        "0000-01-01",
        "31 Aug 2025",
        "2025-08-31T25:00",
        "8/31/2025 13:00 PM",
        "2025-08-31x",
        "45900",
        "2025/08/31",
        "+2025-1-05",
        "٢٠٢٥-08-31",
    ],
)
def test_unreadable_date_is_never_swapped(text: str) -> None:
    parsed = parse_date(text, BOTH)
    assert (parsed.day, parsed.canonical, parsed.bad) == (None, text, True)


def test_slashed_date_needs_the_catalogue() -> None:
    assert parse_date("08/31/2025", ("iso",)).bad


TODAY = date(2026, 11, 23)


@examples(200)
@given(
    st.lists(
        st.one_of(st.dates().map(str), st.text(max_size=12), st.sampled_from(["", "1/2/2025", "NULL", "9999-12-31"])),
        max_size=15,
    )
)
def test_date_column_equals_date_by_date(texts: list[str]) -> None:
    column = type_dates(pl.Series("d", texts, dtype=pl.String), BOTH, TODAY)
    parsed = [parse_date(text, BOTH) for text in texts]
    kept = [p.day is not None and date(1800, 1, 1) <= p.day <= date(2126, 11, 23) for p in parsed]
    assert column.day.to_list() == [p.day if keep else None for p, keep in zip(parsed, kept, strict=True)]
    assert column.canonical.to_list() == [p.canonical for p in parsed]
    bad = column.bad.to_list() if column.bad is not None else [False] * len(texts)
    assert bad == [p.bad or (p.day is not None and not keep) for p, keep in zip(parsed, kept, strict=True)]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("1799-12-31", False),
        ("1800-01-01", True),
        ("2126-11-23", True),
        ("11/24/2126", False),
        ("0001-01-01T00:00:00", False),
        ("9999-12-31", False),
    ],
)
def test_dates_that_mean_none_are_invalid(text: str, kept: bool) -> None:
    column = type_dates(pl.Series("d", [text, "2025-01-01"]), BOTH, TODAY)
    assert (column.day.is_null().to_list(), column.bad is None) == ([not kept, False], kept)
    # the hash does not change with the day of the load
    assert column.canonical[0] == parse_date(text, BOTH).canonical
