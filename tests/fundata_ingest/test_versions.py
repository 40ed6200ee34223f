"""Versions, supersession and the five counts, through real loads."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import numpy as np
import polars as pl

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.repair.reparse import ReparseWork, make_reparse_request
from fundata_ingest.seed.local_load import run_in_process
from fundata_ingest.store.chunk_commit import store_chunk
from fundata_ingest.store.chunks import DeliveryContext, prepare_chunks
from fundata_ingest.transform.json_batches import read_json_batches
from fundata_ingest.transform.versions import EXISTING_SCHEMA, KeySet, decide_versions
from sra_shared.kit.db import Pool
from sra_shared.runs.counts import Counts
from sra_testing.fundata import (
    GENERAL_FILE,
    HOLDING_FILE,
    NAVPS_FILE,
    counts_of,
    find_broken_keys,
    five,
    load_tree,
    navps,
    read_versions,
    write_csv,
)


async def deliver_json(
    pool: Pool, dataset: str, records: list[dict[str, object]] | str, *, on: str = "2025-10-01", source: str = "API"
) -> Counts:
    """Store records of an update response, or its text, in one chunk."""
    entry = load_catalogue().find_dataset(dataset)
    body = BytesIO((records if isinstance(records, str) else json.dumps(records)).encode())
    delivery = DeliveryContext(
        dataset=entry, run_id=uuid4(), data_source=source, source_file=None, today=date(2026, 1, 1), execution_id="e1"
    )
    total = Counts()
    for chunk in prepare_chunks(read_json_batches(body, entry, delivered_on=date.fromisoformat(on)), delivery):
        async with pool.acquire() as connection, connection.transaction():
            total += await store_chunk(connection, delivery, chunk, KeySet())
    return total


async def test_first_load_is_version_one_of_csv(database: str, pool: Pool, tmp_path: Path) -> None:
    write_csv(tmp_path, NAVPS_FILE, [navps("1", "2025-01-02", "10.125", Split="1:2"), navps("2", "2025-01-02", "0")])
    write_csv(
        tmp_path,
        GENERAL_FILE,
        [
            {
                "RecordId": "5",
                "InstrumentKey": "1",
                "LegalName": "Fonds É",
                "ManagementFee": "0.045",
                "MinInvestment": "$1,234.50",
            }
        ],
    )
    write_csv(
        tmp_path,
        HOLDING_FILE,
        [
            {"RecordId": str(n), "InstrumentKey": "1", "Security": f"S{n}", "MarketPercent": "84450.0"}
            for n in range(10)
        ],
    )
    result = await load_tree(database, tmp_path)
    assert five(result, NAVPS_FILE) == (2, 2, 0, 0, 0)
    assert five(result, HOLDING_FILE) == (10, 10, 0, 0, 0)
    rows = await read_versions(pool, "fundata_quotes", "date")
    assert [(r["data_version"], r["data_source"], r["navps"], r["split"]) for r in rows] == [
        (1, "CSV", rows[0]["navps"], "1:2"),
        (1, "CSV", 0, None),
    ]
    assert str(rows[0]["navps"]) == "10.13"
    assert rows[0]["raw_json"]["NAVPS"] == "10.125"
    general, *holdings = await read_versions(pool, "fundata_data", "record_id")
    assert (str(general["management_fee"]), str(general["min_investment"])) == ("0.05", "1234.50")
    assert general["legal_name"] == "Fonds É"
    assert (general["source_file"], general["source_line"]) == (GENERAL_FILE, 2)
    assert len(holdings) == 10
    assert {str(row["market_percent"]) for row in holdings} == {"84450.00"}


async def test_same_bytes_are_skipped_and_same_rows_write_nothing(database: str, pool: Pool, tmp_path: Path) -> None:
    records = [navps(str(key), f"2025-01-{day:02d}", f"{key}.{day}") for key in range(1, 4) for day in range(2, 9)]
    write_csv(tmp_path / "a", NAVPS_FILE, records)
    await load_tree(database, tmp_path / "a")
    again = await load_tree(database, tmp_path / "a")
    assert counts_of(again, NAVPS_FILE)["status"] == "skipped"
    assert five(again, NAVPS_FILE) == (0, 0, 0, 0, 0)
    # other record ids, other spelling of the same numbers and dates
    same = [record | {"RecordId": "9" + record["RecordId"], "NAVPS": record["NAVPS"] + "00"} for record in records]
    write_csv(tmp_path / "b", NAVPS_FILE, same)
    other = await load_tree(database, tmp_path / "b", batch_rows=4)
    assert five(other, NAVPS_FILE) == (21, 0, 21, 0, 0)
    assert len(await read_versions(pool, "fundata_quotes", "date")) == 21


async def test_change_makes_the_next_version(database: str, pool: Pool, tmp_path: Path) -> None:
    write_csv(tmp_path / "a", NAVPS_FILE, [navps("1", "2025-01-02", "10"), navps("1", "2025-01-03", "11")])
    await load_tree(database, tmp_path / "a")
    write_csv(
        tmp_path / "b",
        NAVPS_FILE,
        [navps("1", "2025-01-02", "10.001", ChangeDate="2025-02-01"), navps("1", "2025-01-03", "11")],
    )
    result = await load_tree(database, tmp_path / "b")
    assert five(result, NAVPS_FILE) == (2, 1, 1, 0, 0)
    rows = await read_versions(pool, "fundata_quotes", "date")
    assert [(r["date"].day, r["data_version"], r["superseded_by"]) for r in rows] == [
        (2, 1, 2),
        (2, 2, None),
        (3, 1, None),
    ]
    # rounded to two decimals both are 10.00: the comparison is at full precision
    assert {str(r["navps"]) for r in rows[:2]} == {"10.00"}


async def test_repeats_within_a_delivery_are_ordered_by_line(database: str, pool: Pool, tmp_path: Path) -> None:
    values = ["10", "10", "11", "10", "10.0", "12"]
    write_csv(tmp_path, NAVPS_FILE, [navps("1", "2025-01-02", value) for value in values])
    result = await load_tree(database, tmp_path, batch_rows=2)
    assert five(result, NAVPS_FILE) == (6, 4, 0, 2, 0)
    rows = await read_versions(pool, "fundata_quotes", "date")
    assert [(str(r["navps"]), r["data_version"], r["superseded_by"], r["source_line"]) for r in rows] == [
        ("10.00", 1, 2, 2),
        ("11.00", 2, 3, 4),
        ("10.00", 3, 4, 5),
        ("12.00", 4, None, 7),
    ]
    assert not await find_broken_keys(pool)


async def test_chunks_and_streams_change_no_outcome(database: str, pool: Pool, tmp_path: Path) -> None:
    records = [
        navps(str(key), f"2025-01-{2 + day % 3:02d}", str(day % 4), ChangeDate=f"2025-02-{1 + day % 2:02d}")
        for day in range(12)
        for key in range(30)
    ]
    write_csv(tmp_path, NAVPS_FILE, records)
    result = await load_tree(database, tmp_path, batch_rows=7, streams=2)
    file = counts_of(result, NAVPS_FILE)
    rows = await read_versions(pool, "fundata_quotes", "date")
    assert file["stored"] == len(rows)
    assert not await find_broken_keys(pool)
    one_key = [(r["data_version"], str(r["navps"]), r["superseded_by"]) for r in rows if r["identifier"] == "7"]
    for key in range(30):
        assert [
            (r["data_version"], str(r["navps"]), r["superseded_by"]) for r in rows if r["identifier"] == str(key)
        ] == one_key


async def test_days_far_apart_are_looked_up_one_by_one(database: str, pool: Pool, tmp_path: Path) -> None:
    """A chunk that spans ten years of an identifier must not read the ten years, and finds the same versions."""
    days = [f"{year}-06-{day:02d}" for year in (2015, 2025) for day in range(2, 12)]
    write_csv(tmp_path / "a", NAVPS_FILE, [navps("1", day, "10") for day in days])
    await load_tree(database, tmp_path / "a")
    ends = [navps("1", "2015-06-02", "10"), navps("1", "2025-06-11", "11"), navps("2", "2025-06-11", "11")]
    write_csv(tmp_path / "b", NAVPS_FILE, ends)
    assert five(await load_tree(database, tmp_path / "b"), NAVPS_FILE) == (3, 2, 1, 0, 0)
    assert len(await read_versions(pool, "fundata_quotes", "date")) == 22
    assert not await find_broken_keys(pool)


async def test_an_update_supersedes_the_seed_and_a_late_seed(database: str, pool: Pool, tmp_path: Path) -> None:
    write_csv(tmp_path / "a", NAVPS_FILE, [navps("1", "2025-01-02", "10")])
    await load_tree(database, tmp_path / "a")
    update = {"identifier": "1", "Date": "2025-01-02", "NAVPS": 10.5, "api_version": "2.1"}
    assert (await deliver_json(pool, "FundDailyNAVPS", [update])).stored == 1
    write_csv(tmp_path / "b", NAVPS_FILE, [navps("1", "2025-01-02", "9", ChangeDate="2026-01-01")])
    late = await load_tree(database, tmp_path / "b")
    assert five(late, NAVPS_FILE) == (1, 1, 0, 0, 0)
    rows = await read_versions(pool, "fundata_quotes", "date")
    assert [(r["data_source"], str(r["navps"]), r["superseded_by"]) for r in rows] == [
        ("CSV", "10.00", 2),
        ("API", "10.50", None),
        ("CSV", "9.00", 2),
    ]
    assert rows[1]["api_version"] == "2.1"
    assert rows[1]["change_date"] == date(2025, 10, 1)
    # equal to the newest of its own source, though not to the latest
    write_csv(tmp_path / "c", NAVPS_FILE, [navps("1", "2025-01-02", "9.0", ChangeDate="2026-01-01", RecordId="x")])
    assert five(await load_tree(database, tmp_path / "c"), NAVPS_FILE) == (1, 0, 1, 0, 0)
    assert (await deliver_json(pool, "FundDailyNAVPS", [update | {"NAVPS": "10.50"}])).unchanged == 1


async def test_older_change_does_not_become_the_latest(pool: Pool) -> None:
    record = {"identifier": "1", "RecordId": "7", "LegalName": "New"}
    await deliver_json(pool, "FundGeneral", [record | {"ChangeDate": "2025-09-02"}])
    await deliver_json(pool, "FundGeneral", [record | {"LegalName": "Old", "ChangeDate": "2025-09-01"}])
    await deliver_json(pool, "FundGeneral", [record | {"LegalName": "Undated"}], on="2025-08-01")
    rows = await read_versions(pool, "fundata_data", "record_id")
    assert [(r["legal_name"], r["superseded_by"]) for r in rows] == [("New", None), ("Old", 1), ("Undated", 1)]


async def test_arrays_explode_into_a_union(pool: Pool) -> None:
    record = {
        "identifier": "1",
        "Date": "2025-08-31",
        "sectors": ["Banks", {"name": "Oil", "share": 1.5}],
        "ratings": ["A", None],
        "empty": [],
    }
    counts = await deliver_json(pool, "FundTopHolding", [record])
    assert (counts.read, counts.stored) == (1, 1)
    rows = await read_versions(pool, "fundata_data", "record_id")
    assert [
        (r["row_ordinal"], r["array_source_field"], r["array_element_index"], r["array_element_value"]) for r in rows
    ] == [
        (0, "ratings", 0, "A"),
        (1, "ratings", 1, None),
        (2, "sectors", 0, "Banks"),
        (3, "sectors", 1, '{"name":"Oil","share":1.5}'),
    ]
    assert len({str(r["raw_json"]) for r in rows}) == 1
    # the whole record is compared, and its next version has all its rows
    assert (await deliver_json(pool, "FundTopHolding", [record])).unchanged == 1
    changed = await deliver_json(pool, "FundTopHolding", [record | {"ratings": ["B"]}], on="2025-11-01")
    assert changed.stored == 1
    rows = await read_versions(pool, "fundata_data", "record_id")
    assert [(r["data_version"], r["superseded_by"]) for r in rows] == [(1, 2)] * 4 + [(2, None)] * 3


NESTED = """
{"identifier": "1", "RecordId": "7", "zone": true, "rank": 1.500, "LegalName": {"fr": "B", "en": "A"}, "empty": [],
 "sectors": ["Banks", {"weight": 12.3400, "name": "Oil", "id": [1.50e1, -0.0, 1e400000, null, "1e2"]}, 5.10, 2e3],
 "ratings": [{"by": {"zz": 1, "a": 2}, "of": "B"}], "a": [[]], "LEGALNAME": "second", "identifier_": "x"}
"""
# the same in another order, one number in another form
TURNED = """
{"identifier_": "x", "LEGALNAME": "second", "a": [[]], "ratings": [{"of": "B", "by": {"a": 2, "zz": 1}}],
 "sectors": ["Banks", {"id": [15.0, 0.0, 1e400000, null, "1e2"], "name": "Oil", "weight": 12.3400}, 5.10, 2000],
 "LegalName": {"en": "A", "fr": "B"}, "rank": 1.500, "zone": true, "RecordId": "7", "identifier": "1"}
"""


async def test_a_nested_record_is_the_same_when_derived_or_delivered_again(database: str, pool: Pool) -> None:
    """jsonb reorders keys and writes numbers without exponent; neither changes the record."""
    deep = '{"identifier": "2", "RecordId": "8", "holdings": ' + "[" * 150 + "]" * 150 + "}"
    too_deep = '{"identifier": "3", "RecordId": "9", "holdings": ' + "[" * 3000 + "]" * 3000 + "}"
    counts = await deliver_json(pool, "FundGeneral", f"[{NESTED}, {deep}, {too_deep}]")
    assert (counts.stored, dict(counts.rejected_by)) == (2, {"field_count": 1})
    first = [row for row in await read_versions(pool, "fundata_data", "record_id") if row["identifier"] == "1"]
    assert [(row["array_source_field"], row["array_element_value"]) for row in first] == [
        ("a", "[]"),
        ("ratings", '{"by":{"a":2,"zz":1},"of":"B"}'),
        ("sectors", "Banks"),
        ("sectors", '{"id":[15.0,0.0,"1e400000",null,"1e2"],"name":"Oil","weight":12.3400}'),
        ("sectors", "5.10"),
        ("sectors", "2000"),
    ]
    assert first[0]["legal_name"] == '{"en":"A","fr":"B"}'
    assert first[0]["raw_json"]["rank"] == "1.500"

    request = make_reparse_request("FundGeneral")
    again = await run_in_process(database, request, ReparseWork(load_catalogue()))
    assert five(again, "FundGeneral") == (2, 0, 2, 0, 0)
    assert (await deliver_json(pool, "FundGeneral", f"[{TURNED}]", on="2025-11-01")).unchanged == 1
    assert not await find_broken_keys(pool)


async def test_two_different_records_without_id_are_ambiguous(pool: Pool) -> None:
    one = {"identifier": "1", "LegalName": "A"}
    counts = await deliver_json(
        pool, "FundGeneral", [one, one | {"LegalName": "B"}, {"identifier": "2", "LegalName": "C"}]
    )
    assert (counts.read, counts.stored, dict(counts.rejected_by)) == (3, 1, {"ambiguous_key": 2})


async def test_state_stays_in_history(database: str, pool: Pool, tmp_path: Path) -> None:
    write_csv(tmp_path / "a", GENERAL_FILE, [{"RecordId": "1", "InstrumentKey": "1", "RecordState": "Active"}])
    await load_tree(database, tmp_path / "a")
    write_csv(tmp_path / "b", GENERAL_FILE, [{"RecordId": "1", "InstrumentKey": "1", "RecordState": "Deleted"}])
    await load_tree(database, tmp_path / "b")
    rows = await read_versions(pool, "fundata_data", "record_id")
    assert [(r["record_state"], r["superseded_by"]) for r in rows] == [("Active", 2), ("Deleted", None)]


async def test_eight_writers_make_versions_without_gaps(pool: Pool) -> None:
    entry = load_catalogue().find_dataset("FundDailyNAVPS")

    async def write(writer: int) -> int:
        stored = 0
        for turn in range(6):
            records = [
                {"identifier": str(key), "Date": "2025-01-02", "NAVPS": f"{writer}.{turn}"}
                for key in sorted(range(12), key=lambda key: (key * (writer + 3)) % 13)
            ]
            delivery = DeliveryContext(
                dataset=entry, run_id=uuid4(), data_source="API", source_file=None, today=date(2026, 1, 1)
            )
            body = BytesIO(json.dumps(records).encode())
            for chunk in prepare_chunks(
                read_json_batches(body, entry, delivered_on=date(2025, 2, writer + 1)), delivery
            ):
                async with pool.acquire() as connection, connection.transaction():
                    stored += (await store_chunk(connection, delivery, chunk, KeySet())).stored
        return stored

    stored = sum(await asyncio.gather(*(write(writer) for writer in range(8))))
    rows = await read_versions(pool, "fundata_quotes", "date")
    assert len(rows) == stored == 8 * 6 * 12
    assert not await find_broken_keys(pool)
    latest = [row for row in rows if row["superseded_by"] is None]
    assert len(latest) == 12
    assert {row["change_date"] for row in latest} == {date(2025, 2, 8)}


def test_decision_agrees_with_one_record_at_a_time() -> None:
    """The columns-at-once path against the plainest reading of the rules."""
    generator = np.random.default_rng(20251123)
    for _ in range(150):
        count = int(generator.integers(1, 12))
        names = generator.integers(0, 4, count)
        hashes = [bytes([value]) for value in generator.integers(0, 3, count)]
        dates = [None if value == 0 else date(2025, 1, int(value)) for value in generator.integers(0, 4, count)]
        source = "API" if generator.random() < 0.5 else "CSV"
        keys = np.array([int(np.flatnonzero(names == name)[0]) for name in names])
        stored: list[tuple[int, int, str, date | None, bytes, bool]] = []
        for key in np.unique(keys):
            for version in range(1, int(generator.integers(0, 4)) + 1):
                where = "API" if generator.random() < 0.5 else "CSV"
                day = None if generator.random() < 0.3 else date(2025, 1, int(generator.integers(1, 4)))
                stored.append((int(key), version, where, day, bytes([int(generator.integers(0, 3))]), False))
        decision = decide_versions(
            keys=keys,
            content_hash=pl.Series(hashes, dtype=pl.Binary),
            change_date=pl.Series(dates, dtype=pl.Date),
            existing=pl.DataFrame(
                [(key, version, where == "API", *rest) for key, version, where, *rest in stored],
                schema=EXISTING_SCHEMA,
                orient="row",
            ),
            data_source=source,
        )
        outcomes, superseded = decide_plainly(keys.tolist(), hashes, dates, stored, source)
        assert list(zip(decision.stored.tolist(), decision.version.tolist(), strict=True)) == outcomes
        assert sorted(decision.superseded.iter_rows()) == sorted(superseded)


def decide_plainly(
    keys: list[int],
    hashes: list[bytes],
    dates: list[date | None],
    stored: list[tuple[int, int, str, date | None, bytes, bool]],
    source: str,
) -> tuple[list[tuple[bool, int]], list[tuple[int, int, int]]]:
    versions = [row[:5] for row in stored]

    def order(row: tuple[int, int, str, date | None, bytes]) -> tuple[bool, date, int]:
        return row[2] == "API", row[3] or date.min, row[1]

    outcomes, superseded = [], []
    for key, content, day in zip(keys, hashes, dates, strict=True):
        mine = [row for row in versions if row[0] == key]
        latest = max(mine, key=order, default=None)
        own = max((row for row in mine if row[2] == source), key=lambda row: row[1], default=None)
        if any(row is not None and row[4] == content for row in (latest, own)):
            outcomes.append((False, 0))
            continue
        fresh = (key, max((row[1] for row in mine), default=0) + 1, source, day, content)
        versions.append(fresh)
        outcomes.append((True, fresh[1]))
        if latest is not None:
            loser, winner = sorted((latest, fresh), key=order)
            superseded.append((key, loser[1], winner[1]))
    return outcomes, superseded


def test_key_set_remembers_exactly_what_was_added() -> None:
    generator = np.random.default_rng(5)
    keys, plain = KeySet(), set()
    for _ in range(40):
        piece = generator.integers(0, 3000, 90).astype(np.uint64)
        requested = generator.integers(0, 3000, 50).astype(np.uint64)
        assert keys.contains(requested).tolist() == [int(key) in plain for key in requested]
        keys.add(piece)
        plain |= {int(key) for key in piece}
    assert len(keys) >= len(plain)
