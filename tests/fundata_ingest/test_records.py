"""The JSON form: the same typed batches, lists as elements, exact numbers, broken responses refused."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.formats.batches import TypedBatch
from fundata_ingest.formats.csv_reader import read_batches
from fundata_ingest.formats.file_heads import inspect_file
from fundata_ingest.formats.json_records import decode_value, read_stored_records
from fundata_ingest.formats.json_text import NumberText, dump_value
from fundata_ingest.transform.json_batches import find_ambiguous_keys, read_json_batches
from fundata_ingest.transform.typed_batches import explode, type_batch
from sra_shared.kit import json_stream
from sra_shared.kit.json_stream import ROW_LIMIT, BrokenJsonError, looks_like_json
from sra_testing.examples import examples
from sra_testing.plain_csv import PlainRecord

DATASET = load_catalogue().find_dataset("FundGeneral")
QUOTES = load_catalogue().find_dataset("FundDailyNAVPS")
TODAY = date(2026, 11, 23)
DELIVERED = date(2026, 11, 20)


def type_json(data: bytes | list[Any], dataset: Any = DATASET, batch_rows: int = 50_000) -> list[TypedBatch]:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    batches = read_json_batches(io.BytesIO(body), dataset, delivered_on=DELIVERED, batch_rows=batch_rows)
    return [type_batch(batch, today=TODAY) for batch in batches]


def type_one(record: dict[str, Any], dataset: Any = DATASET) -> TypedBatch:
    return type_json([record], dataset)[0]


def test_union_of_list_elements_becomes_rows_with_the_whole_record_each() -> None:
    body = b"""[{"identifier": 412003, "record_id": 7, "legal_name": "Fonds", "api_version": "2.1", "empty": [],
      "sectors": ["Energy", {"name": "Banks", "weight": 12.3400}], "ratings": [5.10, null]}]"""
    rows = explode(type_json(body)[0])
    assert rows.select("row_ordinal", "array_source_field", "array_element_index", "array_element_value").rows() == [
        (0, "ratings", 0, "5.10"),
        (1, "ratings", 1, None),
        (2, "sectors", 0, "Energy"),
        (3, "sectors", 1, '{"name":"Banks","weight":12.3400}'),
    ]
    assert rows["raw_json"].n_unique() == 1
    assert json.loads(rows["raw_json"][0])["sectors"][1]["name"] == "Banks"
    assert rows["identifier"].unique().to_list() == ["412003"]
    assert rows["api_version"].unique().to_list() == ["2.1"]


def test_record_without_a_list_is_one_row() -> None:
    rows = explode(type_one({"InstrumentKey": "1", "RecordId": "2", "holdings": []}))
    assert rows.select("row_ordinal", "array_source_field").rows() == [(0, None)]


def test_numbers_keep_every_digit_as_text() -> None:
    digits = "1.23456789012345678901234567890123456789"
    typed = type_json(f'[{{"InstrumentKey":"1","RecordId":"2","ManagementFee":{digits},"x":1.500}}]'.encode())[0]
    raw = json.loads(typed.frame["raw_json"][0])
    assert (raw["ManagementFee"], raw["x"]) == (digits, "1.500")


@pytest.mark.parametrize("given_date", [None, "", "N/A"])
def test_change_date_is_the_delivery_where_none_is_given(given_date: str | None) -> None:
    typed = type_one({"InstrumentKey": "1", "RecordId": "2", "ChangeDate": given_date})
    assert typed.frame["change_date"].to_list() == [DELIVERED]
    own = type_one({"InstrumentKey": "1", "RecordId": "2", "ChangeDate": "2026-01-02"})
    assert own.frame["change_date"].to_list() == [date(2026, 1, 2)]


@pytest.mark.parametrize("key", ["\u00a0412003\u200b", "\ufeff412003", 412003.0, "412003.00"])
def test_spellings_of_a_key_are_one_record(key: Any) -> None:
    typed = type_json([{"InstrumentKey": "412003", "RecordId": "7"}, {"InstrumentKey": key, "RecordId": "7"}])[0]
    assert typed.frame.select("identifier", "record_id").rows() == [("412003", "7")] * 2
    assert typed.frame["content_hash"].n_unique() == 1
    assert json.loads(typed.frame["raw_json"][1])["InstrumentKey"] == str(key)
    respelled = ".0" in str(key)
    assert typed.warnings_by == ({"normalised_key": 1} if respelled else {})


def test_spellings_of_a_key_without_record_id_are_ambiguous() -> None:
    records = [{"InstrumentKey": key, "LegalName": name} for key, name in (("1", "a"), ("\u00a01.0", "b"), ("2", "c"))]
    typed = type_json(records)[0]
    assert typed.rejected_by == {"ambiguous_key": 2}
    assert typed.frame["identifier"].to_list() == ["2"]


def test_dates_that_mean_none_become_null_with_a_warning() -> None:
    typed = type_one({"identifier": "1", "RecordId": "1", "InceptionDate": "0001-01-01", "ChangeDate": "9999-12-31"})
    assert typed.frame.select("inception_date", "change_date").rows() == [(None, DELIVERED)]
    assert typed.warnings_by == {"bad_date": 2}


@pytest.mark.parametrize(
    "record",
    [
        rb'{"identifier": "1", "LegalName": "a \ud800 b"}',
        rb'{"identifier": "\udfff1", "LegalName": "a"}',
        rb'{"identifier": "1", "\ud83d": "a"}',
        rb'{"identifier": "1", "sectors": ["Energy", {"name": "\udc00\ud800"}]}',
        b'{"identifier": "1", "LegalName": "\xed\xa0\x80"}',
        rb'"\ud800"',
    ],
)
def test_lone_surrogates_reject_their_record(record: bytes) -> None:
    whole = rb'{"identifier": "2", "LegalName": "\ud83d\ude00"}'
    (typed,) = type_json(b"[" + record + b"," + whole + b"]")
    assert [(reject.line, reject.reason, reject.raw) for reject in typed.rejects] == [(1, "bad_encoding", record)]
    assert typed.frame["legal_name"].to_list() == ["\U0001f600"]


def test_equal_content_has_the_hash_of_the_csv() -> None:
    values = {
        "RecordId": "9",
        "InstrumentKey": "412003",
        "Date": "2026-11-20",
        "NAVPS": "12.50",
        "RecordState": "Active",
    }
    names = QUOTES.column_names
    data = (",".join(names) + "\n" + ",".join(values.get(name, "") for name in names)).encode()
    head = inspect_file(data, QUOTES.files[0], load_catalogue())
    csv = type_batch(next(read_batches(io.BytesIO(data), head)), today=TODAY)  # type: ignore[arg-type]
    body = b'[{"identifier":412003,"record_id":10,"date":"2026-11-20T00:00:00","navps":12.5,"RecordState":"Active"}]'
    assert type_json(body, QUOTES)[0].frame["content_hash"][0] == csv.frame["content_hash"][0]


def test_content_of_lists_counts_and_order_of_fields_does_not() -> None:
    first = {"InstrumentKey": "1", "RecordId": "2", "holdings": ["a"], "note": "x"}
    hashes = [
        type_one(record).frame["content_hash"][0]
        for record in (first, dict(reversed(first.items())), {**first, "holdings": ["b"]}, {**first, "note": "y"})
    ]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_two_different_records_without_record_id_are_ambiguous_and_equal_ones_are_not() -> None:
    records = [
        {"InstrumentKey": "1", "Language": "en"},
        {"InstrumentKey": "2", "Language": "en"},
        {"InstrumentKey": "1", "Language": "fr"},
        {"InstrumentKey": "2", "Language": "en"},
        {"InstrumentKey": "1", "RecordId": "5"},
    ]
    assert find_ambiguous_keys(io.BytesIO(json.dumps(records).encode()), DATASET) == {"1"}
    batches = type_json(records, batch_rows=1)
    assert [(r.line, r.reason) for b in batches for r in b.rejects] == [(1, "ambiguous_key"), (3, "ambiguous_key")]
    assert [line for b in batches for line in b.frame["source_line"]] == [2, 4, 5]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"17", "field_count"),
        (b'["a"]', "field_count"),
        (b"null", "field_count"),
        (b'{"InstrumentKey":"1","RecordId":"2","LegalName":"a\\u0000b"}', "nul_byte"),
        (b'{"InstrumentKey":"1","RecordId":"2","holdings":[{"a\\u0000":1}]}', "nul_byte"),
        (b'{"InstrumentKey":"1","RecordId":"2","LegalName":"\\ud800"}', "bad_encoding"),
        (b'{"InstrumentKey":"1","RecordId":"2","LegalName":"\xe9t\xe9"}', "bad_encoding"),
        (b'{"InstrumentKey":"1","LegalName":"' + b'}],\\"' * 400_000 + b'"}', "row_too_long"),
        (b'{"InstrumentKey":"1","LegalName":"' + "é".encode() * 600_000 + b'"}', "row_too_long"),
        (b"5" * (3 << 20), "row_too_long"),
        (b'{"InstrumentKey":" ","RecordId":"2"}', "missing_identifier"),
        (b'{"RecordId":"2"}', "missing_identifier"),
        (b'{"InstrumentKey":"1","RecordId":"2","LegalName":' + b"[" * 250 + b"]" * 250 + b"}", "field_count"),
        (b'{"InstrumentKey":"1","RecordId":"2","LegalName":' + b"[" * 20_000 + b"]" * 20_000 + b"}", "field_count"),
        (b"[" * 300_000 + b"]" * 300_000, "field_count"),
        (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "row_too_long"),
        (b'{"InstrumentKey":"1","RecordId":"2","holdings":[' + b"1," * 32_767 + b"1]}", "row_too_long"),
        (b'{"InstrumentKey":"1","RecordId":"2","h":[' + b"1," * 1_500 + b'"' + b"x" * 800_000 + b'"]}', "row_too_long"),
    ],
)
def test_bad_record_is_quarantined_and_the_others_are_read(record: bytes, reason: str) -> None:
    good = b'{"InstrumentKey":"1","RecordId":"%d"}'
    batches = type_json(b"[" + good % 1 + b",\n" + record + b"," + good % 3 + b"]")
    rejects = [reject for batch in batches for reject in batch.rejects]
    assert [(r.line, r.reason) for r in rejects] == [(2, reason)]
    assert rejects[0].raw == record[:ROW_LIMIT]
    assert [line for batch in batches for line in batch.frame["source_line"]] == [1, 3]


def test_backslash_before_u0000_is_no_nul() -> None:
    typed = type_one({"InstrumentKey": "1", "RecordId": "2", "LegalName": "\\u0000"})
    assert typed.frame["legal_name"].to_list() == ["\\u0000"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not a JSON array"),
        (b'{"error": "Limit Reach"}', "Limit Reach"),
        (b"<html>", "not a JSON array"),
        (b"[", "is cut off"),
        (b'[{"a":1}', "is cut off"),
        (b'[{"a":1},', "is cut off"),
        (b'[{"a":1},{"b":', "is cut off or damaged in record 2"),
        (b'[{"a":1},{"b":"' + b"x" * (2 << 20), "is cut off in record 2"),
        (b'[{"a":1}, nonsense]', "damaged in record 2"),
        (b'[{"a":1}"x"]', "damaged after record 1"),
        (b'[{"a":1}] [{"a":2}]', "continues after its array"),
        (b'[{"a":1}, nonsense]' + b" " * (2 << 20), "invalid JSON in record 2"),
        (b"[" * 100_000, "record 1"),
    ],
)
def test_a_broken_response_is_one_clear_error(body: bytes, words: str) -> None:
    with pytest.raises(BrokenJsonError, match="FundGeneral") as caught:
        type_json(body)
    assert words in str(caught.value)


@pytest.mark.parametrize("body", [b"[]", b"\xef\xbb\xbf [ ] \n"])
def test_an_empty_response_has_no_batch(body: bytes) -> None:
    assert type_json(body) == []


def test_form_is_recognized_by_the_first_byte() -> None:
    assert looks_like_json(b"\xef\xbb\xbf\n [")
    assert not looks_like_json(b"RecordId,InstrumentKey")


def list_records(batches: list[TypedBatch]) -> list[PlainRecord]:
    return [PlainRecord(r["source_line"], (r["raw_json"],), None, b"") for b in batches for r in b.frame.to_dicts()]


JSON_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
JSON_RECORD = st.dictionaries(
    st.sampled_from(["InstrumentKey", "identifier", "RecordId", "record_id", "NAVPS", "navps", "Date", "list"]),
    JSON_VALUE,
)


@examples(80)
@given(
    records=st.lists(JSON_RECORD | JSON_VALUE, max_size=6), piece=st.sampled_from([1, 5, 1000]), quotes=st.booleans()
)
def test_any_json_is_read_or_rejected_and_resumes_anywhere(records: list[Any], piece: int, quotes: bool) -> None:
    dataset = QUOTES if quotes else DATASET
    body = json.dumps(records, ensure_ascii=piece == 5).encode("utf-8", "surrogatepass")
    with patch.object(json_stream, "_PIECE", piece):
        batches = list(read_json_batches(io.BytesIO(body), dataset, delivered_on=DELIVERED, batch_rows=2))
        typed = [type_batch(batch, today=TODAY) for batch in batches]
        assert sum(batch.read for batch in typed) == len(records)
        assert sum(batch.frame.height + len(batch.rejects) for batch in typed) == len(records)
        for done, batch in enumerate(batches):
            rest = read_json_batches(io.BytesIO(body), dataset, delivered_on=DELIVERED, start=batch.end, batch_rows=2)
            again = [type_batch(b, today=TODAY) for b in rest]
            assert list_records(again) == list_records(typed[done + 1 :])


def test_stored_records_are_typed_again_as_they_were() -> None:
    body = b'[{"identifier":1,"RecordId":"2","ManagementFee":1.50,"sectors":["a",{"b":2.0}]},{"identifier":3,"RecordId":"4"}]'
    first = type_json(body)[0]
    again = type_batch(read_stored_records(DATASET, [10, 20], first.frame["raw_json"].to_list()), today=TODAY)
    assert again.frame["source_line"].to_list() == [10, 20]
    drop = ["source_line", "change_date", "api_version"]
    assert again.frame.drop(drop).equals(first.frame.drop(drop))
    assert explode(again)["array_element_value"].to_list() == ["a", '{"b":2.0}', None]


def write_as_jsonb(value: Any) -> str:
    """The text of a jsonb value: shorter keys first, then by bytes."""
    if isinstance(value, dict):
        ordered = sorted(value.items(), key=lambda item: (len(item[0].encode()), item[0].encode()))
        return "{" + ", ".join(f"{write_as_jsonb(key)}: {write_as_jsonb(item)}" for key, item in ordered) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(write_as_jsonb, value)) + "]"
    return str(value) if isinstance(value, NumberText) else json.dumps(value, ensure_ascii=False)


NAMES = "InstrumentKey identifier Identifier LegalName LEGALNAME legal_name api_version apiVersion sectors Sectors a zz"


@examples(100)
@given(record=st.dictionaries(st.sampled_from(NAMES.split()), JSON_VALUE, max_size=8))
def test_record_comes_out_the_same_from_the_vendor_and_from_the_table(record: dict[str, Any]) -> None:
    batches = list(read_json_batches(io.BytesIO(json.dumps([record]).encode()), DATASET, delivered_on=None))
    if not batches[0].frame.height:
        return
    first = batches[0]
    assert first.json is not None
    again = read_stored_records(DATASET, [1], [write_as_jsonb(decode_value(first.json.raw_json[0]))])
    assert again.json is not None
    assert again.frame.equals(first.frame)
    assert again.json.elements.equals(first.json.elements)
    assert again.json.extra.equals(first.json.extra)
    assert again.json.api_version.equals(first.json.api_version)


@pytest.mark.parametrize(
    ("delivered", "written"),
    [
        ("12.3400", "12.3400"),
        ("1.50e1", "15.0"),
        ("-1.5E+2", "-150"),
        ("1e-3", "0.001"),
        ("-0", "0"),
        ("-0.00", "0.00"),
        ("-0e-2", "0.00"),
        ("0e7", "0"),
        ("1e40", "1" + "0" * 40),
        ("1e41", '"1e41"'),
        ("1e400000", '"1e400000"'),
        ("1e-99999999999", '"1e-99999999999"'),
        ("0." + "1" * 16_384, '"0.' + "1" * 16_384 + '"'),
        ("9" * 131_073, '"' + "9" * 131_073 + '"'),
        ("NaN", '"NaN"'),
        ("-Infinity", '"-Infinity"'),
    ],
)
def test_nested_number_is_written_as_the_table_keeps_it(delivered: str, written: str) -> None:
    assert dump_value([NumberText(delivered)]) == f"[{written}]"


def test_a_stored_record_that_is_not_json_is_an_error() -> None:
    with pytest.raises(BrokenJsonError):
        read_stored_records(DATASET, [1], ["{"])


_MEASURE = """
import sys
from datetime import date
from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.transform.json_batches import read_json_batches
from fundata_ingest.transform.typed_batches import type_batch
from sra_shared.kit.memory import measure_peak_memory
with open(sys.argv[1], "rb") as stream:
    read = peak = 0
    dataset = load_catalogue().find_dataset("FundDailyNAVPS")
    for batch in read_json_batches(stream, dataset, delivered_on=None, batch_rows=5000):
        read += type_batch(batch, today=date(2026, 11, 23)).read
        del batch
        if not peak:
            peak = measure_peak_memory()
print(read, measure_peak_memory() - peak)
"""


def test_long_array_does_not_fill_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.json"
    record = '{"InstrumentKey":"412003","Date":"2026-11-20","NAVPS":12.34567890,"note":"%s"}' % ("x" * 400)
    with path.open("w") as out:
        out.write("[" + ",".join([record] * 40_000) + "," + '{"n":"' + "y" * (50 << 20) + '"}]')
    done = subprocess.run([sys.executable, "-c", _MEASURE, str(path)], check=True, capture_output=True, text=True)
    read, grown = map(float, done.stdout.split())
    assert read == 40_001
    assert grown < 60


_MEASURE_LISTS = """
import sys
from datetime import date
from uuid import uuid4
from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.store.chunks import DeliveryContext, build_rows, prefetch, prepare_chunks
from fundata_ingest.transform.json_batches import read_json_batches
from fundata_ingest.store.target_tables import cut_rows, encode_rows
from sra_shared.kit.memory import measure_peak_memory
import numpy as np
dataset = load_catalogue().find_dataset("FundGeneral")
delivery = DeliveryContext(dataset, uuid4(), "API", None, date(2026, 11, 23))
before, sent = measure_peak_memory(), 0
with open(sys.argv[1], "rb") as stream:
    for chunk in prepare_chunks(read_json_batches(stream, dataset, delivered_on=None), delivery):
        height = chunk.typed.frame.height
        rows = build_rows(delivery, chunk.typed, np.ones(height, dtype=bool), np.ones(height, dtype=np.int32))
        sent += sum(len(encode_rows(part)) for part in cut_rows(rows))
print(sent, measure_peak_memory() - before)
"""


def test_records_that_repeat_themselves_in_every_row_do_not_fill_memory(tmp_path: Path) -> None:
    """80 records of 24 KB with 200 elements are 16,000 rows and 0.37 GB."""
    path = tmp_path / "lists.json"
    elements = [{"name": f"holding {number}", "note": "x" * 80} for number in range(200)]
    with path.open("w") as out:
        json.dump([{"InstrumentKey": str(n), "RecordId": str(n), "holdings": elements} for n in range(80)], out)
    done = subprocess.run([sys.executable, "-c", _MEASURE_LISTS, str(path)], check=True, capture_output=True, text=True)
    sent, grown = map(float, done.stdout.split())
    assert sent > 16_000 * 22_000
    assert grown < 250


def test_elements_of_rejected_records_are_excluded() -> None:
    typed = type_json(
        [{"InstrumentKey": "", "holdings": ["a"]}, {"InstrumentKey": "1", "RecordId": "2", "holdings": ["b"]}]
    )[0]
    assert typed.elements.get_column("array_element_value").to_list() == ["b"]
    assert typed.elements.schema["array_element_index"] == pl.Int32
