"""Damage in a file rejects only the records that it touches, in one stream and in two."""

from __future__ import annotations

import asyncio
import io
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.formats import csv_lines, csv_reader, csv_scanner
from fundata_ingest.formats.batches import FileHead
from fundata_ingest.formats.csv_reader import read_batches
from fundata_ingest.formats.file_heads import inspect_file
from fundata_ingest.store.chunks import DeliveryContext, prepare_chunks, take_share
from sra_shared.kit.db import Pool
from sra_testing.examples import examples
from sra_testing.fundata import HOLDING_FILE, NAVPS_FILE, counts_of, five, load_tree
from sra_testing.plain_csv import PlainRecord, read_plainly
from sra_testing.stack_processes import call_command

TODAY = date(2026, 11, 23)
PATH = "data/InstrumentIdentifierSeed.csv"
DATASET = load_catalogue().find_dataset("InstrumentIdentifier")
HEADER = ",".join(DATASET.column_names).encode() + b"\n"
COLUMNS = len(DATASET.columns)
LIMIT = 200


def make_row(number: int, value: str = "x") -> bytes:
    return f"{number},{412000 + number % 7},CUSIP,{value},Active,2026-11-20\n".encode()


@contextmanager
def scaled_down(piece: int) -> Iterator[None]:
    """Sizes of 1 MB become a few bytes, so that a small file has all that a large one has."""
    with (
        patch.object(csv_lines, "ROW_LIMIT", LIMIT),
        patch.object(csv_scanner, "ROW_LIMIT", LIMIT),
        patch.object(csv_reader, "ROW_LIMIT", LIMIT),
        patch.object(csv_reader, "_PIECE", piece),
        patch.object(csv_reader, "_BATCH_BYTES", 4 * piece),
    ):
        yield


DAMAGE: list[Callable[[int], bytes]] = [
    lambda n: b"broken,line\n" * n,
    lambda n: b"z" * (40 * n) + b"\n",
    lambda n: b'9,412001,CUSIP,"no end,Active,2026-11-20\n' * n,
    lambda n: b'9,412001,CUSIP,"The "Big" Bank",Active,2026-11-20\n' * n,
    lambda n: b'9,412001,CUSIP,"two\nlines"x,Active,2026-11-20\n' * n,
    lambda n: HEADER * n,
    lambda n: b"\x00\xff" * n + b"\n",
    lambda n: b"\r" * n,
    lambda n: b"\n" * n,
    lambda n: b'"' * n + b"\n",
    lambda n: b',"' + b"q" * (30 * n),
]
PART = st.one_of(
    st.integers(1, 6).map(lambda count: ("good", count)),
    st.tuples(st.integers(0, len(DAMAGE) - 1), st.integers(1, 30)),
)


def build_body(parts: list[tuple[str | int, int]]) -> bytes:
    body, number = [], 0
    for kind, count in parts:
        if isinstance(kind, int):
            body.append(DAMAGE[kind](count))
            continue
        for _ in range(count):
            number += 1
            body.append(make_row(number, '"a ""b"", c"' if number % 3 else "x"))
    return b"".join(body)


def list_expected(body: bytes, limit: int) -> tuple[dict[int, tuple[str, ...]], dict[int, str]]:
    """What a plain reader and the rules for keys make of it: fields by line, reasons by line."""
    stored, rejected = {}, {}
    for record in read_plainly(body, COLUMNS, limit, line=2):
        if record.fields is None:
            rejected[record.line] = str(record.reason)
        elif (reason := check_record_keys(record)) is not None:
            rejected[record.line] = reason
        else:
            stored[record.line] = record.fields
    return stored, rejected


def check_record_keys(record: PlainRecord) -> str | None:
    fields = record.fields or ()
    # invisible characters around a name do not make it another one
    if tuple(field.strip() for field in fields) == DATASET.column_names:
        return "repeated_header"
    if not fields[1].strip():
        return "missing_identifier"
    return None if fields[0].strip() else "ambiguous_key"


@examples(25)
@given(
    parts=st.lists(PART, max_size=8),
    streams=st.sampled_from([1, 2, 3]),
    batch_rows=st.sampled_from([1, 4, 1000]),
    piece=st.sampled_from([16, 300]),
)
def test_records_of_all_streams_are_those_of_a_plain_reader(
    parts: list[tuple[str | int, int]], streams: int, batch_rows: int, piece: int
) -> None:
    body = build_body(parts)
    head = inspect_file(HEADER, PATH, load_catalogue())
    assert isinstance(head, FileHead)
    stored: dict[int, tuple[str, ...]] = {}
    rejected: dict[int, str] = {}
    for stream in range(streams):
        delivery = DeliveryContext(DATASET, run_id=None, data_source="CSV", source_file=PATH, today=TODAY)  # type: ignore[arg-type]
        with scaled_down(piece):
            batches = read_batches(io.BytesIO(HEADER + body), head, batch_rows=batch_rows)
            for chunk in prepare_chunks(batches, delivery, stream=stream, streams=streams):
                for line, raw in chunk.typed.frame.select("source_line", "raw_json").iter_rows():
                    assert line not in stored
                    stored[line] = tuple(json.loads(raw)[name] for name in DATASET.column_names)
                for reject in chunk.typed.rejects:
                    assert reject.line not in rejected
                    rejected[reject.line] = reject.reason
    assert (stored, rejected) == list_expected(body, LIMIT)


def test_streams_share_by_the_normal_key_and_old_ones_as_they_began() -> None:
    keys = ["412003", "412003.0", "\u00a0412003", " 412003"]
    body = b"".join(f"{n},{key},CUSIP,x,Active,2026-11-20\n".encode() for n, key in enumerate(keys, 1))
    head = inspect_file(HEADER, PATH, load_catalogue())
    assert isinstance(head, FileHead)
    (batch,) = read_batches(io.BytesIO(HEADER + body), head)
    assert sorted(take_share(batch, stream, 2).read for stream in (0, 1)) == [0, 4]
    for rules in (1, 2):
        lines = [line for stream in (0, 1) for line in take_share(batch, stream, 2, rules).frame["source_line"]]
        assert sorted(lines) == [2, 3, 4, 5]
    with_blanks = [set(take_share(batch, stream, 2, 1).frame["source_line"]) for stream in (0, 1)]
    assert any({2, 5} <= found for found in with_blanks)


@pytest.mark.parametrize("files", [2, pytest.param(4, marks=pytest.mark.faults)])
async def test_stored_rows_are_those_of_a_plain_reader(database: str, pool: Pool, tmp_path: Path, files: int) -> None:
    """Files with damage at seeded places, in one and two streams, each held against a plain reader."""
    dice = random.Random(20261123)  # noqa: S311
    for number in range(files):
        parts: list[tuple[str | int, int]] = []
        for _ in range(8):
            parts += [("good", dice.randrange(1, 60)), (dice.randrange(len(DAMAGE)), dice.randrange(1, 120))]
        body = build_body([*parts, ("good", 3)]).replace(b"CUSIP", f"FILE{number}".encode())
        target = tmp_path / str(number) / PATH
        target.parent.mkdir(parents=True)
        target.write_bytes(HEADER + body)
        # the keys of each file are its own
        body = body.replace(b",4120", f",5{number}20".encode())
        target.write_bytes(HEADER + body)
        with scaled_down(64):
            result = await load_tree(database, tmp_path / str(number), batch_rows=10, streams=1 + number % 2)
        stored, rejected = list_expected(body, LIMIT)
        run = result.task.task_id
        rows = await pool.fetch("SELECT source_line, raw_json FROM fundata_data WHERE run_id = $1", run)
        kept = {row[0]: tuple(row[1][name] for name in DATASET.column_names) for row in rows}
        repeated = {line: fields for line, fields in stored.items() if line not in kept}
        assert kept.items() <= stored.items()
        assert set(repeated.values()) <= set(kept.values())
        found = await pool.fetch(
            "SELECT line, reason FROM rejected_record WHERE coalesce(last_run_id, run_id) = $1", run
        )
        assert {row[0]: row[1] for row in found} == rejected
        assert five(result, PATH) == (len(stored) + len(rejected), len(kept), 0, len(repeated), len(rejected))


async def test_files_joined_with_their_headers(database: str, pool: Pool, tmp_path: Path) -> None:
    for path, (header, first, second) in {
        NAVPS_FILE: [
            "RecordId,InstrumentKey,CurrentYield,CurrentYieldPercentChange,Date,NAVPS,NAVPSPennyChange,NAVPSPercentChange,"
            "PreviousDate,PreviousNAVPS,Split,RecordState,ChangeDate",
            "11,500100,,,2025-09-24,8.25,,,,,,Active,2025-09-24",
            "12,500101,,,2025-09-24,9.75,,,,,,Active,2025-09-24",
        ],
        HOLDING_FILE: [
            "RecordId,InstrumentKey,Language,Date,Security,MarketPercent,HoldingNumber,RecordState,ChangeDate",
            "1,500100,EN,2025-08-31,Alpha Corp,4.5,1,Active,2025-09-01",
            "2,500100,EN,2025-08-31,Beta Corp,3.5,2,Active,2025-09-01",
        ],
    }.items():
        (tmp_path / path).parent.mkdir()
        (tmp_path / path).write_bytes("\n".join([header, first, "\ufeff" + header, second, ""]).encode())
    result = await load_tree(database, tmp_path)
    for path in (NAVPS_FILE, HOLDING_FILE):
        assert five(result, path) == (3, 2, 0, 0, 1)
        assert counts_of(result, path)["rejected_by"] == {"repeated_header": 1}
    assert {row[0] for row in await pool.fetch("SELECT line FROM rejected_record")} == {3}


async def test_securities_with_quotes_in_their_names(database: str, pool: Pool, tmp_path: Path) -> None:
    """Either the exact text or a reject, never another text."""
    names = ['"An "Old" Mill"', '"Rope 8" Co"', '"Sea "Class B, C" Ltd"', 'Rod 3" Co', '"So ""called"" Inc"']
    header = "RecordId,InstrumentKey,Language,Date,Security,MarketPercent,HoldingNumber,RecordState,ChangeDate"
    rows = [f"{n},500100,EN,2025-08-31,{name},4.5,{n},Active,2025-09-01" for n, name in enumerate(names, 1)]
    (tmp_path / HOLDING_FILE).parent.mkdir()
    (tmp_path / HOLDING_FILE).write_text("\n".join([header, *rows, ""]))
    result = await load_tree(database, tmp_path)
    assert counts_of(result, HOLDING_FILE)["rejected_by"] == {"stray_quote": 3}
    raw = await pool.fetch("SELECT raw FROM rejected_record ORDER BY line")
    assert [bytes(row[0]).decode() for row in raw] == rows[:3]
    stored = await pool.fetch("SELECT raw_json ->> 'Security', security FROM fundata_data ORDER BY record_id")
    assert [tuple(row) for row in stored] == [('Rod 3" Co', 'Rod 3" Co'), ('So "called" Inc', 'So "called" Inc')]


@pytest.mark.faults
@pytest.mark.timeout(900)
@pytest.mark.parametrize("rows", [20_000, 600_000], ids=["one-stream", "two-streams"])
async def test_every_row_after_damage_of_full_size_is_stored(
    database: str, pool: Pool, tmp_path: Path, rows: int
) -> None:
    """A line of 100 MB, 40,000 short broken ones, as many stray quotes and headers, each in the midst of good rows."""
    damage = [
        [b"z" * (100 << 20) + b"\n"],
        [b"broken,line\n"] * 40_000,
        [b'9,412001,CUSIP,"The "Big" Bank",Active,2026-11-20\n'] * 40_000,
        [HEADER] * 40_000,
        [b'9,412001,CUSIP,"no end,Active,2026-11-20\n'],
    ]

    def write() -> None:
        target = tmp_path / PATH
        target.parent.mkdir()
        with target.open("wb") as out:
            out.write(HEADER)
            for part, block in enumerate([[], *damage]):
                out.writelines(block)
                share = rows // (len(damage) + 1)
                out.writelines(make_row(number) for number in range(part * share, (part + 1) * share))

    await asyncio.to_thread(write)
    environment = {"DATABASE_URL": database, "REJECT_LIMIT": "1"}
    # a separate process, whose memory is measured
    code, result, _ = await asyncio.to_thread(call_command, "load", str(tmp_path), settings=environment)
    (file,) = result["files"]
    good = rows // (len(damage) + 1) * (len(damage) + 1)
    assert (code, file["status"], file["stored"]) == (0, "completed", good)
    assert file["rejected_by"] == {
        "row_too_long": 1,
        "field_count": 40_001,
        "stray_quote": 40_000,
        "repeated_header": 40_000,
    }
    assert await pool.fetchval("SELECT count(DISTINCT record_id) FROM fundata_data") == good
    assert result["peak_rss_mb"] < 512
