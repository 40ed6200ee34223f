"""The freshness expected of each dataset: declared by the collecting service at start, measured by data_freshness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sra_shared.kit.db import Connection

# a daily refresh may start at any hour of the day, and needs its window
DAILY_DELAY = timedelta(hours=26)
_ALLOWED = {"daily": 0, "weekly": 5, "monthly": 33}


@dataclass(frozen=True)
class ExpectedDataset:
    """A dataset that must be fresh by the calendar of `exchange` (NYSE or TSX).

    The data of a session is due `delay` after the session closed. With `records`, the newest record must be of that day or
    later; otherwise it is enough that the dataset was collected after the close. `cadence` determines how many sessions may
    be missing: none, the five of a week, or the about 23 of a month plus ten until its figures are published.
    """

    dataset: str
    cadence: Literal["daily", "weekly", "monthly"]
    exchange: Literal["NYSE", "TSX"]
    by_records: bool = False
    delay: timedelta = DAILY_DELAY

    @property
    def allowed_sessions(self) -> int:
        """How many sessions may be missing before the dataset is late."""
        return _ALLOWED[self.cadence]


async def store_expectations(connection: Connection, source: str, expected: Sequence[ExpectedDataset]) -> None:
    """Replace the expected datasets of a source; those that were expected before keep their state."""
    async with connection.transaction():
        await connection.execute(
            "DELETE FROM expected_dataset WHERE source = $1 AND dataset <> ALL($2::text[])",
            source,
            [one.dataset for one in expected],
        )
        await connection.executemany(
            """
            INSERT INTO expected_dataset AS e
              (source, dataset, cadence, exchange, by_records, delay_seconds, allowed_sessions)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (source, dataset) DO UPDATE
            SET (cadence, exchange, by_records, delay_seconds, allowed_sessions)
              = (excluded.cadence, excluded.exchange, excluded.by_records, excluded.delay_seconds, excluded.allowed_sessions)
            """,
            [
                (
                    source,
                    one.dataset,
                    one.cadence,
                    one.exchange,
                    one.by_records,
                    int(one.delay.total_seconds()),
                    one.allowed_sessions,
                )
                for one in expected
            ],
        )
