"""NAVPS seed file: a load with all rules on against one psql copy of the finished rows, then what a second delivery costs."""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import numpy.typing as npt
import polars as pl

from sra_cli.settings import build_environment
from sra_shared.migrate import upgrade_database
from sra_shared.settings import DatabaseSettings

FILE = "quotes/FundDailyNAVPSSeed.csv"
LIMITS = {"load_to_copy": 1.2, "same_rows_to_load": 1.0, "changed_to_load": 1.0, "peak_rss_mb": 512.0}


def write_navps(target: Path, *, funds: int, days: int, revised: float = 0.0, note: str = "") -> int:
    """Write funds x days quotes in the shape of the vendor's file; a share of them revised; returns the rows."""
    dice = np.random.default_rng(7)
    change = np.random.default_rng(11)
    calendar = [date(2025, 9, 26) - timedelta(days=back) for back in range(days * 7 // 5 + 7)]
    business = pl.Series("Date", sorted(day for day in calendar if day.weekday() < 5)[-days:]).cast(pl.String)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as stream:
        for fund in range(funds):
            value = dice.uniform(5, 60) * np.cumprod(1 + dice.normal(0.0002, 0.008, days + 1))
            prior, current = value[:-1], value[1:].copy()
            hit = change.random(days) < revised
            current[hit] *= 1.001
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
    return funds * days


def _write_decimals(name: str, values: npt.NDArray[np.floating[Any]]) -> pl.Series:
    return pl.Series(name, [f"{value:.8f}" for value in values.tolist()])


def run_load(dsn: str, root: Path) -> dict[str, Any]:
    """Carry out `./sra load` and return its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "sra_cli", "load", str(root), "--json"],
        env=build_environment({"DATABASE_URL": dsn, "LOG_LEVEL": "ERROR"}),
        stdout=subprocess.PIPE,
        check=True,
    )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def psql(dsn: str, *commands: str) -> float:
    """Carry out psql commands and return the seconds that they took."""
    words = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", dsn]
    for command in commands:
        words += ["-c", command]
    started = time.monotonic()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    return time.monotonic() - started


def measure(dsn: str, folder: Path, *, funds: int, days: int) -> dict[str, Any]:
    """Load, copy the same finished rows, deliver them again under another hash, then with 1% revised."""
    rows = write_navps(folder / "first" / FILE, funds=funds, days=days)
    write_navps(folder / "again" / FILE, funds=funds, days=days, note="0")
    write_navps(folder / "revised" / FILE, funds=funds, days=days, revised=0.01)
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
    return {
        "rows": rows,
        "load_seconds": loaded["seconds"],
        "copy_seconds": round(copy_seconds, 3),
        "rows_per_second": round(rows / loaded["seconds"]),
        "load_to_copy": round(loaded["seconds"] / copy_seconds, 3),
        "skipped_seconds": skipped["seconds"],
        "same_rows_seconds": again["seconds"],
        "same_rows_stored": again["files"][0]["stored"],
        "same_rows_to_load": round(again["seconds"] / loaded["seconds"], 3),
        "changed_seconds": revised["seconds"],
        "changed_stored": revised["files"][0]["stored"],
        "changed_to_load": round(revised["seconds"] / loaded["seconds"], 3),
        "peak_rss_mb": max(loaded["peak_rss_mb"], again["peak_rss_mb"], revised["peak_rss_mb"]),
    }


async def prepare(dsn: str) -> None:
    """Migrate, and refuse a database that holds quotes."""
    await upgrade_database(dsn)
    connection = await asyncpg.connect(dsn)
    try:
        if await connection.fetchval("SELECT EXISTS (SELECT FROM fundata_quotes)"):
            raise SystemExit("This database holds quotes already; give the benchmark an empty one.")
    finally:
        await connection.close()


def main() -> int:
    """Measure, print, and return 1 where a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--funds", type=int, default=2000)
    parser.add_argument("--days", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    dsn = DatabaseSettings().require_dsn()
    asyncio.run(prepare(dsn))
    with tempfile.TemporaryDirectory(prefix="bench-navps-") as folder:
        result = measure(dsn, Path(folder), funds=asked.funds, days=asked.days)
    result["limits"] = LIMITS
    result["passed"] = all(result[name] <= limit for name, limit in LIMITS.items())
    print(json.dumps(result) if asked.json else "\n".join(f"{name:20} {value}" for name, value in result.items()))
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
