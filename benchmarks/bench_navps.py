"""NAVPS seed file: a load with all rules against one psql copy of the finished rows, then the cost of a second delivery.

With `--long`: a file ten times as long against the first one, in rows per second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import numpy as np
import numpy.typing as npt
import polars as pl

from sra_cli.settings import build_environment
from sra_shared.kit.settings import DatabaseSettings
from sra_shared.migrate import upgrade_database

FILE = "quotes/FundDailyNAVPSSeed.csv"
AT_MOST = {
    "load_to_copy": 1.2,
    "same_rows_to_load": 1.0,
    "changed_to_load": 1.0,
    "peak_rss_mb": 512.0,
    "skipped_stored": 0,
    "same_rows_stored": 0,
    "changed_stored_too_many": 0,
    "changed_stored_too_few": 0,
}
AT_LEAST = {"long_to_short": 0.8}
LONG_DATABASE = "sra_bench_long"


def write_navps(target: Path, *, funds: int, days: int, revised: float = 0.0, note: str = "") -> int:
    """Write quotes of all funds and days in the vendor's format, a share of them revised; return the number of revised ones."""
    dice = np.random.default_rng(7)
    change = np.random.default_rng(11)
    calendar = [date(2025, 9, 26) - timedelta(days=back) for back in range(days * 7 // 5 + 7)]
    business = pl.Series("Date", sorted(day for day in calendar if day.weekday() < 5)[-days:]).cast(pl.String)
    target.parent.mkdir(parents=True, exist_ok=True)
    hits = 0
    with target.open("wb") as stream:
        for fund in range(funds):
            value = dice.uniform(5, 60) * np.cumprod(1 + dice.normal(0.0002, 0.008, days + 1))
            prior, current = value[:-1], value[1:].copy()
            hit = change.random(days) < revised
            current[hit] *= 1.001
            hits += int(hit.sum())
            frame = pl.DataFrame({"Date": business}).select(
                pl.Series("RecordId", np.arange(fund * days + 1, fund * days + days + 1)).cast(pl.String) + note,
                pl.lit(412000 + fund * 3).alias("InstrumentKey"),
                pl.lit("").alias("CurrentYield"),
                pl.lit("").alias("CurrentYieldPercentChange"),
                "Date",
                _write_decimals("NAVPS", current),
                _write_decimals("NAVPSPennyChange", current - prior),
                _write_decimals("NAVPSPercentChange", (current / prior - 1) * 100),
                pl.col("Date").shift(1).fill_null("").alias("PreviousDate"),
                _write_decimals("PreviousNAVPS", prior),
                pl.lit("").alias("Split"),
                pl.lit("Active").alias("RecordState"),
                pl.when(pl.Series(hit)).then(pl.lit("2025-10-02")).otherwise("Date").alias("ChangeDate"),
            )
            frame.write_csv(stream, include_header=fund == 0, quote_style="never")
    return hits


def _write_decimals(name: str, values: npt.NDArray[np.floating[Any]]) -> pl.Series:
    return pl.Series(name, [f"{value:.8f}" for value in values.tolist()])


def run_load(dsn: str, root: Path) -> dict[str, Any]:
    """Run `./sra load` and return its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "sra_cli", "load", str(root), "--json"],
        env=build_environment({"DATABASE_URL": dsn, "LOG_LEVEL": "ERROR"}),
        stdout=subprocess.PIPE,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def psql(dsn: str, *commands: str) -> float:
    """Run psql commands and return the seconds that they took."""
    words = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", dsn]
    for command in commands:
        words += ["-c", command]
    started = time.monotonic()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    return time.monotonic() - started


def measure(dsn: str, folder: Path, *, funds: int, days: int) -> dict[str, Any]:
    """Load, copy the same finished rows, deliver them again under another hash, then with 1% revised."""
    rows = funds * days
    write_navps(folder / "first" / FILE, funds=funds, days=days)
    write_navps(folder / "again" / FILE, funds=funds, days=days, note="0")
    revisions = write_navps(folder / "revised" / FILE, funds=funds, days=days, revised=0.01)
    loaded = run_load(dsn, folder / "first")
    finished = folder / "finished.txt"
    psql(dsn, f"\\copy (SELECT * FROM fundata_quotes) TO '{finished}'")  # noqa: S608
    psql(dsn, "CREATE TABLE copied (LIKE fundata_quotes INCLUDING ALL)")
    copy_seconds = psql(dsn, f"\\copy copied FROM '{finished}'")
    finished.unlink()
    psql(dsn, "DROP TABLE copied")
    skipped = run_load(dsn, folder / "first")
    again = run_load(dsn, folder / "again")
    revised = run_load(dsn, folder / "revised")
    stored = revised["files"][0]["stored"]
    return {
        "rows": rows,
        "load_seconds": loaded["seconds"],
        "copy_seconds": round(copy_seconds, 3),
        "rows_per_second": round(rows / loaded["seconds"]),
        "load_to_copy": round(loaded["seconds"] / copy_seconds, 3),
        "skipped_seconds": skipped["seconds"],
        "skipped_stored": skipped["files"][0]["stored"],
        "same_rows_seconds": again["seconds"],
        "same_rows_stored": again["files"][0]["stored"],
        "same_rows_to_load": round(again["seconds"] / loaded["seconds"], 3),
        "changed_seconds": revised["seconds"],
        "changed": revisions,
        "changed_stored": stored,
        "changed_stored_too_many": max(0, stored - revisions),
        "changed_stored_too_few": max(0, revisions - stored),
        "changed_to_load": round(revised["seconds"] / loaded["seconds"], 3),
        "peak_rss_mb": max(loaded["peak_rss_mb"], again["peak_rss_mb"], revised["peak_rss_mb"]),
    }


def measure_long(dsn: str, folder: Path, *, funds: int, days: int, times: int) -> dict[str, Any]:
    """Load a file, then one this many times as long into a separate, empty database on the same server."""
    write_navps(folder / "short" / FILE, funds=funds, days=days)
    short = run_load(dsn, folder / "short")
    write_navps(folder / "long" / FILE, funds=funds * times, days=days)
    with lend_second_database(dsn) as other:
        long = run_load(other, folder / "long")
    rates = [rows / done["seconds"] for rows, done in ((funds * days, short), (funds * days * times, long))]
    return {
        "rows": funds * days,
        "load_seconds": short["seconds"],
        "rows_per_second": round(rates[0]),
        "long_rows": funds * days * times,
        "long_stored": long["files"][0]["stored"],
        "long_seconds": long["seconds"],
        "long_rows_per_second": round(rates[1]),
        "long_to_short": round(rates[1] / rates[0], 3),
        "short_peak_rss_mb": short["peak_rss_mb"],
        "peak_rss_mb": long["peak_rss_mb"],
    }


@contextmanager
def lend_second_database(dsn: str) -> Iterator[str]:
    """Yield a second migrated, empty database on the server; drop it at the end."""
    psql(dsn, f"DROP DATABASE IF EXISTS {LONG_DATABASE}", f"CREATE DATABASE {LONG_DATABASE}")
    address = urlsplit(dsn)
    try:
        other = urlunsplit(address._replace(path=f"/{LONG_DATABASE}"))
        asyncio.run(prepare(other))
        yield other
    finally:
        psql(dsn, f"DROP DATABASE {LONG_DATABASE} WITH (FORCE)")


async def prepare(dsn: str) -> None:
    """Migrate, and refuse a database that holds quotes."""
    await upgrade_database(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        if await connection.fetchval("SELECT EXISTS (SELECT FROM fundata_quotes)"):
            raise SystemExit("This database already contains quotes; use an empty one.")
    finally:
        await connection.close()


def main() -> int:
    """Measure, print, and return 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--funds", type=int, default=2000)
    parser.add_argument("--days", type=int, default=500)
    parser.add_argument("--long", action="store_true", help="compare with a file --times as long, in rows per second")
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    dsn = DatabaseSettings().require_dsn()
    asyncio.run(prepare(dsn))
    with tempfile.TemporaryDirectory(prefix="bench-navps-") as folder:
        if options.long:
            result = measure_long(dsn, Path(folder), funds=options.funds, days=options.days, times=options.times)
        else:
            result = measure(dsn, Path(folder), funds=options.funds, days=options.days)
    at_most = {name: limit for name, limit in AT_MOST.items() if name in result}
    at_least = {name: limit for name, limit in AT_LEAST.items() if name in result}
    result["limits"] = {"at_most": at_most, "at_least": at_least}
    result["passed"] = all(result[name] <= limit for name, limit in at_most.items()) and all(
        result[name] >= limit for name, limit in at_least.items()
    )
    print(json.dumps(result) if options.json else "\n".join(f"{name:24} {value}" for name, value in result.items()))
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
