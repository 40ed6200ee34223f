"""Stores rejected rows: a row that is delivered again increments its reject's counter, in the chunk's transaction."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from sra_shared.kit.db import Connection

_IDENTITY_BYTES = 16
# limits of one statement in bytes and rows; it always takes at least one row
_BYTES_AT_ONCE = 8 << 20
_ROWS_AT_ONCE = 16_000

# Equal rows of one delivery are numbered across its chunks, so that each is a separate reject; the n-th of the next delivery
# matches the n-th of this one. If the row's content differs, the new content replaces the old; a file's line number is that in
# the newest file. A dismissal lasts as long as the reason is the same. Rejects are locked and inserted in one order, so that
# concurrent runs do not deadlock, and numbered in the order of the rows. Each is looked up by the unique index: a join could pair
# all equal rows with one another.
_SQL_KEEP = """
WITH given AS (
  SELECT * FROM unnest($6::integer[], $7::bytea[], $8::text[], $9::text[], $10::bigint[], $11::text[], $12::text[],
      $13::text[], $14::bytea[], $15::bigint[], $16::text[], $17::timestamptz[]) WITH ORDINALITY
    AS g (place, identity, file_path, file_hash, line, record_key, reason, detail, raw, call_id, origin, delivered_on, n)
), begun AS MATERIALIZED (
  SELECT d.identity, coalesce((
      SELECT o.occurrence FROM rejected_record o
      WHERE o.identity = d.identity AND o.delivery = $5 AND o.occurrence IS NOT NULL
      ORDER BY o.occurrence DESC LIMIT 1), 0) AS places
  FROM (SELECT DISTINCT identity FROM given) d
), placed AS (
  SELECT g.*, b.places + g.place AS occurrence FROM given g JOIN begun b USING (identity)
), numbered AS MATERIALIZED (
  SELECT p.*, nextval(pg_get_serial_sequence('rejected_record', 'reject_id')) AS reject_id
  FROM (SELECT * FROM placed ORDER BY n) p
), locked AS MATERIALIZED (
  SELECT FROM (SELECT identity, occurrence FROM placed ORDER BY identity, occurrence) p CROSS JOIN LATERAL (
    SELECT FROM rejected_record r WHERE r.identity = p.identity AND r.occurrence = p.occurrence LIMIT 1 FOR UPDATE) one
)
INSERT INTO rejected_record AS r (reject_id, run_id, source, dataset, data_source, identity, delivery, occurrence,
  file_path, file_hash, line, record_key, reason, detail, raw, call_id, origin, delivered_on)
OVERRIDING SYSTEM VALUE
SELECT p.reject_id, $1, $2, $3, $4, p.identity, $5, p.occurrence, p.file_path, p.file_hash,
  p.line, p.record_key, p.reason, p.detail, p.raw, p.call_id, p.origin::jsonb, p.delivered_on
FROM numbered p WHERE (SELECT count(*) FROM locked) >= 0
ORDER BY p.identity, p.occurrence
ON CONFLICT (identity, occurrence) DO UPDATE SET
  seen_count = r.seen_count + 1, last_seen_at = now(), last_run_id = excluded.run_id,
  delivery = excluded.delivery, reason = excluded.reason, detail = excluded.detail,
  file_hash = CASE WHEN r.file_path = excluded.file_path THEN excluded.file_hash ELSE r.file_hash END,
  line = CASE WHEN r.file_path = excluded.file_path THEN excluded.line ELSE r.line END,
  raw = CASE WHEN r.raw = excluded.raw THEN r.raw ELSE excluded.raw END,
  file_path = CASE WHEN r.raw = excluded.raw THEN r.file_path ELSE excluded.file_path END,
  record_key = CASE WHEN r.raw = excluded.raw THEN r.record_key ELSE excluded.record_key END,
  call_id = CASE WHEN r.raw = excluded.raw THEN r.call_id ELSE excluded.call_id END,
  origin = excluded.origin,
  delivered_on = CASE WHEN r.raw = excluded.raw THEN r.delivered_on ELSE excluded.delivered_on END,
  dismissed_at = CASE WHEN r.reason = excluded.reason THEN r.dismissed_at END,
  dismissed_by = CASE WHEN r.reason = excluded.reason THEN r.dismissed_by END,
  dismissal = CASE WHEN r.reason = excluded.reason THEN r.dismissal END
RETURNING r.call_id
"""
_COLUMNS = (
    *("identity", "file_path", "file_hash", "line", "record_key", "reason", "detail", "raw", "call_id", "origin"),
    "delivered_on",
)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A rejected row as delivered.

    `identity` is the same for every delivery of the same row, see `make_identity`; `origin` is JSON text.
    """

    identity: bytes
    reason: str
    detail: str
    raw: bytes
    file_path: str | None = None
    file_hash: str | None = None
    line: int | None = None
    record_key: str | None = None
    call_id: int | None = None
    origin: str | None = None
    delivered_on: datetime | None = None


def make_identity(*parts: str, raw: bytes = b"") -> bytes:
    """Return the digest of what identifies a row when it is delivered again."""
    named = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(named + b"\x1f" + raw).digest()[:_IDENTITY_BYTES]


@dataclass(frozen=True, slots=True)
class Deliverer:
    """The deliverer of rejected rows; `delivery` names the file or run within which equal rows are separate rejects."""

    run_id: UUID
    source: str
    dataset: str
    data_source: str
    delivery: str


async def keep_sightings(connection: Connection, by: Deliverer, sightings: Sequence[Sighting]) -> set[int]:
    """Store rejected rows in the caller's transaction; return the numbers of the calls that the stored rows refer to.

    It locks the rejects whose counters it increments. To avoid deadlocks, a transaction that takes other locks, such as a
    replay, takes them afterwards.
    """
    calls: set[int] = set()
    for part in _slice(sightings):
        places: Counter[bytes] = Counter()
        numbers = []
        for one in part:
            places[one.identity] += 1
            numbers.append(places[one.identity])
        columns = [[*map(attrgetter(name), part)] for name in _COLUMNS]
        constants = (by.run_id, by.source, by.dataset, by.data_source, by.delivery)
        rows = await connection.fetch(_SQL_KEEP, *constants, numbers, *columns)
        calls.update(row["call_id"] for row in rows if row["call_id"] is not None)
    return calls


def _slice(sightings: Sequence[Sighting]) -> Iterator[Sequence[Sighting]]:
    start = size = 0
    for place, one in enumerate(sightings):
        if place > start and (size + len(one.raw) > _BYTES_AT_ONCE or place - start >= _ROWS_AT_ONCE):
            yield sightings[start:place]
            start, size = place, 0
        size += len(one.raw)
    if sightings:
        yield sightings[start:]
