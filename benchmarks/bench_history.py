"""FMP: the cost per chunk of keeping replaced rows and calls, against a merge that keeps neither, on tables of any size."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

from fmp_collectors.call import Call
from fmp_collectors.dataset import FmpDataset
from fmp_collectors.datasets.eod_prices import EOD_PRICES
from fmp_collectors.datasets.profile import PROFILE
from fmp_collectors.records import Accepted, Batch, dump_exact, hash_content, parse_row
from fmp_ingest.store.batch import FmpBatch
from fmp_ingest.store.row_store import Store, build_statements
from sra_shared.kit.db import Connection, open_connection
from sra_shared.kit.logs import configure_logs
from sra_shared.kit.settings import DatabaseSettings
from sra_shared.migrate import upgrade_database

MOST_RATIO = 1.3
CHUNK = 5000
DAYS_OF_CHUNK = 10
FIRST_DAY = date(2020, 1, 1)
NUMBERS = itertools.count(1)
KINDS = ("new", "unchanged", "changed", "mixed")
SQL_FILL = """
INSERT INTO fmp_eod_price (symbol, date, open, high, low, close, volume, raw_json, run_id, content_hash)
SELECT 'F' || s, $1::date + d, 1, 3, 1, 2, 100, jsonb_build_object('symbol', 'F' || s, 'date', ($1::date + d)::text, 'open', 1,
  'high', 3, 'low', 1, 'close', 2, 'volume', 100), gen_random_uuid(), '\\x00'
FROM generate_series(1, $2) s, generate_series(0, 999) d
"""
SQL_SIZES = """
SELECT coalesce((SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree($1::regclass)),
                pg_total_relation_size($1::regclass))::bigint
"""


@dataclass(frozen=True)
class Seconds:
    """Elapsed time and CPU time of one chunk."""

    wall: float
    work: float


class PlainStore(Store):
    """Merges as before the history: a replaced row is overwritten, no call is recorded, no lock is taken."""

    def _make_row(self, accepted: Accepted) -> tuple[Any, ...]:
        record, json_columns = accepted.record, self._sql.json_columns
        values = [
            dump_exact(value) if name in json_columns and value is not None else value
            for name in self._sql.columns
            for value in [getattr(record, name)]
        ]
        return (*values, dump_exact(accepted.raw), hash_content(accepted), None, None)

    async def merge(self, connection: Connection, delivery: FmpBatch, staged: Any, **_: Any) -> Any:
        """Run the former statement on the staged rows."""
        await connection.execute(write_former_merge(self.dataset), self._run_id)
        return staged


def write_former_merge(dataset: FmpDataset) -> str:
    """Return the statement that merged rows before their history was kept."""
    sql = build_statements(dataset)
    names = ", ".join(f'"{name}"' for name in sql.columns)
    values = ", ".join(f's."{name}"' + ("::jsonb" if name in sql.json_columns else "") for name in sql.columns)
    key = " AND ".join(f't."{name}" = s."{name}"' for name in dataset.key)
    updates = ", ".join(f'"{name}" = excluded."{name}"' for name in sql.columns if name not in dataset.key)
    order, conflict = (", ".join(f'{prefix}"{name}"' for name in dataset.key) for prefix in ("s.", ""))
    return f"""
        INSERT INTO {dataset.table} AS t ({names}, raw_json, run_id, content_hash)
        SELECT {values}, s.raw_json::jsonb, $1, s.content_hash FROM {sql.stage} s
        WHERE NOT EXISTS (SELECT FROM {dataset.table} t WHERE {key} AND t.content_hash = s.content_hash)
        ORDER BY {order}
        ON CONFLICT ({conflict}) DO UPDATE SET {updates}, raw_json = excluded.raw_json, run_id = excluded.run_id,
          content_hash = excluded.content_hash, updated_at = now()"""  # noqa: S608 - our own names


def make_row(dataset: FmpDataset, group: str, number: int, value: int) -> dict[str, Any]:
    """Return a row as delivered; a price has ten days per symbol."""
    if dataset is PROFILE:
        text = f"Company {number} makes things. " * 20
        return {
            **{"symbol": f"{group}{number}", "companyName": f"Company {number}", "exchange": "NYSE", "beta": value},
            **{"sector": "Technology", "industry": "Software", "description": text, "country": "US", "currency": "USD"},
            **{"price": 10, "volume": 5, "marketCap": 100, "change": 1, "ceo": "A Name", "city": "Toronto"},
        }
    day = FIRST_DAY + timedelta(days=number % DAYS_OF_CHUNK)
    close = Decimal(value) + Decimal("0.25")
    return {
        **{"symbol": f"{group}{number // DAYS_OF_CHUNK}", "date": day.isoformat(), "open": close, "high": close + 1},
        **{"low": close - 1, "close": close, "adjClose": close, "volume": 1000 + number},
    }


def make_delivery(dataset: FmpDataset, rows: Sequence[dict[str, Any]], calls: int = 1) -> FmpBatch:
    """Return rows as returned by this many calls."""
    run, now, share = uuid4(), datetime.now(UTC), -(-len(rows) // calls)
    batch = Batch()
    for start in range(0, len(rows), share):
        part = Batch(
            [one for row in rows[start : start + share] if isinstance(one := parse_row(dataset.record, row), Accepted)]
        )
        part.name_call(Call(next(NUMBERS), run, "path", {"symbol": "A"}, now, 200, 1000, bytes(32), share))
        batch.extend(part)
    return FmpBatch(batch, path="path")


def read_work(server_pid: int) -> float:
    """Return the CPU seconds that this process and the connection's server process have used."""
    fields = Path(f"/proc/{server_pid}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def store_chunk(connection: Connection, store: Store, delivery: FmpBatch) -> Seconds:
    """Stage, merge and commit one chunk; return its times."""
    pid = connection.get_server_pid()
    began, work = time.perf_counter(), read_work(pid)
    async with connection.transaction():
        staged = await store.stage(connection, delivery)
        await store.merge(connection, delivery, staged)
    return Seconds(time.perf_counter() - began, read_work(pid) - work)


def make_chunk(dataset: FmpDataset, group: str, kind: str, value: int, calls: int) -> FmpBatch:
    """Return a chunk against the rows of value 10 of its group: of each kind, or a third of each."""
    rows = []
    for number in range(CHUNK):
        chosen = ("new", "unchanged", "changed")[number % 3] if kind == "mixed" else kind
        name = f"{group}N{value}X" if chosen == "new" else group
        rows.append(make_row(dataset, name, number, value if chosen == "changed" else 10))
    return make_delivery(dataset, rows, calls)


@dataclass(frozen=True)
class Result:
    """Times of chunks with and without history."""

    former: Sequence[Seconds]
    kept: Sequence[Seconds]

    @property
    def ratio(self) -> float:
        """Ratio of CPU time with history and calls to CPU time without; the machine's other work does not count."""
        return sum(one.work for one in self.kept) / sum(one.work for one in self.former)

    def describe(self) -> dict[str, float]:
        """Return the mean CPU seconds and the least elapsed seconds of a chunk without and with history, and the ratio."""
        before, now = (min(one.wall for one in way) for way in (self.former, self.kept))
        work_before, work_now = (sum(one.work for one in way) / len(way) for way in (self.former, self.kept))
        figures = {"work_before": work_before, "work_now": work_now, "passed_before": before, "passed_now": now}
        return {name: round(value, 3) for name, value in {**figures, "ratio": self.ratio}.items()}


async def compare(connection: Connection, dataset: FmpDataset, kind: str, *, rounds: int, calls: int) -> Result:
    """Store chunks in both ways alternately, each way on its own rows."""
    stores = {"A": PlainStore(dataset, uuid4()), "B": Store(dataset, uuid4())}
    seconds: dict[str, list[Seconds]] = {"A": [], "B": []}
    base = f"{kind[0].upper()}{calls}"
    for way, store in stores.items():
        rows = [make_row(dataset, f"{way}{base}", number, 10) for number in range(CHUNK)]
        await store_chunk(connection, store, make_delivery(dataset, rows))
    await connection.execute(f"VACUUM ANALYZE {dataset.table}")
    for number in range(rounds):
        # alternate the order, because the first one leaves disk writes to the other
        for way in ("AB", "BA")[number % 2]:
            delivery = make_chunk(dataset, f"{way}{base}", kind, 20 + number, calls)
            seconds[way].append(await store_chunk(connection, stores[way], delivery))
    return Result(seconds["A"], seconds["B"])


async def measure_bytes(connection: Connection) -> dict[str, float]:
    """Return the bytes per row of the history by table, and per call, including indexes."""
    sizes: dict[str, float] = {}
    for table in ("fmp_row_history", "fmp_call"):
        rows = await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own name
        sizes[table] = round(await connection.fetchval(SQL_SIZES, table) / max(1, rows))
    for row in await connection.fetch(
        "SELECT table_name, avg(pg_column_size(h.*)) AS size FROM fmp_row_history h GROUP BY 1 ORDER BY 1"
    ):
        sizes[f"row of {row['table_name']} without indexes"] = round(row["size"])
    return sizes


async def measure_all(connection: Connection, *, size: int, rounds: int) -> list[dict[str, Any]]:
    """Compare chunks of every kind on small tables, and of prices on a large one; progress goes to stderr."""
    results: list[dict[str, Any]] = []
    cases = [*((kind, 1) for kind in KINDS), ("mixed", 100)]
    for filled, datasets in ((0, (EOD_PRICES, PROFILE)), (size, (EOD_PRICES,))):
        if filled:
            await connection.execute(SQL_FILL, FIRST_DAY, filled // 1000)
            await connection.execute("VACUUM ANALYZE fmp_eod_price")
        for dataset, (kind, calls) in itertools.product(datasets, cases):
            result = await compare(connection, dataset, kind, rounds=rounds, calls=calls)
            results.append({"dataset": dataset.name, "rows": filled, "kind": kind, "calls": calls, **result.describe()})
            print(json.dumps(results[-1]), file=sys.stderr, flush=True)
    return results


async def run(dsn: str, *, size: int, rounds: int) -> dict[str, Any]:
    """Return the ratios, the stored bytes, and whether the worst ratio is within the limit."""
    await upgrade_database(dsn)
    connection = await open_connection(dsn, application_name="bench", command_timeout=None)
    try:
        chunks = await measure_all(connection, size=size, rounds=rounds)
        sizes = await measure_bytes(connection)
    finally:
        await connection.close()
    worst = max(chunk["ratio"] for chunk in chunks)
    return {"chunks": chunks, "bytes": sizes, "worst": worst, "passed": worst <= MOST_RATIO}


def main() -> int:
    """Measure, print, and return 1 if the limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the large table")
    parser.add_argument("--rounds", type=int, default=9, help="chunks per way")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    configure_logs(service="bench", level="ERROR")
    result = asyncio.run(run(DatabaseSettings().require_dsn(), size=options.rows, rounds=options.rounds))
    print(json.dumps(result) if options.json else json.dumps(result, indent=2))
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
