"""Typing a batch: the order of reasons, warnings with the value, raw_json as delivered, golden content hashes."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import get_args

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.formats.batches import FieldWarning, FileHead, RejectReason, TypedBatch
from fundata_ingest.formats.csv_reader import read_batches
from fundata_ingest.formats.file_heads import inspect_file
from fundata_ingest.transform.numbers import round_money
from fundata_ingest.transform.typed_batches import bucket_identifiers, explode, type_batch
from sra_testing.examples import examples

CATALOGUE = load_catalogue()
TODAY = date(2026, 11, 23)
GOOD = {
    "FundDailyNAVPS": {
        "RecordId": "9", "InstrumentKey": "412003", "Date": "2026-11-20", "NAVPS": "12.34567890", "Split": "1.0",
        "PreviousDate": "11/19/2026", "PreviousNAVPS": "12.30", "RecordState": "Active", "ChangeDate": "2026-11-20",
    },
    "FundOtherFee": {
        "RecordId": "7", "InstrumentKey": "412003", "Language": "FR", "FeeType": "Frais d’opération", "Value": "$1,234.50",
        "Days": "30", "FeeNote": 'Dans les 30 jours,\nvoir "note" \\ é', "RecordState": "Active", "ChangeDate": "2026-11-20",
    },
    "FundAssets": {
        "RecordId": "1", "InstrumentKey": "412003", "Date": "2026-10-31", "FundAssetsValue": "12345678901.23",
        "SeriesAssetsValue": "-0.00", "RecordState": "Active", "ChangeDate": "2026-11-20T00:00:00",
    },
}  # fmt: skip


def write_csv(dataset: str, *changes: dict[str, str]) -> bytes:
    names = CATALOGUE.find_dataset(dataset).column_names
    lines = [",".join(names)]
    for change in changes:
        record = {**GOOD[dataset], **change}
        lines.append(",".join('"' + record.get(name, "").replace('"', '""') + '"' for name in names))
    return "\n".join(lines).encode()


def type_rows(dataset: str, *changes: dict[str, str]) -> TypedBatch:
    data = write_csv(dataset, *changes)
    head = inspect_file(data, CATALOGUE.find_dataset(dataset).files[0], CATALOGUE)
    assert isinstance(head, FileHead)
    return type_batch(next(read_batches(io.BytesIO(data), head)), today=TODAY)


def test_quote_is_typed() -> None:
    row = type_rows("FundDailyNAVPS", {}).frame.row(0, named=True)
    assert row["identifier"] == "412003"
    assert row["date"] == date(2026, 11, 20)
    assert row["previous_date"] == date(2026, 11, 19)
    assert row["navps"] == "12.3456789"
    assert row["current_yield"] is None
    assert row["split"] == "1.0"
    assert row["record_state"] == "Active"
    assert row["change_date"] == date(2026, 11, 20)
    assert row["api_version"] is None


@pytest.mark.parametrize("dataset", sorted(GOOD))
def test_frame_has_the_promised_columns(dataset: str) -> None:
    found = CATALOGUE.find_dataset(dataset)
    base = [
        "source_line",
        "identifier",
        "record_id",
        "record_state",
        "change_date",
        "content_hash",
        "raw_json",
        "api_version",
    ]
    flat = [
        t for t in found.table_columns.values() if t not in ("identifier", "record_id", "record_state", "change_date")
    ]
    assert type_rows(dataset, {}).frame.columns == [*base, *flat]
    assert set(flat) <= set(CATALOGUE.flattened_columns(found.table))


@pytest.mark.parametrize("dataset", sorted(GOOD))
def test_raw_json_is_the_record_as_delivered(dataset: str) -> None:
    found = json.loads(type_rows(dataset, {}).frame["raw_json"][0])
    names = CATALOGUE.find_dataset(dataset).column_names
    assert found == {name: GOOD[dataset].get(name, "") for name in names}


@examples(100)
@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30))
def test_raw_json_keeps_any_text(text: str) -> None:
    text = text.rstrip("\r")
    found = json.loads(type_rows("FundOtherFee", {"FeeNote": text}).frame["raw_json"][0])
    assert found["FeeNote"] == text


@pytest.mark.parametrize(
    ("dataset", "change", "reason"),
    [
        ("FundDailyNAVPS", {"InstrumentKey": "  ", "Date": "", "NAVPS": "-1"}, "missing_identifier"),
        ("FundDailyNAVPS", {"InstrumentKey": "n/a"}, "missing_identifier"),
        ("FundDailyNAVPS", {"Date": "", "NAVPS": "-1"}, "missing_date"),
        ("FundDailyNAVPS", {"Date": "31/12/2025"}, "missing_date"),
        ("FundDailyNAVPS", {"Date": "1899-12-31"}, "missing_date"),
        ("FundDailyNAVPS", {"Date": "2027-11-24"}, "missing_date"),
        ("FundDailyNAVPS", {"NAVPS": "-0.00001"}, "negative_navps"),
        ("FundDailyNAVPS", {"NAVPS": "-12345678901.23"}, "negative_navps"),
        ("FundAssets", {"RecordId": ""}, "ambiguous_key"),
        ("FundAssets", {"RecordId": "9" * 201}, "ambiguous_key"),
        ("FundAssets", {"InstrumentKey": "4" * 201}, "missing_identifier"),
        ("FundAssets", {"RecordId": " ", "InstrumentKey": ""}, "missing_identifier"),
    ],
)
def test_first_reason_in_order_rejects_the_row(dataset: str, change: dict[str, str], reason: str) -> None:
    typed = type_rows(dataset, {}, change, {})
    assert [(r.line, r.reason) for r in typed.rejects] == [(3 + write_csv(dataset, {}).count(b"\n") - 1, reason)]
    assert typed.rejects[0].raw == write_csv(dataset, change).split(b"\n", 1)[1]
    assert (typed.frame.height, typed.read, reason in get_args(RejectReason)) == (2, 3, True)
    assert all(warning.line != typed.rejects[0].line for warning in typed.warnings)


@pytest.mark.parametrize(
    "change",
    [
        {"Date": "1900-01-01"},
        {"Date": "2027-11-23"},
        {"NAVPS": "-0.0"},
        {"NAVPS": "0"},
        {"NAVPS": ""},
        {"RecordId": ""},
    ],
)
def test_allowed_edge_values(change: dict[str, str]) -> None:
    typed = type_rows("FundDailyNAVPS", change)
    assert (typed.frame.height, typed.rejects, typed.warnings) == (1, (), ())


@pytest.mark.parametrize("lead", ["", "\ufeff"])
def test_a_repeated_header_is_not_a_record(lead: str) -> None:
    names = {name: name for name in CATALOGUE.find_dataset("FundOtherFee").column_names}
    spelled = {name: f" {name.lower()}" for name in names}
    almost = names | {"RecordId": "7"}
    typed = type_rows("FundOtherFee", names | {"RecordId": f"{lead}RecordId"}, spelled, {"InstrumentKey": ""}, almost)
    assert [reject.reason for reject in typed.rejects] == ["repeated_header", "repeated_header", "missing_identifier"]
    assert typed.frame["identifier"].to_list() == ["InstrumentKey"]


@pytest.mark.parametrize("dataset", sorted(GOOD))
@pytest.mark.parametrize(
    ("key", "respelled"),
    [
        (" 412003\t", False),
        ("\u00a0412003\u00a0", False),
        ("\u200b412003", False),
        ("412003\ufeff", False),
        ("\u2009\u2060412003\u202f", False),
        ("412003.0", True),
        ("\u00a0412003.000 ", True),
        ("412003.", True),
    ],
)
def test_spellings_of_a_key_are_one_record(dataset: str, key: str, respelled: bool) -> None:
    record_id = GOOD[dataset]["RecordId"]
    changes = {"InstrumentKey": key, "RecordId": key.replace("412003", record_id)}
    typed = type_rows(dataset, {}, changes)
    assert typed.frame.select("identifier", "record_id").rows() == [("412003", record_id)] * 2
    assert typed.frame["content_hash"].n_unique() == 1
    assert json.loads(typed.frame["raw_json"][1])["InstrumentKey"] == key
    line = typed.frame["source_line"][1]
    found = {(warning.line, warning.field, warning.value, warning.reason) for warning in typed.warnings}
    wanted = {(line, name, value, "normalised_key") for name, value in changes.items()}
    assert {warning for warning in found if warning[3] == "normalised_key"} == (wanted if respelled else set())


@pytest.mark.parametrize("key", ["4.12e5", "412,003", "0412003", "412003.5", "41 2003", "-412003.0", "A1.0", ".0"])
def test_other_keys_stay_as_delivered(key: str) -> None:
    typed = type_rows("FundAssets", {"InstrumentKey": key})
    assert (typed.frame["identifier"].to_list(), typed.warnings_by.get("normalised_key")) == ([key], None)


@pytest.mark.parametrize("key", ["\u200b", "\u00a0 \ufeff", " n/a\u00a0"])
def test_a_key_of_invisible_characters_counts_as_missing(key: str) -> None:
    assert type_rows("FundAssets", {"InstrumentKey": key}).rejected_by == {"missing_identifier": 1}
    assert type_rows("FundAssets", {"RecordId": key}).rejected_by == {"ambiguous_key": 1}


def test_reference_to_an_instrument_is_a_key_too() -> None:
    names = CATALOGUE.find_dataset("FundAssociateBenchmark").column_names
    record = {"RecordId": "1", "InstrumentKey": "1", "BenchmarkInstrumentKey": "\u00a0900.0"}
    body = ",".join(names) + "\n" + ",".join(record.get(name, "") for name in names)
    head = inspect_file(body.encode(), "data/FundAssociateBenchmarkSeed.csv", CATALOGUE)
    assert isinstance(head, FileHead)
    typed = type_batch(next(read_batches(io.BytesIO(body.encode()), head)), today=TODAY)
    assert typed.frame["benchmark_instrument_key"].to_list() == ["900"]
    assert [warning.field for warning in typed.warnings] == ["BenchmarkInstrumentKey"]


def test_dates_that_mean_none_are_null_with_a_warning_and_keep_their_hash() -> None:
    changes = {"Date": "0001-01-01", "ChangeDate": "9999-12-31"}
    typed = type_rows("FundAssets", changes, changes | {"ChangeDate": "9999-12-31T00:00:00"})
    assert typed.frame.select("date", "change_date").rows() == [(None, None)] * 2
    assert typed.warnings_by == {"bad_date": 4, "numeric_overflow": 2}
    assert typed.frame["content_hash"].n_unique() == 1
    canonical = "1\x00412003\x000001-01-01\x0012345678901.23\x000\0Active\x009999-12-31"
    assert typed.frame["content_hash"][0] == blake2b(canonical.encode(), digest_size=16).digest()


def test_values_that_cannot_be_kept_are_null_with_a_warning() -> None:
    typed = type_rows(
        "FundDailyNAVPS",
        {"NAVPSPercentChange": "n.m.", "PreviousDate": "2026-13-01", "NAVPS": "12345678901.23", "PreviousNAVPS": "-5"},
        {"NAVPSPercentChange": "N/A", "PreviousDate": "null"},
    )
    assert typed.warnings == (
        FieldWarning(2, "NAVPS", "12345678901.23", "numeric_overflow"),
        FieldWarning(2, "NAVPSPercentChange", "n.m.", "bad_number"),
        FieldWarning(2, "PreviousDate", "2026-13-01", "bad_date"),
        FieldWarning(2, "PreviousNAVPS", "-5", "bad_number"),
    )
    assert typed.warnings_by == {"bad_number": 2, "bad_date": 1, "numeric_overflow": 1}
    row = typed.frame.row(0, named=True)
    assert [row[n] for n in ("navps", "navps_percent_change", "previous_date", "previous_navps")] == [None] * 4


def test_empty_words_in_texts_are_null_and_stay_in_raw_json() -> None:
    row = type_rows("FundOtherFee", {"PaidBy": "N/A", "FeeType": "", "FeeNote": " none "}).frame.row(0, named=True)
    assert (row["paid_by"], row["fee_type"], row["fee_note"]) == (None, None, None)
    assert json.loads(row["raw_json"])["PaidBy"] == "N/A"


# A change here makes every stored record look changed: the hash may only change with a migration of what is stored.
GOLDEN = {
    "FundDailyNAVPS": (
        "412003\0\0\x002026-11-20\x0012.3456789\0\0\x002026-11-19\x0012.3\x001.0\0Active\x002026-11-20",
        "a1c3ac2eb9ac099def080ae752e1b9d0",
    ),
    "FundOtherFee": (
        "7\x00412003\0FR\0Frais d’opération\x001234.5\x0030\0\0"
        'Dans les 30 jours,\nvoir "note" \\ é\0Active\x002026-11-20',
        "0e012226a3efefd3c30c006244af40d8",
    ),
    "FundAssets": (
        "1\x00412003\x002026-10-31\x0012345678901.23\x000\0Active\x002026-11-20",
        "2dc1d0b6d6db76576b4ed2bac92dc0b6",
    ),
}


@pytest.mark.parametrize("dataset", sorted(GOLDEN))
def test_content_hash_is_golden(dataset: str) -> None:
    canonical, golden = GOLDEN[dataset]
    assert blake2b(canonical.encode(), digest_size=16).hexdigest() == golden
    assert type_rows(dataset, {}).frame["content_hash"][0].hex() == golden


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"NAVPS": "$12.3456789"}, True),
        ({"NAVPS": "12.34567891"}, False),
        ({"NAVPS": "1.23456789e1"}, True),
        ({"RecordId": "10"}, True),
        ({"Date": "11/20/2026"}, True),
        ({"ChangeDate": "2026-11-20T00:00:00Z"}, True),
        ({"ChangeDate": "2026-11-20T10:00:00"}, False),
        ({"CurrentYield": "N/A"}, True),
        ({"CurrentYield": "0"}, False),
        ({"CurrentYield": "n.m."}, False),
        ({"Split": "1"}, False),
        ({"RecordState": "Deleted"}, False),
    ],
)
def test_hash_compares_numbers_and_dates_by_value_and_texts_exactly(change: dict[str, str], same: bool) -> None:
    hashes = type_rows("FundDailyNAVPS", {}, change).frame["content_hash"].to_list()
    assert (hashes[0] == hashes[1]) == same


def test_record_id_counts_in_data() -> None:
    hashes = type_rows("FundAssets", {}, {"RecordId": "2"}).frame["content_hash"].to_list()
    assert hashes[0] != hashes[1]


def test_csv_record_is_one_row_even_where_a_field_looks_like_a_list() -> None:
    rows = explode(type_rows("FundOtherFee", {"FeeNote": '["a","b"]'}))
    assert rows.height == 1
    assert rows.row(0, named=True)["row_ordinal"] == 0
    assert rows.row(0, named=True)["array_source_field"] is None


def test_batch_of_rejects_only_is_typed() -> None:
    typed = type_rows("FundAssets", {"RecordId": ""})
    assert (typed.frame.height, typed.rejected_by) == (0, {"ambiguous_key": 1})


def test_buckets_are_the_same_everywhere() -> None:
    identifiers = pl.Series(["412003", "412006", "412003"])
    assert bucket_identifiers(identifiers, 64).to_list() == [49, 62, 49]
    assert bucket_identifiers(identifiers.clear(), 64).to_list() == []


ANY_VALUE = st.one_of(
    st.sampled_from(
        ["", " ", "NULL", "n/a", "Active", "412003", "-1", "1e400", "9" * 38, "0." + "3" * 38, "31/12/2025", "1/2/2026"]
    ),
    st.sampled_from(
        ["2026-11-20", "2026-11-20T10:00:00-05:00", "1899-12-31", "9999-12-31", "0001-01-01", "$1,234.50", "--"]
    ),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.dates().map(lambda day: f"{day:%m/%d/%Y}"),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=8),
)


@examples(60)
@given(data=st.data(), dataset=st.sampled_from(["FundDailyNAVPS", "FundAssets", "FundTrailerSchedule", "Pricing"]))
def test_any_values_are_typed_or_rejected_and_none_is_lost(data: st.DataObject, dataset: str) -> None:
    found = CATALOGUE.find_dataset(dataset)
    record = st.fixed_dictionaries(dict.fromkeys(found.column_names, ANY_VALUE))
    records = data.draw(st.lists(record, min_size=1, max_size=6))
    text = ",".join(found.column_names) + "\n"
    for row in records:
        text += ",".join('"' + row[name].replace('"', '""') + '"' for name in found.column_names) + "\n"
    body = text.encode()
    head = inspect_file(body, found.files[0], CATALOGUE)
    if not isinstance(head, FileHead):
        return
    typed = type_batch(next(read_batches(io.BytesIO(body), head)), today=TODAY)
    assert typed.read == len(records) == typed.frame.height + len(typed.rejects)
    kept = [json.loads(raw) for raw in typed.frame["raw_json"]]
    assert all(row in records for row in kept)
    for number in (name for name, kind in found.types.items() if kind == "number"):
        for row, value in zip(kept, typed.frame[found.table_columns[number]], strict=True):
            assert value is None or round_money(Decimal(value)) == round_money(read_delivered(row[number]))


def read_delivered(text: str) -> Decimal:
    return Decimal(text.strip(" \t\r\n").replace("$", "").replace(",", ""))


PIECE = st.sampled_from(
    [
        b"", b"412003", b"Active", b"2026-11-20", b"11/20/2026 4:05:06 PM", b"20261120", b"2026-11-20T10:00:00Z", b"31/12/2025",
        b"9" * 38, b"-0." + b"3" * 37, b'"a,b"', b'"say ""so"""', b'"two\nlines"', b'"open', b'x"y', b"\x00", b"\xff\xfe",
        "é".encode("latin-1"), "é".encode(), b"\xef\xbb\xbf", b"\r", b"$1,234.50", b"n.m.", b"=1+1", b"z" * 70_000,
    ]
)  # fmt: skip
ROW = st.one_of(
    st.lists(PIECE, min_size=13, max_size=13),
    st.lists(PIECE, max_size=16),
    st.just([b"y" * (1 << 20), b"z" * 40]),
)


@examples(50)
@given(rows=st.lists(ROW, max_size=8), mark=st.booleans(), ending=st.sampled_from([b"\n", b"\r\n"]), last=st.booleans())
def test_any_file_is_accounted_for_whatever_the_batches(
    rows: list[list[bytes]], mark: bool, ending: bytes, last: bool
) -> None:
    """Nothing raises, every record is typed or rejected once, and how the file is cut changes nothing."""
    dataset = CATALOGUE.find_dataset("FundDailyNAVPS")
    body = (b"\xef\xbb\xbf" if mark else b"") + ",".join(dataset.column_names).encode() + ending
    body += ending.join(b",".join(row) for row in rows) + (ending if last else b"")
    head = inspect_file(body, dataset.files[0], CATALOGUE)
    if not isinstance(head, FileHead):
        return
    outcomes = []
    for batch_rows in (1, 3, 1000):
        typed = [
            type_batch(batch, today=TODAY) for batch in read_batches(io.BytesIO(body), head, batch_rows=batch_rows)
        ]
        assert all(one.read == one.frame.height + len(one.rejects) for one in typed)
        lines = [line for one in typed for line in one.frame["source_line"].to_list()]
        rejects = [(reject.line, reject.reason, reject.raw) for one in typed for reject in one.rejects]
        assert len({*lines, *(line for line, _, _ in rejects)}) == len(lines) + len(rejects)
        kept = [raw for one in typed for raw in one.frame["raw_json"].to_list()]
        hashes = [digest for one in typed for digest in one.frame["content_hash"].to_list()]
        warnings = [warning for one in typed for warning in one.warnings]
        outcomes.append((lines, kept, hashes, sorted(rejects), warnings))
    assert outcomes[0] == outcomes[1] == outcomes[2]
