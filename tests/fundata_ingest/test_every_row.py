"""Trees at full size from the generator next to the clone: exact counts, and every source row is found."""

from __future__ import annotations

import asyncio
import csv
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from fundata_ingest.catalogue import load_catalogue
from fundata_ingest.store.target_tables import find_target_table
from sra_cli.commands.test import GENERATOR
from sra_cli.settings import build_environment
from sra_shared.kit.json_stream import ROW_LIMIT
from sra_testing.fundata import find_broken_keys, needs_generator

IDENTIFIER_FILE = "data/InstrumentIdentifierSeed.csv"

pytestmark = [pytest.mark.faults, pytest.mark.generator, needs_generator]


def make_tree(root: Path, *words: str) -> dict[str, Any]:
    subprocess.run([sys.executable, str(GENERATOR), str(root), *words], check=True, capture_output=True)
    truth: dict[str, Any] = json.loads((root / "truth.json").read_text())
    return truth


def add_damage(root: Path, truth: dict[str, Any]) -> None:
    """Put damage of more kinds between the records of every file, and what must come of it into its truth."""
    dice = random.Random(20261123)  # noqa: S311
    for path, expected in truth.items():
        records = [text for _, text, _ in read_source(root / path)]
        columns = records[0].count(",") + 1
        kinds = {
            "stray_quote": ['x,"The "Big" Bank"' + "," * (columns - 2)],
            "repeated_header": [records[0]],
            "field_count": ["broken,line"] * 300,
            "row_too_long": ["z" * (ROW_LIMIT + 1)],
        }
        for reason, block in kinds.items():
            place = dice.randrange(1, len(records) + 1)
            records[place:place] = block
            expected["rejected"][reason] = expected["rejected"].get(reason, 0) + len(block)
            expected["rows"] += len(block)
        if path == IDENTIFIER_FILE:
            names = [normalise(name) for name in records[0].split(",")]
            for number, key in enumerate(["412003.0", "\u00a0412003", "412003\ufeff"], 90_000_000):
                values = {"recordid": str(number), "instrumentkey": key, "identifiertype": "CUSIP"}
                records.insert(dice.randrange(1, len(records) + 1), ",".join(values.get(name, "") for name in names))
            expected["rows"] += 3
            warnings = expected["field_warnings"]
            warnings["normalised_key"] = warnings.get("normalised_key", 0) + 1
        (root / path).write_text("\n".join([*records, ""]), encoding="utf-8", newline="")


def load(dsn: str, root: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "sra_cli", "load", str(root), "--json"],
        env=build_environment({"DATABASE_URL": dsn, "REJECT_LIMIT": "1", "LOG_LEVEL": "ERROR"}),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def normalise(name: str) -> str:
    return name.replace("_", "").lower()


def digest(fields: list[str]) -> bytes:
    return blake2b("\0".join(fields).encode(), digest_size=12).digest()


def read_source(path: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Yield line, text and fields of each record as Python's own reader sees them; the header comes first."""
    taken: list[str] = []
    line = 1
    csv.field_size_limit(2 * ROW_LIMIT)
    with path.open(encoding="utf-8", newline="") as stream:

        def tap() -> Iterator[str]:
            for text in stream:
                taken.append(text)
                yield text

        for fields in csv.reader(tap()):
            yield line, "".join(taken).removesuffix("\n").removesuffix("\r"), fields
            line += len(taken)
            taken.clear()


async def trace_rows(connection: Any, root: Path, path: str) -> Counter[str]:
    """Look for every row of a source file: where it is kept whole under its line, in quarantine, or as an equal row."""
    dataset = load_catalogue().find_file(path)
    assert dataset is not None
    records = read_source(root / path)
    header = [normalise(name) for name in next(records)[2]]
    stored: dict[int, bytes] = {}
    async with connection.transaction():
        async for row in connection.cursor(
            f"SELECT source_line, raw_json::text FROM {find_target_table(dataset).table}"  # noqa: S608
            " WHERE dataset = $1 AND source_file = $2",
            dataset.name,
            path,
            prefetch=10_000,
        ):
            whole = {normalise(name): value for name, value in json.loads(row[1]).items()}
            stored[row[0]] = digest([whole[name] for name in header])
    rejected = {
        row["line"]: bytes(row["raw"]).decode()
        for row in await connection.fetch("SELECT line, raw FROM rejected_record WHERE file_path = $1", path)
    }
    contents = set(stored.values())
    found: Counter[str] = Counter()
    for line, text, fields in records:
        if line in stored:
            found["stored" if stored.pop(line) == digest(fields) else "lost"] += 1
        elif line in rejected:
            found["rejected" if rejected.pop(line) == text[:ROW_LIMIT] else "lost"] += 1
        else:
            found["duplicate" if digest(fields) in contents else "lost"] += 1
    found["invented"] = len(stored) + len(rejected)
    return found


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--funds", "2000", "--days", "500"], id="navps"),
        pytest.param(["--funds", "250", "--days", "100", "--pricing-days", "1500"], id="pricing"),
    ],
)
async def test_generated_tree_is_accounted_for_row_by_row(database: str, tmp_path: Path, words: list[str]) -> None:
    truth = await asyncio.to_thread(make_tree, tmp_path, *words, "--dirt", "0.01", "--repeat", "0.01")
    await asyncio.to_thread(add_damage, tmp_path, truth)
    result = await asyncio.to_thread(load, database, tmp_path)
    files = {file["file"]: file for file in result["files"]}
    assert set(files) == set(truth)
    connection = await asyncpg.connect(database)
    try:
        for path, expected in truth.items():
            file = files[path]
            assert file["read"] == expected["rows"], path
            assert file["rejected_by"] == expected["rejected"], path
            assert file["warnings_by"] == expected["field_warnings"], path
            assert file["duplicate"] == expected["duplicates"], path
            found = await trace_rows(connection, tmp_path, path)
            names = ("stored", "duplicate", "rejected")
            assert +found == +Counter({name: file[name] for name in names}), path
        assert not await find_broken_keys(connection)
    finally:
        await connection.close()
