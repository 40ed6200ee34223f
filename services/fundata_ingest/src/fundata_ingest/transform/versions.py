"""Decides which records of a chunk are new versions, which are already stored, and what they supersede.

Pure: the caller looks up the stored versions of the chunk's keys, under locks, and stores the decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

DataSource = Literal["CSV", "API"]

# Stored versions for the comparison: `key` is the row of the key's first record in the chunk, `rank` 1 for API and 0 for CSV,
# `in_file` whether this same file delivered the version.
EXISTING_SCHEMA = {
    "key": pl.Int64(),
    "data_version": pl.Int32(),
    "rank": pl.Int8(),
    "change_date": pl.Date(),
    "content_hash": pl.Binary(),
    "in_file": pl.Boolean(),
}

# The order of *latest*: API before CSV, the newest change first and none last, the highest version.
_LATEST = (("rank", True), ("change_date", True), ("data_version", True))
_NO_DATE = date.min


@dataclass(frozen=True)
class Decision:
    """The decision on the records of a chunk, one value per record in line order.

    `stored`: the record is a new version, `version` its number (else 0). `repeated`: it is no new version and its key occurred
    earlier in this file. `superseded`: row (of the record that gives the key), data_version, superseded_by.
    """

    stored: npt.NDArray[np.bool_]
    version: npt.NDArray[np.int32]
    repeated: npt.NDArray[np.bool_]
    superseded: pl.DataFrame

    @property
    def is_plain(self) -> bool:
        """Whether every record is the first version of its key."""
        return bool(self.stored.all()) and not self.superseded.height and bool((self.version == 1).all())


@dataclass
class _Key:
    """The state of one key while its records are processed one by one."""

    newest: int
    latest: tuple[int, date, int] | None
    latest_hash: bytes | None
    own_hash: bytes | None
    in_file: bool


def number_keys(records: pl.DataFrame, columns: list[str]) -> npt.NDArray[np.int64]:
    """Return for each record the row at which its key occurs first in the chunk."""
    frame = records.select(columns).with_row_index("row")
    first = frame.select(pl.col("row").min().over(columns).cast(pl.Int64))
    return first.to_series().to_numpy()


def decide_versions(
    *,
    keys: npt.NDArray[np.int64],
    content_hash: pl.Series,
    change_date: pl.Series,
    existing: pl.DataFrame,
    data_source: DataSource,
) -> Decision:
    """Decide on records in line order.

    `keys`: per record the row of its key's first record; `existing`: stored versions of these keys, of EXISTING_SCHEMA.
    """
    count = len(keys)
    first = keys == np.arange(count)
    if first.all() and not existing.height:
        nothing = np.zeros(count, dtype=np.bool_)
        return Decision(~nothing, np.ones(count, dtype=np.int32), nothing, _make_superseded([]))
    states = _summarise(existing, data_source)
    stored, version, repeated, superseded = _decide_firsts(keys, content_hash, change_date, states, data_source)
    if not first.all():
        rows = _decide_repeats(keys, first, content_hash, change_date, states, data_source, stored, version, repeated)
        again = np.isin(superseded["row"].to_numpy(), keys[~first])
        superseded = pl.concat([superseded.filter(pl.Series(~again)), _make_superseded(rows)])
    return Decision(stored, version, repeated & ~stored, superseded)


def _make_superseded(rows: list[tuple[int, int, int]]) -> pl.DataFrame:
    schema = {"row": pl.Int64, "data_version": pl.Int32, "superseded_by": pl.Int32}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _summarise(existing: pl.DataFrame, data_source: DataSource) -> pl.DataFrame:
    """Return one row per key: its latest version, the hash of the newest one of this source, its highest number."""
    of_source = pl.col("rank") == int(data_source == "API")
    if existing["key"].is_unique().all():
        return existing.select(
            "key",
            pl.col("rank").alias("latest_rank"),
            pl.col("change_date").alias("latest_change"),
            pl.col("data_version").alias("latest_version"),
            pl.col("content_hash").alias("latest_hash"),
            pl.col("data_version").alias("newest"),
            "in_file",
            own_hash=pl.when(of_source).then(pl.col("content_hash")),
        )
    ordered = existing.sort(
        [name for name, _ in _LATEST], descending=[down for _, down in _LATEST], nulls_last=True, maintain_order=True
    )
    latest = ordered.group_by("key", maintain_order=True).agg(
        pl.col("rank").first().alias("latest_rank"),
        pl.col("change_date").first().alias("latest_change"),
        pl.col("data_version").first().alias("latest_version"),
        pl.col("content_hash").first().alias("latest_hash"),
        pl.col("data_version").max().alias("newest"),
        pl.col("in_file").any(),
    )
    own = (
        existing.filter(of_source)
        .sort("data_version", descending=True)
        .group_by("key", maintain_order=True)
        .agg(pl.col("content_hash").first().alias("own_hash"))
    )
    return latest.join(own, on="key", how="left")


def _decide_firsts(
    keys: npt.NDArray[np.int64],
    content_hash: pl.Series,
    change_date: pl.Series,
    states: pl.DataFrame,
    data_source: DataSource,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int32], npt.NDArray[np.bool_], pl.DataFrame]:
    """Decide on every record as if it were the only one of its key in the chunk."""
    rank = int(data_source == "API")
    change = pl.col("change_date").fill_null(_NO_DATE)
    latest_change = pl.col("latest_change").fill_null(_NO_DATE)
    frame = (
        pl.DataFrame({"key": keys, "content_hash": content_hash, "change_date": change_date})
        .join(states, on="key", how="left", maintain_order="left")
        .select(
            pl.col("key").alias("row"),
            known=((pl.col("content_hash") == pl.col("latest_hash")) | (pl.col("content_hash") == pl.col("own_hash"))),
            version=pl.col("newest").fill_null(0) + 1,
            latest_version="latest_version",
            in_file=pl.col("in_file").fill_null(value=False),
            wins=(pl.lit(rank) > pl.col("latest_rank"))
            | ((pl.lit(rank) == pl.col("latest_rank")) & (change >= latest_change)),
        )
        .with_columns(pl.col("known").fill_null(value=False))
    )
    superseded = frame.filter(~pl.col("known") & pl.col("latest_version").is_not_null()).select(
        "row",
        data_version=pl.when("wins").then("latest_version").otherwise("version").cast(pl.Int32),
        superseded_by=pl.when("wins").then("version").otherwise("latest_version").cast(pl.Int32),
    )
    stored = ~frame["known"].to_numpy()
    version = np.where(stored, frame["version"].to_numpy(), 0).astype(np.int32)
    return stored, version, frame["in_file"].to_numpy().copy(), superseded


def _decide_repeats(
    keys: npt.NDArray[np.int64],
    first: npt.NDArray[np.bool_],
    content_hash: pl.Series,
    change_date: pl.Series,
    states: pl.DataFrame,
    data_source: DataSource,
    stored: npt.NDArray[np.bool_],
    version: npt.NDArray[np.int32],
    repeated: npt.NDArray[np.bool_],
) -> list[tuple[int, int, int]]:
    """Decide again, in line order, on the keys that the chunk holds more than once; return what they supersede."""
    rank = int(data_source == "API")
    again = np.unique(keys[~first])
    known = {row["key"]: row for row in states.filter(pl.col("key").is_in(again)).iter_rows(named=True)}
    current: dict[int, _Key] = {}
    superseded = []
    for row in np.flatnonzero(np.isin(keys, again)).tolist():
        key = int(keys[row])
        state = current.get(key)
        if state is None:
            state = current[key] = _read_state(known.get(key), in_file=bool(repeated[row]))
        digest = content_hash[row]
        stored[row] = digest not in (state.latest_hash, state.own_hash)
        repeated[row], version[row] = state.in_file, 0
        state.in_file = True
        if not stored[row]:
            continue
        state.newest += 1
        version[row] = state.newest
        state.own_hash = digest
        place = (rank, change_date[row] or _NO_DATE, state.newest)
        if state.latest is None or place > state.latest:
            if state.latest is not None:
                superseded.append((key, state.latest[2], state.newest))
            state.latest, state.latest_hash = place, digest
        else:
            superseded.append((key, state.newest, state.latest[2]))
    return superseded


def _read_state(row: dict[str, object] | None, *, in_file: bool) -> _Key:
    if row is None:
        return _Key(0, None, None, None, in_file)
    latest = (row["latest_rank"], row["latest_change"] or _NO_DATE, row["latest_version"])
    return _Key(row["newest"], latest, row["latest_hash"], row["own_hash"], in_file)  # type: ignore[arg-type]


class KeySet:
    """Keys of the file that were read without being stored, as sorted 64-bit hashes: 8 bytes per key."""

    def __init__(self) -> None:
        self._levels: list[npt.NDArray[np.uint64]] = []

    def __len__(self) -> int:
        return sum(len(level) for level in self._levels)

    def add(self, hashes: npt.NDArray[np.uint64]) -> None:
        """Add more keys; levels of similar size are merged, so that there are few."""
        if not len(hashes):
            return
        level = np.sort(hashes)
        while self._levels and len(self._levels[-1]) <= 2 * len(level):
            # a stable sort merges sorted parts cheaply; a duplicate key does no harm
            level = np.sort(np.concatenate([self._levels.pop(), level]), kind="stable")
        self._levels.append(level)

    def contains(self, hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
        """Return for each key whether it was added before."""
        found = np.zeros(len(hashes), dtype=np.bool_)
        for level in self._levels:
            place = np.minimum(np.searchsorted(level, hashes), len(level) - 1)
            found |= level[place] == hashes
        return found
